"""Canaries: a message through a queue and back, the only proof that somebody serves it."""

from __future__ import annotations

import uuid

from redis import Redis

from deploy_tasks.rollout import keys

_KEPT_S = 60


def token() -> str:
    """A fresh canary."""
    return uuid.uuid4().hex


def answer(redis: Redis, token: str) -> None:
    """Called by the worker that received the canary."""
    name = keys.CANARY + token
    with redis.pipeline() as pipe:
        pipe.rpush(name, "1")
        pipe.expire(name, _KEPT_S)
        pipe.execute()


def heard(redis: Redis, token: str, timeout_s: float) -> bool:
    """Whether the canary came back within `timeout_s`. The client's socket timeout must be longer than that."""
    return redis.blpop([keys.CANARY + token], timeout=timeout_s) is not None
