"""Deadlines kept from outside the thread that is blocked: when time is up, what it waits for is torn away from it.

One daemon thread looks after all guards of the process. It starts with the first guard, also after a fork.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Literal

Expiry = Literal["deadline", "silence"]


class Guard:
    """One piece of work with a deadline, and optionally a longest time without any progress (seconds)."""

    def __init__(self, deadline_s: float, silence_s: float | None = None) -> None:
        self.started = time.monotonic()
        self._deadline = self.started + deadline_s
        self._silence_s = silence_s
        self._last = self.started
        self._abort: Callable[[], None] | None = None
        self._pulse: Callable[[], int] | None = None
        self._heard = 0
        self._lock = threading.Lock()
        self.expired: Expiry | None = None

    @property
    def remaining_s(self) -> float:
        """Seconds left until the deadline, never negative."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def age_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.started

    def touch(self) -> None:
        """Something moved: silence is counted from now."""
        self._last = time.monotonic()

    def arm(self, abort: Callable[[], None]) -> None:
        """What to do when time is up, from now on; done at once when it is up already. Must not block."""
        self.touch()
        with self._lock:
            self._abort = abort
            late = self.expired is not None
        if late:
            abort()

    def listen(self, pulse: Callable[[], int] | None) -> None:
        """Before silence is declared, ask this for a number (bytes confirmed so far, say): growth is progress. It is
        called in the watchdog's thread and must not block."""
        self._pulse = pulse

    def disarm(self) -> None:
        """Nothing to tear away any more (between two connections, for example)."""
        with self._lock:
            self._abort = self._pulse = None

    def due(self) -> float:
        """The moment (monotonic) at which the guard expires as things stand."""
        if self._silence_s is None or self._abort is None:
            return self._deadline
        return min(self._deadline, self._last + self._silence_s)

    def check(self, now: float) -> bool:
        """Expire when it is time; returns whether it expired."""
        if now < self.due() or (now < self._deadline and self._beats()):
            return False
        with self._lock:
            self.expired = "deadline" if now >= self._deadline else "silence"
            abort = self._abort
        if abort is not None:
            with contextlib.suppress(Exception):
                abort()
        return True

    def _beats(self) -> bool:
        pulse = self._pulse
        if pulse is None:
            return False
        with contextlib.suppress(OSError):
            number = pulse()
            if number > self._heard:
                self._heard = number
                self.touch()
                return True
        return False


class Watchdog:
    """The guards of this process and the thread that looks after them."""

    # A guard that becomes due earlier than its neighbours thought is noticed within this many seconds.
    _LONGEST_NAP_S = 1.0

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._guards: set[Guard] = set()
        self._running = False

    @contextlib.contextmanager
    def guard(self, deadline_s: float, silence_s: float | None = None) -> Iterator[Guard]:
        """A guard for the time of the `with` block."""
        if self._pid != os.getpid():
            self._reset()
        guard = Guard(deadline_s, silence_s)
        with self._changed:
            self._guards.add(guard)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="deploy-tasks-watchdog", daemon=True).start()
            self._changed.notify()
        try:
            yield guard
        finally:
            with self._changed:
                self._guards.discard(guard)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._guards and not self._changed.wait(30.0) and not self._guards:
                    self._running = False
                    return
                nap = min((guard.due() for guard in self._guards), default=0.0) - time.monotonic()
                if nap > 0:
                    self._changed.wait(min(nap, self._LONGEST_NAP_S))
                guards = list(self._guards)
            expired = {guard for guard in guards if guard.check(time.monotonic())}
            with self._changed:
                self._guards -= expired


WATCHDOG = Watchdog()
