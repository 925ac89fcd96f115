"""What one host of a batch performs for all of them: who does it, and its result for the others.

The first host of the batch that may still come to it performs it, the others wait. One that ends without a result, or
whose worker is gone, hands it on to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from redis import Redis

from deploy_tasks.rollout import keys
from deploy_tasks.rollout.scripts import call


@dataclass(frozen=True, slots=True)
class Turn:
    """What a host that comes to it is to do: perform it, wait, or take the sealed result of who has performed it."""

    what: Literal["perform", "wait", "done"]
    sealed: str = ""


class OnceBook:
    """The ledger's side of it. `key` names one execution of one task in one batch; results are sealed by the caller."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def ask(
        self,
        deployment: str,
        key: str,
        host: str,
        attempt: int,
        candidates: Sequence[str],
        *,
        expire_s: int,
        impatient: bool = False,
    ) -> Turn:
        """Whose turn it is, decided among the `candidates` in their order. With `impatient` a host that no worker has
        at the moment is not waited for."""
        answer = call(
            self._redis,
            "once",
            [keys.hosts(deployment), keys.once(deployment)],
            [key, host, attempt, "ask", expire_s, int(impatient), *candidates],
        )
        return Turn(answer[0], answer[1] if len(answer) > 1 else "")

    def tell(self, deployment: str, key: str, host: str, attempt: int, sealed: str, *, expire_s: int) -> bool:
        """Keep the result for the others; false when another host has taken over since."""
        answer = call(
            self._redis,
            "once",
            [keys.hosts(deployment), keys.once(deployment)],
            [key, host, attempt, "tell", expire_s, sealed],
        )
        return bool(answer[0] == "ok")
