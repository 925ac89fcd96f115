"""Warm connections: what a finished push leaves open, the next push to the same host uses."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy_tasks.settings import settings
from deploy_tasks.transport.connect import Connector
from deploy_tasks.transport.endpoint import Endpoint
from deploy_tasks.transport.link import Link
from deploy_tasks.transport.options import ConnectOptions
from deploy_tasks.transport.watchdog import Guard

_LONGEST_SWEEP_S = 30.0


def _never() -> bool:
    return False


@dataclass
class Lease:
    """A link lent out. `warm` links were used before; set `keep` when the link is fit for another use."""

    link: Link
    warm: bool
    connect_s: float
    keep: bool = False


class Pool:
    """The links of one process: thread safe, at most `most_idle` idle ones, each at most `idle_s` seconds.

    A link serves one thread at a time; two pushes to one host at once get two links. A forked child begins with an
    empty pool. `close` (also at exit) closes all idle links; those lent out are closed when they come back.
    """

    def __init__(self, options: ConnectOptions | None = None) -> None:
        self.options = options or ConnectOptions.of(settings())
        self._reset()
        atexit.register(_close_at_exit, weakref.ref(self))

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[Endpoint, Link, float]] = OrderedDict()
        self._sweeper: threading.Timer | None = None
        self._closed = False
        self._connector = Connector(self.options)

    @contextlib.contextmanager
    def lease(
        self, endpoint: Endpoint, guard: Guard, cancelled: Callable[[], bool] = _never, *, fresh: bool = False
    ) -> Iterator[Lease]:
        """Borrow a link, a warm one if there is one and `fresh` is false. It is closed afterwards unless `keep` is set.

        The guard tears it down when time is up. Raises what `Connector.connect` raises.
        """
        self._after_fork()
        start = time.monotonic()
        link = None if fresh else self._take(endpoint)
        warm = link is not None
        if link is None:
            link = self._connector.connect(endpoint, guard, cancelled)
        else:
            guard.arm(link.abort)
        lease = Lease(link, warm, time.monotonic() - start)
        try:
            yield lease
        finally:
            guard.disarm()
            if lease.keep and guard.expired is None and link.alive and endpoint.connection == "ssh":
                self._put(endpoint, link)
            else:
                link.close()

    @property
    def idle(self) -> int:
        """How many links wait for their next use."""
        return len(self._idle)

    def close(self) -> None:
        """Close every idle link and keep none from now on."""
        if self._pid != os.getpid():
            return
        with self._lock:
            self._closed = True
            links = [link for _, link, _ in self._idle.values()]
            self._idle.clear()
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
        for link in links:
            link.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _after_fork(self) -> None:
        if self._pid != os.getpid():
            for _, link, _ in list(self._idle.values()):
                link.forget()
            self._reset()

    def _take(self, endpoint: Endpoint) -> Link | None:
        """The host's link that came back last, of those that live; the dead ones met on the way are closed."""
        dead: list[Link] = []
        found = None
        with self._lock:
            for number in [n for n, (owner, _, _) in reversed(self._idle.items()) if owner == endpoint]:
                link = self._idle.pop(number)[1]
                if link.alive:
                    found = link
                    break
                dead.append(link)
        for link in dead:
            link.close()
        return found

    def _put(self, endpoint: Endpoint, link: Link) -> None:
        surplus: list[Link] = []
        with self._lock:
            self._idle[id(link)] = (endpoint, link, time.monotonic())
            while len(self._idle) > (0 if self._closed else self.options.most_idle):
                surplus.append(self._idle.popitem(last=False)[1][1])
            self._plan_sweep()
        for old in surplus:
            old.close()

    def _plan_sweep(self) -> None:
        """With the lock held: see to it that idle links are looked at when the oldest may be due."""
        if self._sweeper is None and self._idle:
            self._sweeper = threading.Timer(min(max(self.options.idle_s, 0.05), _LONGEST_SWEEP_S), self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        """Close what waited too long or was closed by its host."""
        oldest = time.monotonic() - self.options.idle_s
        with self._lock:
            due = [number for number, (_, link, since) in self._idle.items() if since <= oldest or not link.alive]
            links = [self._idle.pop(number)[1] for number in due]
            self._sweeper = None
            self._plan_sweep()
        for link in links:
            link.close()


def _close_at_exit(reference: weakref.ref[Pool]) -> None:
    pool = reference()
    if pool is not None:
        pool.close()
