"""A host's questions about tasks that only so many hosts may perform at a time: `slot`, `done` and `passed`.

What limits a task is read off the program, not believed of the host; only a number that the program leaves to an
expression is the host's own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from redis.exceptions import RedisError

from deploy_tasks.rollout.pulse import Held
from deploy_tasks.rollout.slots import Limit, SlotBook
from deploy_tasks.rollout.strategy import batch_sizes, tolerated
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.errands import Errand
from deploy_tasks.tasks.material import Material
from deploy_tasks.transport import BadOutput

log = logging.getLogger(__name__)
MAX_HOSTS = 100_000
#: How often a host that waits looks, seconds; after so many looks it waits for no host that has no worker.
_FIRST_LOOK_S, _LAST_LOOK_S, _IMPATIENT = 0.03, 0.25, 20

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One performance of a limited task in a batch, as a host names it."""

    task: str
    key: str
    batch: int

    @property
    def name(self) -> str:
        """What the task is called in the ledger."""
        return f"{self.batch} {self.task}"

    @property
    def order(self) -> str:
        """What this performance of it is called there."""
        return f"{self.batch} {self.key}"


class Slots:
    """Answers one host in one conversation. `wait` sleeps and tells whether the conversation is over."""

    def __init__(self, here: Context, deployment: Material, held: Held, wait: Callable[[float], bool]) -> None:
        self._here, self._deployment, self._held, self._wait = here, deployment, held, wait

    @property
    def _book(self) -> SlotBook:
        grant = self._held.grant
        return SlotBook(self._here.redis, grant.deployment, grant.host, grant.attempt, self._deployment.lifetime_s)

    def limit(self, asked: Asked, errand: Errand, most: Any) -> tuple[Limit, tuple[str, ...]]:
        """How the task is limited, and the hosts in whose order it is performed. Raises `BadOutput`."""
        found = errand.throttle if isinstance(errand.throttle, int) else most
        if errand.throttle is not None and not (type(found) is int and 1 <= found <= MAX_HOSTS):
            raise BadOutput(f"it asks to perform {asked.task} beside {found!r:.40} hosts")
        absent = self._deployment.absent(self._here, self._held.grant)
        hosts = self._deployment.peers(asked.task, asked.batch, self._here.store, absent)
        limit = Limit(MAX_HOSTS if errand.throttle is None else found)
        if errand.serial is None:
            return limit, hosts
        size = max(batch_sizes(max(len(hosts), 1), [errand.serial])[:1])
        fails = tolerated(len(hosts), self._deployment.tolerance(asked.task, asked.batch, self._here.store))
        return replace(limit, most=min(size, limit.most), order=asked.order, tolerated=fails), hosts

    def take(self, asked: Asked, limit: Limit, hosts: tuple[str, ...]) -> Fields:
        """Wait until the host may begin, or may not any more."""
        pause, looks = _FIRST_LOOK_S, 0
        while True:
            try:
                slot = self._book.ask(asked.name, limit, hosts, impatient=looks >= _IMPATIENT)
                if slot.what == "go":
                    return {"do": "perform"}
                if slot.what == "stop":
                    return {"stop": _stopped(slot.failed, limit.tolerated)}
                looks += 1
            except RedisError as error:
                log.warning("%s: %s waits without Redis (%s)", self._held.grant.deployment, asked.task, error)
            if self._wait(pause):
                return {"error": "the conversation is over"}
            pause = min(pause * 1.5, _LAST_LOOK_S)

    def done(self, asked: Asked, *, failed: bool) -> Fields:
        """The host has performed the task."""
        return self._told(lambda: self._book.done(asked.name, failed=failed))

    def passed(self, asked: Asked) -> Fields:
        """The host does not perform the task this time."""
        return self._told(lambda: self._book.passed(asked.name, asked.order))

    def leave(self) -> None:
        """The host has come to what it does not perform beside others: it performs none of these tasks."""
        if any(errand.limited for errand in self._deployment.errands(self._here.store).values()):
            self._book.leave()

    def _told(self, tell: Callable[[], None]) -> Fields:
        while True:
            try:
                tell()
                return {}
            except RedisError as error:
                log.warning("%s: what a host has done cannot be kept yet (%s)", self._held.grant.deployment, error)
            if self._wait(_LAST_LOOK_S):
                return {"error": "the conversation is over"}


def _stopped(failed: tuple[str, ...], tolerated: int) -> str:
    may = f", and may fail on {tolerated} of the batch at most" if tolerated else ""
    return f"it failed on {', '.join(failed)}{may}"
