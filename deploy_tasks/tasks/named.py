"""The tasks by their stable names, as any Celery client may send them. Their bodies call down."""

from __future__ import annotations

from typing import Any

from celery import Celery, Task, shared_task

from deploy_tasks import broker
from deploy_tasks.errors import BadInput, NotFound, Refused
from deploy_tasks.rollout.drive import step
from deploy_tasks.tasks.context import context


def _step(app: Celery, deployment: str) -> str:
    """The next step. A message about a deployment that nobody recorded, whoever sent it, is nothing."""
    here = context(app)
    try:
        return step(here.ledger, here.dispatch, here.store, deployment).value
    except NotFound:
        return "unknown"


@shared_task(
    name=broker.START,
    bind=True,
    ignore_result=False,  # for whoever asks by a bare message; our own messages say that nobody waits
    store_errors_even_if_ignored=True,
    throws=(BadInput, Refused),
)
def start(
    self: Task,
    deployment: str,
    plan: str | None = None,
    inventory: str | None = None,
    limit: str | None = None,
    options: dict[str, Any] | None = None,
) -> str:
    """Take the next step of a deployment. With `plan` it is recorded first, from files below the plans' folder."""
    if plan is not None:
        from deploy_tasks.tasks.requested import submit

        submit(context(self.app).settings, deployment, plan, inventory, limit, options)
    return _step(self.app, deployment)


@shared_task(name=broker.COMPILE, bind=True, ignore_result=True)
def compile(self: Task, deployment: str, target: str) -> dict[str, Any]:
    """Compile a deployment's plan for one platform."""
    from deploy_tasks.tasks.building import build

    try:
        answer = build(context(self.app), deployment, target)
    except NotFound:
        return {"deployment": deployment, "target": target, "status": "unknown"}
    _step(self.app, deployment)
    return answer


@shared_task(name=broker.PUSH_HOST, bind=True, ignore_result=True)
def push(self: Task, deployment: str, host: str, attempt: int = 1, batch: int = 0) -> dict[str, Any]:
    """Bring one host to the deployment. Returns its outcome; never raises."""
    from deploy_tasks.tasks.hosting import push_host

    return push_host(context(self.app), deployment, host, attempt, self.request.id, batch)


@shared_task(name=broker.UNDO_HOST, bind=True, ignore_result=True)
def undo(self: Task, deployment: str, host: str, attempt: int = 1) -> dict[str, Any]:
    """Take one host back. Returns its outcome; never raises."""
    from deploy_tasks.tasks.hosting import undo_host

    return undo_host(context(self.app), deployment, host, attempt, self.request.id)


@shared_task(name=broker.PREVIEW, bind=True, ignore_result=False)
def preview(self: Task, deployment: str, host: str) -> dict[str, Any]:
    """Say what taking one host back would do, and change nothing there. Never raises."""
    from deploy_tasks.tasks.previewing import preview_host

    return preview_host(context(self.app), deployment, host)


@shared_task(name=broker.CONCLUDE, bind=True, ignore_result=True)
def conclude(self: Task, deployment: str, batch: int = 0) -> str:
    """Judge a batch by the ledger: go on, end, or roll back."""
    return _step(self.app, deployment)


@shared_task(name=broker.CANARY, bind=True, ignore_result=True)
def canary(self: Task, token: str) -> None:
    """Answer that this queue is served, from end to end."""
    from deploy_tasks.rollout.canary import answer

    answer(context(self.app).redis, token)


@shared_task(name=broker.SCHEDULED, bind=True, ignore_result=True)
def scheduled(self: Task, name: str) -> dict[str, Any]:
    """Deploy a schedule's plan once for the slot that is now."""
    from deploy_tasks.tasks.scheduled import run

    return run(context(self.app).settings, name)
