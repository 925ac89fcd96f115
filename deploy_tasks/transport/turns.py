"""Taking turns at key exchanges: more at once than there are cores only makes all of them late."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator


class Turns:
    """At most `count` at once (None: the cores), but nobody waits longer than `patience_s` for a turn: a host that
    stalls in its key exchange holds up others for a moment, not until its timeout."""

    def __init__(self, count: int | None = None, patience_s: float = 3.0) -> None:
        self._free = threading.Semaphore(count or os.cpu_count() or 2)
        self._patience_s = patience_s

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """One turn."""
        mine = self._free.acquire(timeout=self._patience_s)
        try:
            yield
        finally:
            if mine:
                self._free.release()
