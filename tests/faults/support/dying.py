"""Processes that are killed halfway through sending: a worker in the middle of a batch, a producer at either step.

As a worker it is run like `workers.run`; as a producer `python -m tests.faults.support.dying ask PLAN INVENTORY ID`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from kombu.messaging import Producer as KombuProducer

from deploy_tasks import broker
from deploy_tasks.producer import Producer, Request, prepare
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.tasks import dispatch

#: Environment: how many hosts' messages a worker sends before it dies; where a producer dies.
SENDS, DIES_AT = "DYING_SENDS", "DYING_AT"
BEFORE_RECORD, BEFORE_MESSAGE = "record", "message"
KILLED = 9
_PUBLISH, _CREATE = "publish", "create"


def _die(*_: Any, **__: Any) -> NoReturn:
    os._exit(KILLED)


def _worker() -> int:
    """Dies when it is about to send one host more than it may. Every message leaves by itself, or all would be kept."""
    from workers.run import main

    left = int(os.environ[SENDS])
    publish: Any = KombuProducer.publish

    def counted(self: KombuProducer, body: Any, *args: Any, **more: Any) -> Any:
        nonlocal left
        if (more.get("headers") or {}).get("task") == broker.PUSH_HOST:
            left -= 1
            if left < 0:
                _die()
        return publish(self, body, *args, **more)

    setattr(KombuProducer, _PUBLISH, counted)
    dispatch.AT_ONCE = 1
    return main()


def _producer(plan: str, inventory: str, deployment: str) -> int:
    if os.environ[DIES_AT] == BEFORE_RECORD:
        setattr(Ledger, _CREATE, _die)
    else:
        setattr(KombuProducer, _PUBLISH, _die)
    Producer().submit(prepare(Request(Path(plan), Path(inventory), deployment_id=deployment)))
    return 0


if __name__ == "__main__":
    sys.exit(_producer(*sys.argv[2:]) if sys.argv[1] == "ask" else _worker())
