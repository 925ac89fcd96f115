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
from workers.forks import Forked, Server

#: Seconds to the next start after 1, 2, 3… ends in a row; a child that lived for a while begins anew.
BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_SETTLED_S = 30.0


@dataclass
class Child:
    """One process of the tree. `tells_ready` marks commands that take `--ready-fd` and tell when they are ready; with
    `forks` such a command, `python -m MODULE ARGUMENTS`, is forked from what has loaded it already."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    tells_ready: bool = True
    log: Path | None = None
    forks: Server | None = field(default=None, repr=False)
    process: subprocess.Popen[bytes] | Forked | None = None
    started: float = 0.0
    ends: int = 0
    retry_at: float = 0.0
    ready: bool = False
    pipe: int | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it. The kernel kills it when the thread that calls this ends."""
        write = self._open_pipe() if self.tells_ready else None
        output = self._output()
        try:
            self.process = self._forked(output, write) if self.forks else self._spawned(output, write)
        finally:
            output.close()
            if write is not None:
                os.close(write)
        self.started, self.ready = time.monotonic(), not self.tells_ready

    def _open_pipe(self) -> int:
        self.pipe, write = os.pipe()
        os.set_blocking(self.pipe, False)
        return write

    def _forked(self, output: BinaryIO, write: int | None) -> Forked:
        assert self.forks is not None
        assert write is not None
        module, *arguments = self.command[2:]
        return self.forks.start(module, arguments, output.fileno(), write)

    def _spawned(self, output: BinaryIO, write: int | None) -> subprocess.Popen[bytes]:
        told = [] if write is None else ["--ready-fd", str(write), "--parent", str(os.getpid())]
        return subprocess.Popen(
            [*self.command, *told],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(self.environment),
            pass_fds=() if write is None else (write,),
            process_group=0,
            preexec_fn=process.die_with_parent,  # only a prctl call between fork and exec
        )

    def _output(self) -> BinaryIO:
        if self.log is None:
            return open(os.devnull, "ab")
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
