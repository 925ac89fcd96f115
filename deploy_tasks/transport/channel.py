"""The byte channel that the dialogue runs over: one process on the host, its input, output and error stream."""

from __future__ import annotations

from typing import Protocol

STDERR_KEPT = 4096


class ChannelClosed(Exception):
    """The other side is gone; nothing more can be sent."""


class ByteChannel(Protocol):
    """What a session offers, whatever carries it. Used by one thread, except `abort`."""

    def send(self, data: bytes) -> None:
        """Send all of it; blocks while the other side does not read. Raises ChannelClosed."""

    def receive(self, timeout_s: float) -> bytes:
        """Some bytes of output, b"" at its end. Raises TimeoutError when none came in time."""

    def exit_status(self, timeout_s: float) -> int | None:
        """The process's exit status, None when it is not known in time. A signal counts as 128 + its number."""

    @property
    def stderr(self) -> str:
        """The last few KiB of the error stream so far."""

    def close(self) -> None:
        """End the session; what runs on the host meets the end of its input."""


class Tail:
    """The last few KiB of a stream that may be endless."""

    def __init__(self, kept: int = STDERR_KEPT) -> None:
        self._kept = kept
        self._data = b""

    def add(self, data: bytes) -> None:
        """More of the stream."""
        self._data = (self._data + data)[-self._kept :]

    def __str__(self) -> str:
        return self._data.decode(errors="replace").strip()
