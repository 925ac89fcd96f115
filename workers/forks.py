"""Workers without the wait for Python to load: forked from one process that has loaded everything, see `fork_server`.

Started in the ordinary way, each takes 0.6 s of a processor before it serves. What it is then does not differ: a
process group of its own, the environment, descriptors and arguments it was given. Linux only.
"""

from __future__ import annotations

import contextlib
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
from typing import Any

from workers import process
from workers.fork_server import MOST

_ANSWER_S = 60.0


class Forked:
    """A process of the server's, with what is used of `subprocess.Popen`."""

    def __init__(self, server: Server, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._server = server
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """The exit status, negative for a signal, or None while it runs."""
        if self.returncode is None and select.select([self._handle], [], [], 0)[0]:
            self.returncode = self._server.status(self.pid)
            os.close(self._handle)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; `timeout` in seconds. Raises `subprocess.TimeoutExpired`."""
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
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class Server:
    """The process that forks. It ends, and all workers with it, when the thread that made this one does, or at
    `close`. Should it end otherwise, its workers end too, and the next `start` makes another.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Starts it, and does not wait until it has loaded. `environment` is what it and its workers have."""
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_ANSWER_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workers.fork_server", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=self._environment,
                start_new_session=True,
                preexec_fn=process.die_with_parent,  # only a prctl call between fork and exec
            )

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        log: int,
        ready: int,
        environment: Mapping[str, str] | None = None,
    ) -> Forked:
        """`python -m MODULE ARGUMENTS --ready-fd N`, both outputs to `log`, in a process group of its own.

        Waits until the server has loaded. Raises `OSError` when the server does not start.
        """
        given = None if environment is None else dict(environment)
        request = {"start": {"module": module, "arguments": list(arguments), "environment": given}}
        with self._lock:
            if self._process.poll() is not None:
                self._socket.close()
                self._begin()
            return Forked(self, self._ask(request, log, ready)["pid"])

    def status(self, pid: int) -> int:
        """How this process of the server's ended."""
        with self._lock:
            try:
                found: int = self._ask({"wait": pid})["status"]
            except OSError:
                return -signal.SIGKILL  # the server has ended, and it with the server
            return found

    def _ask(self, request: Mapping[str, Any], *descriptors: int) -> dict[str, Any]:
        socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
        answer = self._socket.recv(MOST)
        if not answer:
            raise ConnectionError("the process that workers are forked from has ended")
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        """End it, and its workers."""
        self._socket.close()
        self._process.wait()
