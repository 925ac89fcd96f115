"""Whether work is done, from end to end: a canary through every queue. A living process alone proves nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis

from deploy_tasks import broker
from deploy_tasks.rollout import canary
from deploy_tasks.settings import Settings

QUEUES = (broker.CONTROL, broker.BUILD, broker.PUSH, broker.URGENT)


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """One queue: seconds a canary took, or None when none came back; messages that wait."""

    queue: str
    seconds: float | None
    waiting: int

    @property
    def ok(self) -> bool:
        """Whether somebody serves the queue."""
        return self.seconds is not None


def check(settings: Settings, queues: Sequence[str] = QUEUES, timeout_s: float = 10.0) -> list[QueueHealth]:
    """Send a canary through every queue at once and wait for them, `timeout_s` seconds altogether.

    Raises redis-py's errors when Redis itself is away.
    """
    url = broker.redis_url(settings)
    application = broker.make_celery(settings, url)
    tokens = {queue: canary.token() for queue in queues}
    began = time.monotonic()
    with Redis.from_url(
        url, decode_responses=True, socket_timeout=timeout_s + 5, socket_connect_timeout=broker.CONNECT_TIMEOUT_S
    ) as redis:
        waiting = {queue: int(redis.llen(queue)) for queue in queues}
        for queue, token in tokens.items():
            application.send_task(
                broker.CANARY, kwargs={"token": token}, queue=queue, ignore_result=True, expires=timeout_s + 5
            )
        found = []
        for queue, token in tokens.items():
            left = max(timeout_s - (time.monotonic() - began), 0.01)
            heard = canary.heard(redis, token, left)
            seconds = round(time.monotonic() - began, 3) if heard else None
            found.append(QueueHealth(queue, seconds, waiting[queue]))
    return found
