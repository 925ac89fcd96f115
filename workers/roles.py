"""The roles of workers, as data and argument lists."""

from __future__ import annotations

import os
from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

from deploy_tasks import broker
from deploy_tasks.errors import BadInput
from deploy_tasks.settings import Settings

Pool = Literal["threads", "prefork"]
#: Undos a worker of its own always has room for, whatever the push workers are busy with.
UNDO_THREADS = 8


@dataclass(frozen=True, slots=True)
class Role:
    """One kind of worker. Queues are served in this order: what stands first goes first."""

    name: str
    queues: tuple[str, ...]
    pool: Pool
    concurrency: int
    time_limit_s: float | None = None


def role(name: str, settings: Settings) -> Role:
    """The role of that name; raises `BadInput`."""
    known = {role.name: role for role in all_roles(settings)}
    if name not in known:
        raise BadInput(f"no role is named {name!r}", hint=f"the roles are {', '.join(known)}")
    return known[name]


def all_roles(settings: Settings) -> tuple[Role, ...]:
    """Every role. Push workers serve urgent undos first; the undo worker serves nothing else, so that there is always
    somebody for them."""
    jobs = settings.build_jobs or os.cpu_count() or 1
    return (
        Role("control", (broker.CONTROL,), "threads", 4),
        Role("build", (broker.BUILD,), "prefork", jobs, settings.build_timeout_s + 60),
        Role("push", (broker.URGENT, broker.PUSH), "threads", settings.parallel),
        Role("undo", (broker.URGENT,), "threads", UNDO_THREADS),
    )


def argv(role: Role, settings: Settings) -> list[str]:
    """What Celery's worker is called with.

    Mingle and gossip are left out: they cost a second at the start and nobody needs them. Heartbeats stay for Flower.
    """
    arguments = [
        "--quiet",
        "worker",
        f"--queues={','.join(role.queues)}",
        f"--pool={role.pool}",
        f"--concurrency={role.concurrency}",
        f"--hostname={role.name}-{os.getpid()}@%h",
        f"--loglevel={settings.log_level}",
        "--without-mingle",
        "--without-gossip",
        "--task-events",
    ]
    if role.time_limit_s is not None:
        arguments.append(f"--time-limit={role.time_limit_s:g}")
    return arguments


_MODULES = {"threads": "celery.concurrency.thread", "prefork": "celery.concurrency.prefork"}
#: Pools each queue may be served with. Deadlines of hosts are kept by our own watchdog, which needs real threads;
#: builds are ended by Celery's time limit, which only prefork has.
_FIT: dict[str, frozenset[str]] = {
    broker.BUILD: frozenset({"prefork"}),
    broker.PUSH: frozenset({"threads", "prefork"}),
    broker.URGENT: frozenset({"threads", "prefork"}),
    broker.CONTROL: frozenset({"threads", "prefork"}),
}


def check_pool(queues: Set[str], module: str) -> None:
    """Raises `SystemExit` when a pool of that module may not serve one of these queues."""
    name = next((name for name, known in _MODULES.items() if known == module), module.rsplit(".", 1)[-1])
    for queue in sorted(queues):
        fit = _FIT.get(queue, frozenset(_MODULES))
        if name not in fit:
            raise SystemExit(
                f"error: queue {queue} is not served by pool {name}: time limits do not work there\n"
                f"hint: use --pool={' or --pool='.join(sorted(fit, reverse=True))}"
            )
