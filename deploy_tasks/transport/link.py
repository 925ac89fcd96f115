"""A way to a host over which sessions can be opened one after the other: SSH, or this machine itself."""

from __future__ import annotations

from typing import Protocol

from deploy_tasks.transport.channel import ByteChannel


class Link(Protocol):
    """One connection. Used by one thread at a time, except `abort`."""

    @property
    def alive(self) -> bool:
        """Whether it is worth another session, as far as can be told without asking the host."""

    def open(self, *, become: bool) -> ByteChannel:
        """Start the bootstrap in a new session. Raises OSError, EOFError or a Paramiko error."""

    @property
    def sent(self) -> int:
        """Bytes handed to the network so far."""

    def confirmed(self) -> int:
        """How many of them have arrived at the other machine. Raises OSError when that cannot be told."""

    @property
    def near(self) -> bool:
        """Whether bytes are cheaper on the way than unpacking them at its end: this machine, or a local network."""

    def abort(self) -> None:
        """Tear it down now, from any thread, without waiting; whoever waits for it fails."""

    def close(self) -> None:
        """Close it and wait until its threads and descriptors are gone."""

    def forget(self) -> None:
        """In a forked child: give up the descriptor, and leave the parent's connection alone."""
