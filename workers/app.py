"""The Celery application of every role: `python -m workers.run ROLE`, or `celery -A workers.app worker -Q …`."""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery import Celery, signals

from deploy_tasks import broker
from deploy_tasks.settings import settings
from deploy_tasks.tasks import named as named  # registers the tasks
from workers import logs, process, roles

log = logging.getLogger(__name__)


def _make() -> Celery:
    application = broker.make_celery(settings())
    application.set_default()
    application.conf.update(worker_proc_alive_timeout=30.0)
    return application


app = _make()
_stop_sweeping = threading.Event()


@signals.setup_logging.connect
def _set_up_logging(loglevel: int | str | None = None, **_: Any) -> None:
    logs.set_up(settings(), loglevel)


@signals.worker_init.connect
def _check_pool(sender: Any, **_: Any) -> None:
    """Refuse pools in which the limits we rely on do not exist, before any message is taken."""
    roles.check_pool(set(sender.app.amqp.queues.consume_from), sender.pool_cls.__module__)


@signals.worker_process_init.connect
def _end_with_parent(**_: Any) -> None:
    """A pool process ends with its worker, however that ends."""
    process.die_with_parent()


@signals.worker_ready.connect
def _ready(sender: Any, **_: Any) -> None:
    if broker.CONTROL in sender.app.amqp.queues.consume_from:
        _sweep(sender.app)
    process.tell_ready()


@signals.worker_shutting_down.connect
def _stop(**_: Any) -> None:
    _stop_sweeping.set()


def _sweep(application: Celery) -> None:
    from deploy_tasks.rollout.sweep import Limits, Sweeper
    from deploy_tasks.tasks.context import context

    here = context(application)
    limits = Limits(here.settings.max_attempts, here.settings.lease_s, broker.PUSH, broker.URGENT)
    sweeper = Sweeper(here.ledger, here.dispatch, here.store, limits)
    _stop_sweeping.clear()
    threading.Thread(target=sweeper.run, args=(_stop_sweeping,), name="sweeper", daemon=True).start()
