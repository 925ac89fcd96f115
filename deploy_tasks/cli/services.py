"""`up`, `worker`, `beat`, `flower`: what keeps running."""

from __future__ import annotations

import os
import socket
import sys
from enum import StrEnum
from typing import Annotated, NoReturn

import typer

from deploy_tasks import broker
from deploy_tasks.cli import render, units
from deploy_tasks.errors import DeployError
from deploy_tasks.settings import settings

_PING_S = 3.0


class Role(StrEnum):
    """What a worker does: control decides, build compiles, push goes to hosts, undo only takes hosts back."""

    CONTROL = "control"
    BUILD = "build"
    PUSH = "push"
    UNDO = "undo"


def up(
    flower: Annotated[bool, typer.Option(help="Run Flower too.")] = True,
    beat: Annotated[bool, typer.Option(help="Run the schedules too.")] = True,
) -> int:
    """Run everything on this machine: embedded Redis (unless one is configured), workers, Flower, schedules.

    Processes that exit are started again. Ctrl-C ends it; deployments that run then are finished by the next workers.
    """
    from workers.allinone import Supervisor

    current = settings()
    logs = current.state_dir / "log"
    with Supervisor(current, with_flower=flower, with_beat=beat, log_dir=logs) as tree:
        took = tree.wait_ready()
        render.note("ready", units.seconds(took), f"logs in {logs}")
        if flower:
            from workers.flower import url

            render.note("flower", url(current), _login())
        tree.run()
    render.note("ended")
    return 0


def _login() -> str:
    current = settings()
    where = "DEPLOY_TASKS_FLOWER_PASSWORD" if current.flower_password else f"{current.state_dir}/flower.password"
    return f"user {current.flower_user}, password in {where}"


def worker(
    role: Annotated[Role, typer.Option(help="What this worker does. One of control, build and push each is needed.")],
    check: Annotated[
        bool, typer.Option("--check", help="Do not start one: tell whether one of this role answers on this machine.")
    ] = False,
) -> int:
    """Run a Celery worker of one role in the foreground; start as many as you like, on as many machines.

    All of them need the same Redis and the same store (`deploy-tasks settings`).
    """
    if check:
        return 0 if _answers(role) else DeployError.exit_status
    from workers.run import main

    return main([role.value])


def _answers(role: Role) -> bool:
    """Whether a worker of this role on this machine answers a ping."""
    answers = broker.make_celery(settings()).control.ping(timeout=_PING_S) or []
    names = [name for answer in answers for name in answer]
    return any(name.startswith(f"{role.value}-") and name.endswith(f"@{socket.gethostname()}") for name in names)


def beat() -> int:
    """Run the schedules in the foreground. Several may run: only one of them fires."""
    from workers.run import main

    return main(["beat"])


def flower() -> NoReturn:
    """Run Flower in the foreground, with a password and without secrets in it."""
    os.execv(sys.executable, [sys.executable, "-m", "workers.flower"])  # noqa: S606
