"""The tasks that only so many hosts of a batch may perform at a time: who performs them now, who may begin.

A slot is freed when its host says that it is done, comes to another such task, ends, or has had no worker for a while.
Where the task is performed in the batch's order (`serial`), nobody begins before those ahead of it have, or cannot come
any more; and once it has failed on more hosts than may fail, nobody begins it at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from redis import Redis

from deploy_tasks.rollout import keys
from deploy_tasks.rollout.scripts import Argument, call

#: How long the slot of a host without a worker is kept for it, milliseconds.
PATIENCE_MS = 5000


@dataclass(frozen=True, slots=True)
class Limit:
    """How a task is limited. `order` names one performance of it when the batch's order counts; then `tolerated` is how
    many hosts it may fail on."""

    most: int
    order: str = ""
    tolerated: int = -1


@dataclass(frozen=True, slots=True)
class Slot:
    """What a host that comes to it is to do; `failed` are some of the hosts that it failed on."""

    what: Literal["go", "wait", "stop"]
    failed: tuple[str, ...] = ()


class SlotBook:
    """The ledger's side of it, for one host; `attempt` is the fence. `task` names a task in a batch."""

    def __init__(self, redis: Redis, deployment: str, host: str, attempt: int, expire_s: int) -> None:
        self._redis = redis
        self._deployment = deployment
        self._who: tuple[str, int, int] = (host, attempt, expire_s)

    def ask(self, task: str, limit: Limit, candidates: Sequence[str], *, impatient: bool = False) -> Slot:
        """Whether the host may begin, after those of the `candidates` before it. With `impatient` one that no worker
        has at the moment is not waited for."""
        rest = (limit.most, limit.tolerated, PATIENCE_MS, int(impatient), limit.order)
        answer = self._call("ask", task, *rest, *(candidates if limit.order else ()))
        return Slot(answer[0], tuple(answer[1:]))

    def done(self, task: str, *, failed: bool) -> None:
        """The host has performed it."""
        self._call("done", task, int(failed))

    def passed(self, task: str, order: str) -> None:
        """The host has come to it and does not perform it."""
        self._call("pass", task, order)

    def leave(self) -> None:
        """The host performs none of these tasks."""
        self._call("leave", "")

    def _call(self, what: str, task: str, *rest: Argument) -> list[Any]:
        found: list[Any] = call(
            self._redis,
            "slots",
            [keys.hosts(self._deployment), keys.slots(self._deployment)],
            [what, *self._who, task, *rest],
        )
        return found
