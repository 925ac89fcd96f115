"""Executable inventories: run with a time limit and a bounded output, never through a shell."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from deploy_tasks.errors import InventoryError, Problem
from deploy_tasks.plan.documents import BadDocument, parse_json
from deploy_tasks.plan.inventory_graph import Graph
from deploy_tasks.plan.inventory_json import read_dynamic

TIMEOUT_S = 60.0
MAX_OUTPUT = 64 << 20
_MAX_STDERR = 4096
_TAIL_LINES = 10


def read_script(path: Path, graph: Graph, timeout_s: float = TIMEOUT_S) -> None:
    """Fill the graph from what `path --list` prints, and `path --host NAME` where it has no `_meta`.

    All calls together may take `timeout_s` seconds. Raises `InventoryError`.
    """
    deadline = time.monotonic() + timeout_s

    def ask(host: str) -> dict[str, Any]:
        answer = _json(path, ["--host", host], deadline)
        if answer is not None and not isinstance(answer, dict):
            raise _error(path, f"--host {host} must print an object")
        return answer or {}

    read_dynamic(_json(path, ["--list"], deadline), graph, str(path), ask)


def _json(path: Path, arguments: list[str], deadline: float) -> Any:
    output = _run([str(path.absolute()), *arguments], path, deadline)
    if not output.strip():
        return None if arguments[0] == "--host" else {}
    try:
        return parse_json(output.decode("utf-8"), str(path))
    except UnicodeDecodeError:
        raise _error(path, f"{arguments[0]} did not print UTF-8 text") from None
    except BadDocument as error:
        # The caret line would repeat the output, which may hold secrets.
        message = error.problem.message.split("\n", 1)[0]
        raise _error(path, f"{arguments[0]} did not print JSON: {message}, line {error.problem.line or 1}") from None


def _run(command: list[str], path: Path, deadline: float) -> bytes:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        hint = "its first line must name an interpreter, for example #!/usr/bin/env python3"
        raise _error(path, f"cannot be run: {error.strerror}", hint) from None
    try:
        output, errors = _collect(process, path, deadline)
        status = process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _error(path, "did not end in time") from None
    finally:
        _end(process)
    if status != 0:
        raise _error(path, f"{command[1]} ended with status {status}{_tail(errors)}")
    return output


def _collect(process: subprocess.Popen[bytes], path: Path, deadline: float) -> tuple[bytes, bytes]:
    """Both outputs until they are closed, each bounded."""
    assert process.stdout is not None
    assert process.stderr is not None
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, errors)
        while selector.get_map():
            ready = selector.select(deadline - time.monotonic())
            if not ready:
                raise _error(path, "did not end in time", "make it answer faster, or give its output as a file")
            for key, _ in ready:
                piece = os.read(key.fd, 1 << 16)
                if not piece:
                    selector.unregister(key.fileobj)
                key.data.extend(piece)
                if key.data is errors:
                    del errors[:-_MAX_STDERR]
            if len(output) > MAX_OUTPUT:
                raise _error(path, f"printed more than {MAX_OUTPUT >> 20} MiB")
    return bytes(output), bytes(errors)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Whatever the script started goes with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _tail(errors: bytes) -> str:
    lines = errors.decode("utf-8", "replace").strip().splitlines()[-_TAIL_LINES:]
    return "".join(f"\n    {line[:300]}" for line in lines)


def _error(path: Path, message: str, hint: str | None = None) -> InventoryError:
    return InventoryError([Problem("", message, hint, str(path))])
