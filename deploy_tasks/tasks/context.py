"""What a worker process needs, made on first use in that very process: no connection is ever carried over a fork."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from celery import Celery
from redis import Redis

from deploy_tasks import broker
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.pulse import Pulse
from deploy_tasks.settings import Settings, settings
from deploy_tasks.store import Store, open_store
from deploy_tasks.tasks.dispatch import CeleryDispatch
from deploy_tasks.tasks.seal import Seal

if TYPE_CHECKING:
    from deploy_tasks.transport import Pool


class Context:
    """Connections and caches of one process."""

    def __init__(self, app: Celery, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.pid = os.getpid()
        self.lock = threading.RLock()
        self.name = f"{socket.gethostname()}:{self.pid}"

    @cached_property
    def redis(self) -> Redis:
        """The ledger's Redis."""
        return broker.connect(str(self.app.conf.broker_url))

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger; a holder silent for three leases may be taken over."""
        return Ledger(self.redis, stale_s=3 * self.settings.lease_s, keep_days=self.settings.record_days)

    @cached_property
    def store(self) -> Store:
        """Bundles, artifacts, records."""
        return open_store(self.settings.store)

    @cached_property
    def seal(self) -> Seal:
        """Seals what hosts have told for its time in Redis."""
        return Seal(self.store, self.redis)

    @cached_property
    def dispatch(self) -> CeleryDispatch:
        """Sends messages."""
        return CeleryDispatch(self.app)

    @cached_property
    def pulse(self) -> Pulse:
        """The heartbeat of this process."""
        return Pulse(self.ledger.hosts, self.settings.lease_s, self._watcher())

    @cached_property
    def pool(self) -> Pool:
        """Warm connections to hosts."""
        from deploy_tasks.transport import ConnectOptions, Pool

        return Pool(ConnectOptions.of(self.settings))

    def _watcher(self) -> Callable[[Sequence[tuple[str, str, dict[str, Any]]]], None]:
        dispatcher = self.app.events.Dispatcher(
            self.app.connection_for_write(), hostname=self.name, buffer_group=["task"], buffer_limit=10_000
        )

        def show(views: Sequence[tuple[str, str, dict[str, Any]]]) -> None:
            for task_id, kind, fields in views:
                dispatcher.send(kind, uuid=task_id, **fields)
            dispatcher.flush()

        return show


_made: dict[int, Context] = {}
_making = threading.Lock()


def context(app: Celery) -> Context:
    """This process's context."""
    found = _made.get(os.getpid())
    if found is None:
        with _making:
            found = _made.setdefault(os.getpid(), Context(app, settings()))
    return found
