"""From a command line to a checked request; nothing is enqueued and no host is touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy_tasks.cli import session, units, variables
from deploy_tasks.settings import settings

if TYPE_CHECKING:
    from deploy_tasks.rollout.prepare import Prepared


def prepared(
    plan: str,
    inventory: str | None,
    *,
    limit: str | None = None,
    extra_vars: Sequence[str] = (),
    target: str | None = None,
    timeout_s: float | None = None,
    vault_password_files: Sequence[Path] = (),
    **options: Any,
) -> Prepared:
    """Read, check and bundle. `options` are fields of `Options`. Raises `BadInput` and its kin with every problem."""
    from deploy_tasks.rollout.prepare import Request, prepare
    from deploy_tasks.rollout.record import Options

    current = settings()
    chosen = Options.checked(
        timeout_s=timeout_s or current.timeout_s,
        deployment_timeout_s=current.deployment_timeout_s,
        keep=current.keep,
        **options,
    )
    hosts = session.expand(limit)
    given = variables.extra_vars(extra_vars, vault_password_files)
    return prepare(
        Request(
            plan,
            inventory,
            hosts,
            extra_vars=given,
            target=target,
            options=chosen,
            vault_password_files=vault_password_files,
        )
    )


def facts(request: Prepared) -> tuple[str, ...]:
    """A plan's name, and how much it is."""
    tasks = request.plan.written
    record = request.record
    numbers = [(tasks, "task"), (len(record.hosts), "host"), (len(record.triples), "target")]
    if record.stages:
        numbers.append((len(record.stages), "stage"))
    return (request.plan.name, *(units.count(number, noun) for number, noun in numbers))
