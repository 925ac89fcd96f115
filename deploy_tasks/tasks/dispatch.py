"""Sending messages: the one place where tasks are enqueued. A message names things, it never carries them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from celery import Celery

from deploy_tasks import broker

#: `batch` of the conclusion of an undo.
UNDO = -1
#: Messages sent to Redis in one write; small enough for workers to start before the last is sent.
AT_ONCE = 64


class CeleryDispatch:
    """Sends the five messages. A chord only triggers the conclusion; that reads the ledger, not the chord's results.

    No result is stored: the chord counts its members without, and nobody waits for one. That saves two writes and a
    subscription per host.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def start(self, deployment: str) -> None:
        """Ask for the next step of a deployment."""
        self._send(broker.START, deployment=deployment)

    def compile(self, deployment: str, triple: str) -> None:
        """Ask for one artifact."""
        self._send(broker.COMPILE, deployment=deployment, target=triple)

    def push(self, deployment: str, batch: int, hosts: Sequence[str]) -> None:
        """Ask for the hosts of a batch, then for its conclusion."""
        members = [{"deployment": deployment, "host": host, "attempt": 1, "batch": batch} for host in hosts]
        self._chord(broker.PUSH_HOST, members, deployment, batch)

    def push_again(self, deployment: str, batch: int, host: str, attempt: int) -> None:
        """Ask for one host again; its end is found by the sweeper."""
        self._send(broker.PUSH_HOST, deployment=deployment, host=host, attempt=attempt, batch=batch)

    def undo(self, deployment: str, hosts: Sequence[tuple[str, int]]) -> None:
        """Ask for hosts to be taken back, then for the conclusion of that."""
        members = [{"deployment": deployment, "host": host, "attempt": attempt} for host, attempt in hosts]
        self._chord(broker.UNDO_HOST, members, deployment, UNDO)

    def undo_again(self, deployment: str, host: str, attempt: int) -> None:
        """Ask for one host to be taken back again."""
        self._send(broker.UNDO_HOST, deployment=deployment, host=host, attempt=attempt)

    def _chord(self, task: str, members: Sequence[Mapping[str, Any]], deployment: str, batch: int) -> None:
        """A chord by Celery's own means: its size first, then members that carry the body.

        `celery.chord` would do the same, but subscribe to the result of every member on the way.
        """
        names = {"deployment": deployment, "batch": batch}
        body = self._app.signature(broker.CONCLUDE, kwargs=names, immutable=True, ignore_result=True)
        body["options"]["task_id"] = _id()
        del body["subtask_type"]
        group = _id()
        self._app.backend.set_chord_size(group, len(members))
        with self._app.producer_or_acquire() as producer, producer.batch(max_size=AT_ONCE):
            for place, kwargs in enumerate(members):
                self._app.send_task(
                    task,
                    kwargs=kwargs,
                    task_id=_id(),
                    producer=producer,
                    group_id=group,
                    group_index=place,
                    chord=body,
                    ignore_result=True,
                    add_to_parent=False,
                )

    def _send(self, task: str, **names: Any) -> None:
        self._app.send_task(task, kwargs=names, ignore_result=True, add_to_parent=False)


def _id() -> str:
    """Shorter than Celery's own, which stands three times in a message; 64 random bits."""
    return uuid.uuid4().hex[:16]
