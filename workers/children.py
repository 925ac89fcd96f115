"""Child processes that are started again when they end, each in a process group of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from workers import process

#: Seconds to the next start after 1, 2, 3… ends in a row; a child that lived for a while begins anew.
BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_SETTLED_S = 30.0


@dataclass
class Child:
    """One process of the tree. `ready_fd` marks commands that take `--ready-fd` and tell when they are ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    tells_ready: bool = True
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    ends: int = 0
    retry_at: float = 0.0
    ready: bool = False
    pipe: int | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it. The kernel kills it when the thread that calls this ends."""
        command: list[str] = list(self.command)
        passed: tuple[int, ...] = ()
        if self.tells_ready:
            self.pipe, write = os.pipe()
            os.set_blocking(self.pipe, False)
            command += ["--ready-fd", str(write), "--parent", str(os.getpid())]
            passed = (write,)
        output = self._output()
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output or subprocess.DEVNULL,
                stderr=output,
                env=dict(self.environment),
                pass_fds=passed,
                process_group=0,
                preexec_fn=process.die_with_parent,  # only a prctl call between fork and exec
            )
        finally:
            for descriptor in passed:
                os.close(descriptor)
            if output is not None:
                output.close()
        self.started, self.ready = time.monotonic(), not self.tells_ready

    def _output(self) -> BinaryIO | None:
        if self.log is None:
            return None
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.log.open("ab")

    def hear(self) -> None:
        """Read what the child told about its readiness."""
        if self.pipe is None:
            return
        try:
            told = os.read(self.pipe, 64)
        except BlockingIOError:
            return
        self.ready = self.ready or told.startswith(b"ready")
        self._close()

    def _close(self) -> None:
        if self.pipe is not None:
            os.close(self.pipe)
            self.pipe = None

    def look(self, now: float) -> int | None:
        """Start it again when it has ended and its pause is over; returns the exit status of a fresh end."""
        if self.process is None:
            if now >= self.retry_at:
                self.start()
            return None
        status = self.process.poll()
        if status is None:
            return None
        self.ends = 1 if now - self.started > _SETTLED_S else self.ends + 1
        self.retry_at = now + BACKOFF_S[min(self.ends, len(BACKOFF_S)) - 1]
        self._kill_group()
        self.process, self.ready = None, False
        self._close()
        return status

    def terminate(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """End it and everything it started."""
        if self.process is not None:
            self._kill_group()
            self.process.wait()
        self._close()

    def _kill_group(self) -> None:
        assert self.process is not None
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
