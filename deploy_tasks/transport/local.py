"""A link to this machine itself, for `ansible_connection: local`: the same bootstrap, as a child process."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import time

from deploy_tasks.transport import bootstrap
from deploy_tasks.transport.channel import ChannelClosed, Tail

_READ = 1 << 16
_CHUNK = 1 << 18
_KEPT = ("HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "XDG_STATE_HOME")


class LocalLink:
    """This machine. Every session is a process of its own."""

    def __init__(self) -> None:
        self._channel: LocalChannel | None = None
        self._aborted = False

    @property
    def alive(self) -> bool:
        """This machine is always there."""
        return not self._aborted

    def open(self, *, become: bool) -> LocalChannel:
        """Start the bootstrap."""
        self._channel = LocalChannel(bootstrap.arguments(become=become))
        if self._aborted:
            self._channel.abort()
        return self._channel

    @property
    def sent(self) -> int:
        """Bytes the process has been given."""
        return self._channel.sent if self._channel is not None else 0

    def confirmed(self) -> int:
        """The same: nothing is on the way."""
        return self.sent

    @property
    def near(self) -> bool:
        """Nothing is nearer."""
        return True

    def abort(self) -> None:
        """Take input and output away from the process, as a lost connection does."""
        self._aborted = True
        if self._channel is not None:
            self._channel.abort()

    def close(self) -> None:
        """End the session."""
        if self._channel is not None:
            self._channel.close()

    def forget(self) -> None:
        """Nothing is shared with a parent process."""


class LocalChannel:
    """A child process; its input and output are one socket, which can be shut down from any thread."""

    def __init__(self, argv: list[str]) -> None:
        self._socket, theirs = socket.socketpair()
        errors, their_errors = socket.socketpair()
        self._errors: socket.socket | None = errors
        self._stderr = Tail()
        self.sent = 0
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=their_errors.fileno(),
                cwd="/",
                env=_environment(),
                start_new_session=True,
            )
        except BaseException:
            self._socket.close()
            errors.close()
            raise
        finally:
            theirs.close()
            their_errors.close()
        self._socket.setblocking(False)
        errors.setblocking(False)

    def send(self, data: bytes) -> None:
        """Send all of it, reading the error stream along."""
        view = memoryview(data)
        while view:
            try:
                sent = self._socket.send(view[:_CHUNK])
            except BlockingIOError:
                self._wait(select.POLLOUT, None)
                continue
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            self.sent += sent
            view = view[sent:]

    def receive(self, timeout_s: float) -> bytes:
        """Some output."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return self._socket.recv(_READ)
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                self._wait(select.POLLIN, left)
            except OSError:
                return b""

    def _wait(self, events: int, timeout_s: float | None) -> None:
        poll = select.poll()
        poll.register(self._socket, events)
        if self._errors is not None:
            poll.register(self._errors, select.POLLIN)
        poll.poll(None if timeout_s is None else timeout_s * 1000)
        self._drain()

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while self._errors is not None:
                data = self._errors.recv(_READ)
                if not data:
                    self._errors.close()
                    self._errors = None
                self._stderr.add(data)

    def exit_status(self, timeout_s: float) -> int | None:
        """The exit status; 128 + number when a signal ended it."""
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        return status if status >= 0 else 128 - status

    @property
    def stderr(self) -> str:
        """The end of the error stream."""
        self._drain()
        return str(self._stderr)

    def abort(self) -> None:
        """Shut the streams; callable from any thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the streams back and collect the process when it has ended; it may go on by its own decision."""
        self.abort()
        self._socket.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)


def _environment() -> dict[str, str]:
    """What a fresh login has: nothing of the worker's own settings and secrets."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    return kept
