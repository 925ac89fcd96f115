"""`add_host` before anything runs: what it says of how a host is reached agrees with the inventory, and is known where
the host is in none.

What is known then is what the plan, the inventory and extra variables say; what is computed the worker compares when a
host says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy_tasks.plan.added_hosts import Addition, additions, may_be_called
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.model import Plan
from deploy_tasks.plan.problems import path_of
from deploy_tasks.plan.reach import otherwise, refusal

_Problem = tuple[str, str, str]  # the argument, what is wrong, what to write instead


def check_added(
    plan: Plan, inventory: Inventory, findings: Findings, extra_vars: Mapping[str, Any] | None = None
) -> None:
    """Note what `add_host` says of hosts that cannot be."""
    told: set[tuple[str, str]] = set()
    for each in additions(plan, inventory, extra_vars or {}):
        for argument, message, hint in _problems(each, inventory):
            path = path_of((argument,), f"{each.task.where}.args")
            if (path, message) not in told:
                told.add((path, message))
                findings.add(path, message, hint)


def _problems(each: Addition, inventory: Inventory) -> Iterator[_Problem]:
    if each.name is None:  # it may be of the inventory: the worker knows when it is said
        return
    host = inventory.hosts.get(each.name)
    if host is None:
        if not may_be_called(each.name):
            hint = "letters, digits, dots, dashes and underscores"
            yield each.argument, f"{each.name[:60]!r} cannot be the name of a host", hint
        return
    added = each.name in inventory.added
    for name, why in each.unknown.items() if added else ():
        message = f"must be known before anything runs, as {each.name[:80]!r} is in no inventory: {why}"
        yield name, message, "say it by variables of plan or inventory or with -e, or put the host into the inventory"
    if names := otherwise(host, each.said):
        yield names[0] if names[0] in each.task.args else each.argument, *refusal(each.name, names, added=added)
