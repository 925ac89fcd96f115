"""Running a program that may hang, fork or talk without end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_READ = 1 << 16
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: its status (negative: the signal), the head of what it wrote, whether time ran out."""

    status: int
    output: str
    timed_out: bool


def run(
    args: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float, output_limit: int = 16_384
) -> Finished:
    """Run `args` with exactly `env` in a process group of its own, which is killed before this returns.

    Keeps the first `output_limit` bytes of both output streams. Raises `OSError` when it cannot be started.
    """
    with subprocess.Popen(
        list(args),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            output, timed_out = _follow(process, time.monotonic() + timeout_s, output_limit)
        finally:
            _kill_group(process)
    return Finished(process.returncode, output.decode("utf-8", "replace"), timed_out)


def _follow(process: subprocess.Popen[bytes], deadline: float, limit: int) -> tuple[bytes, bool]:
    """Read until the program has ended. A grandchild that keeps the pipe open does not hold us up."""
    assert process.stdout is not None
    descriptor, kept = process.stdout.fileno(), bytearray()
    os.set_blocking(descriptor, False)
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            ended = _has_ended(process.pid)
            ready = selector.select(0 if ended else min(_POLL_S, max(0.0, deadline - time.monotonic())))
            data = os.read(descriptor, _READ) if ready else b""
            kept += data[: limit - len(kept)]
            if ended and not data:
                return bytes(kept), False
            if ready and not data:
                # The pipe is closed and the program still runs: nothing more to read, only its end to wait for.
                selector.unregister(descriptor)
                time.sleep(_POLL_S)
    return bytes(kept), True


def _has_ended(pid: int) -> bool:
    """Whether the child has ended, without reaping it, so that its number stays its own."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
