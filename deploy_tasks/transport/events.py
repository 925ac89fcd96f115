"""Reading the host's lines: whatever it sends, at most so much is taken in, and only JSON events are believed."""

from __future__ import annotations

import json
from typing import Any

from deploy_tasks.transport.channel import Tail

LONGEST_LINE = 128 << 10
#: Lines in which a host hands values to others are longer: its questions, and results of tasks it performed for them.
LONGEST_HANDED = 5 << 20
_HANDED = (b'{"event":"ask"', b'{"event":"result"')
MOST_BYTES = 64 << 20
MOST_EVENTS = 500_000
# What login scripts print before our first event is skipped, within reason.
_MOST_NOISE = 64 << 10


class BadOutput(Exception):
    """The host sent something that is no event, or too much."""


class EventReader:
    """Takes bytes as they come, gives events as they are complete."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._bytes = 0
        self._events = 0
        self._noise = Tail(500)
        self._noise_bytes = 0

    @property
    def noise(self) -> str:
        """The end of what came before the first event."""
        return str(self._noise)

    @property
    def received(self) -> int:
        """Bytes so far."""
        return self._bytes

    def forgive(self, size: int) -> None:
        """Not count so many bytes, for which somebody else answers."""
        self._bytes -= size

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The events completed by these bytes. Raises BadOutput."""
        self._bytes += len(data)
        if self._bytes > MOST_BYTES:
            raise BadOutput(f"more than {MOST_BYTES >> 20} MiB of output")
        self._rest += data
        lines: list[bytes] = []
        if b"\n" in data:  # looking through all of a long line for every piece of it would take its length squared
            *lines, rest = bytes(self._rest).split(b"\n")
            self._rest = bytearray(rest)
        if len(self._rest) > longest(self._rest):
            raise BadOutput(f"a line of more than {longest(self._rest) >> 10} KiB")
        return [event for line in lines if (event := self._event(line)) is not None]

    def _event(self, line: bytes) -> dict[str, Any] | None:
        event = parse(line)
        if event is None:
            self._skip(line)
            return None
        self._events += 1
        if self._events > MOST_EVENTS:
            raise BadOutput(f"more than {MOST_EVENTS} events")
        return event

    def _skip(self, line: bytes) -> None:
        if self._events:
            raise BadOutput(f"a line that is no event: {line[:80]!r}")
        self._noise.add(line + b"\n")
        self._noise_bytes += len(line) + 1
        if self._noise_bytes > _MOST_NOISE:
            raise BadOutput(f"no event in {_MOST_NOISE >> 10} KiB of output, which ends with: {self._noise}")


def longest(line: bytes | bytearray) -> int:
    """How many bytes a line that begins like this may have."""
    return LONGEST_HANDED if line.startswith(_HANDED) else LONGEST_LINE


def parse(line: bytes) -> dict[str, Any] | None:
    """The event of one line, None when it is not one."""
    if not line.startswith(b"{") or len(line) > longest(line):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
