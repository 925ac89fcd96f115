"""Broker and workers for one command: those that run already, or our own, ended with the command."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from redis.exceptions import RedisError

from deploy_tasks import broker
from deploy_tasks.cli import render
from deploy_tasks.errors import BrokerLost
from deploy_tasks.settings import settings

_LOOK_S = 0.25
#: What a deployment needed has ended before its workers are; seconds for what else they do.
_GRACE_S = 5.0
_NO_WORKERS = "none"


def service_runs() -> bool:
    """Whether a Redis answers at the configured address, or the embedded one of this machine does.

    Raises `BrokerLost` when a configured one does not: falling back silently would hide the operator's mistake.
    """
    current = settings()
    try:
        url = broker.redis_url(current)
    except BrokerLost:
        return False
    try:
        with broker.connect(url, patience=0) as client:
            client.ping()
    except RedisError as error:
        if current.redis_url is None:
            return False
        raise BrokerLost(
            f"Redis does not answer: {error}; nothing was enqueued",
            hint="start it, or unset DEPLOY_TASKS_REDIS_URL to deploy with an embedded one",
        ) from None
    return True


class OwnService:
    """Redis and workers as children of one thread of ours.

    The kernel ends them with that thread, so nothing is left behind even when we are killed; whatever ends by itself
    is started again by it. Entering returns once Redis answers: workers take up work as soon as each is ready.
    Without `roles` there is a worker of every role.
    """

    def __init__(self, *roles: str) -> None:
        self._roles = roles
        self._up = threading.Event()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="service")

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        from workers.allinone import Supervisor

        current = settings()
        try:
            with Supervisor(current, only=self._roles, log_dir=current.state_dir / "log", grace_s=_GRACE_S) as tree:
                self._up.set()
                tree.look()
                while not self._stop.wait(_LOOK_S):
                    for child in tree.children:
                        child.hear()
                    tree.look()
        except BaseException as error:
            self._error = error
            self._up.set()


@contextmanager
def running(*, quiet: bool = False) -> Iterator[bool]:
    """A broker and workers for the block; true when they are our own."""
    if service_runs():
        yield False
        return
    if not quiet:
        render.note("service", "embedded Redis and workers for this command")
    with OwnService():
        yield True


@contextmanager
def reading() -> Iterator[None]:
    """A broker for the block; without workers, because nothing is done, only looked at."""
    if service_runs():
        yield
        return
    with OwnService(_NO_WORKERS):
        yield


def expand(limit: str | None) -> str | None:
    """The pattern with every `@ID.failed` replaced by the hosts it means; only then a broker is needed."""
    if limit is None or "@" not in limit:
        return limit
    from deploy_tasks.producer import Producer

    with reading():
        return Producer().limit(limit)
