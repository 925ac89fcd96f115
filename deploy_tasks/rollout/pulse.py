"""The heartbeat of a worker process: renews the leases of every host it works on and writes what they report.

One thread talks to the ledger for all hosts of the process. It gathers what happened in a tenth of a second into one
round trip, so that a host costs the ledger little however many events it sends. A host's end is written at once.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from deploy_tasks.outcome import HostOutcome, HostState
from deploy_tasks.rollout.hostbook import HostBook, Move, MoveResult
from deploy_tasks.rollout.states import IN_FLIGHT
from deploy_tasks.rollout.views import Grant

log = logging.getLogger(__name__)
TICK_S = 0.1
#: Task events of a host kept between two writes; more than that are counted, not kept.
EVENTS_PER_WRITE = 200
#: (Celery task id, event type, fields) for whoever watches.
View = tuple[str, str, dict[str, Any]]
Watch = Callable[[Sequence[View]], None]
_VIEWS_KEPT = 100


@dataclass
class Held:
    """A host this process works on."""

    grant: Grant
    task_id: str
    path: list[HostState] = field(default_factory=list)
    tasks: list[Mapping[str, Any]] = field(default_factory=list)
    phase: str | None = None
    end: Move | None = None
    done: Future[MoveResult] = field(default_factory=Future)
    stop: str | None = None
    lost: bool = False

    def take(self) -> tuple[list[HostState], list[Mapping[str, Any]]]:
        """What is not written yet, to be written by whoever takes it."""
        taken = self.path, self.tasks
        self.path, self.tasks = [], []
        return taken

    def put_back(self, path: list[HostState], tasks: list[Mapping[str, Any]]) -> None:
        """What could not be written, before what came since; a host that has ended meanwhile tells only its end."""
        if self.end is None:
            self.path, self.tasks = path + self.path, tasks + self.tasks

    def cancelled(self) -> bool:
        """Whether to stop what goes on on the host.

        A host that another attempt of the same deployment has now is no reason: that one waits there for our report.
        """
        return self.stop is not None


class Pulse:
    """Beats from the first host on. `watch` gets phase changes for operators' views; it may be slow or fail."""

    def __init__(self, hosts: HostBook, lease_s: float, watch: Watch | None = None) -> None:
        self._hosts = hosts
        self._lease_s = lease_s
        self._watch = watch
        self._held: dict[str, Held] = {}
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._views: queue.Queue[Sequence[View]] = queue.Queue(_VIEWS_KEPT)
        self._renewed = 0.0

    def hold(self, grant: Grant, task_id: str) -> Held:
        """Keep a granted host alive until its end is written."""
        held = Held(grant, task_id)
        with self._wake:
            self._held[grant.owner] = held
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
                self._thread.start()
                if self._watch is not None:
                    threading.Thread(target=self._show, name="watch", daemon=True).start()
            self._wake.notify()
        return held

    def phase(self, held: Held, phase: str) -> None:
        """Note that a host came to another phase."""
        with self._wake:
            if phase != held.phase:
                held.phase = phase
                if phase in IN_FLIGHT and held.grant.phase == "push":
                    held.path.append(HostState(phase))

    def task(self, held: Held, event: Mapping[str, Any]) -> None:
        """Note a task of the program."""
        with self._wake:
            if len(held.tasks) < EVENTS_PER_WRITE:
                held.tasks.append(event)

    def finish(
        self,
        held: Held,
        path: Sequence[HostState],
        outcome: HostOutcome,
        patience_s: float = 60.0,
        later: int | None = None,
    ) -> str:
        """Write a host's end and let it go; returns what the ledger said (see `Moved`). `later` is the batch in which
        a host goes on that waits then.

        Raises `TimeoutError` when Redis did not answer within `patience_s`; the lease then runs out by itself.
        """
        with self._wake:
            before, tasks = held.take()
            held.end = Move(
                held.grant, [*before, *path], outcome, _event(held.grant, tasks, path[-1] if path else None), later
            )
            self._wake.notify()
        try:
            return held.done.result(patience_s).what
        finally:
            with self._wake:
                self._held.pop(held.grant.owner, None)

    def _beat(self) -> None:
        while True:
            with self._wake:
                ending = any(held.end for held in self._held.values())
                if not ending:
                    self._wake.wait(TICK_S if self._held else None)
            try:
                self._write()
                self._renew()
            except (RedisError, OSError) as error:
                log.warning("the ledger cannot be written (%s); trying again, hosts go on", error)
                time.sleep(TICK_S)
            except Exception:
                log.exception("the pulse failed; trying again")
                time.sleep(TICK_S)

    def _write(self) -> None:
        with self._wake:
            ends = [held for held in self._held.values() if held.end]
            news = [held for held in self._held.values() if not held.end and (held.path or held.tasks)]
            views: list[View] = [(held.task_id, f"task-{held.phase}", {}) for held in news if held.path and held.phase]
            # Taken out before they are written: an end that comes meanwhile must not tell them a second time.
            taken = [held.take() for held in news]
        moves = [_news(held.grant, path, tasks) for held, (path, tasks) in zip(news, taken, strict=True)]
        batch = [*moves, *(held.end for held in ends if held.end)]
        if not batch:
            return
        try:
            results = self._hosts.move_all(batch)
        except BaseException:
            with self._wake:
                for held, (path, tasks) in zip(news, taken, strict=True):
                    held.put_back(path, tasks)
            raise
        for held, result in zip(ends, results[len(moves) :], strict=True):
            held.end = None
            held.done.set_result(result)
        if views and self._watch is not None:
            with contextlib.suppress(queue.Full):
                self._views.put_nowait(views)

    def _renew(self) -> None:
        every = min(1.0, self._lease_s / 3)
        if time.monotonic() - self._renewed < every:
            return
        with self._wake:
            holding = [held for held in self._held.values() if not held.done.done()]
        if holding:
            renewed = self._hosts.renew([held.grant for held in holding], self._lease_s)
            for held in holding:
                held.lost = held.grant.owner in renewed.lost
                held.stop = (
                    held.stop or renewed.stops.get(held.grant.deployment) if held.grant.phase == "push" else None
                )
        self._renewed = time.monotonic()

    def _show(self) -> None:
        """Tell watchers, in a thread of its own: whoever is slow to watch must not hold up a lease."""
        assert self._watch is not None
        while True:
            views = self._views.get()
            try:
                self._watch(views)
            except Exception as error:  # watching must never hurt the work
                log.debug("phases could not be shown: %s", error)


def _news(grant: Grant, path: list[HostState], tasks: list[Mapping[str, Any]]) -> Move:
    return Move(grant, path, None, _event(grant, tasks, path[-1] if path else None))


def _event(grant: Grant, tasks: list[Mapping[str, Any]], state: HostState | None) -> dict[str, Any]:
    event: dict[str, Any] = {
        "kind": "host",
        "host": grant.host,
        "attempt": grant.attempt,
        "at": int(time.time() * 1000),
        "tasks": tasks,
    }
    if state is not None:
        event["state"] = state.value
    return event
