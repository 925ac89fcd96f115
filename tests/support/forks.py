"""Workers without the wait for Python to load: forked from one process that has loaded everything, see `fork_server`.

Started in the ordinary way, each takes 0.6 s of a processor before it serves, and the tests start hundreds. What it
is then does not differ: a process group of its own, the environment, descriptors and arguments it was given.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_MOST = 1 << 16
_ANSWER_S = 60.0


class Forked:
    """A process of the server's, with what the tests use of `subprocess.Popen`."""

    def __init__(self, server: Server, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._server = server
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """The exit status, negative for a signal, or None while it runs."""
        if self.returncode is None:
            self.returncode = self._server.ask({"wait": self.pid})["status"]
            if self.returncode is not None:
                os.close(self._handle)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired`."""
        until = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired(f"worker {self.pid}", timeout or 0.0)
            select.select([self._handle], [], [], left)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)


class Server:
    """The process that forks. One for each process of tests; it ends, and all workers with it, when that does."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_ANSWER_S)
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )

    def start(
        self, module: str, arguments: Sequence[str], environment: Mapping[str, str], log: int, ready: int
    ) -> Forked:
        """`python -m MODULE ARGUMENTS --ready-fd N`, both outputs to `log`, in a process group of its own."""
        request = {"module": module, "arguments": list(arguments), "environment": dict(environment)}
        return Forked(self, self.ask({"start": request}, log, ready)["pid"])

    def ask(self, request: Mapping[str, Any], *descriptors: int) -> dict[str, Any]:
        """One request and its answer."""
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
            answer = self._socket.recv(_MOST)
        assert answer, "the process that forks workers has ended"
        found: dict[str, Any] = json.loads(answer)
        return found


@cache
def server() -> Server:
    """The server of this process of tests."""
    return Server()
