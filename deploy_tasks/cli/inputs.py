"""The plan and the inventory that a command line names, read and checked without touching any host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_tasks.compiler.targets import Target, normalise, this_machine
from deploy_tasks.errors import PlanError
from deploy_tasks.plan.inventory import inventory_for, load_inventory
from deploy_tasks.plan.load import read_plan
from deploy_tasks.plan.model import Host, Inventory, Plan
from deploy_tasks.plan.validate import check


@dataclass(frozen=True, slots=True)
class Inputs:
    """A plan that was found to be good, the folder its files lie in, and the hosts it is for."""

    plan: Plan
    folder: Path
    inventory: Inventory
    hosts: tuple[str, ...]

    def target(self, host: str) -> Target:
        """The platform of a host: what plan or inventory say, else this machine's."""
        named = self.plan.targets.get(host) or self.inventory.hosts[host].target
        return normalise(named) if named else this_machine()

    @property
    def targets(self) -> dict[Target, int]:
        """Every platform that is needed, with the number of its hosts."""
        counts: dict[Target, int] = {}
        for host in self.hosts:
            target = self.target(host)
            counts[target] = counts.get(target, 0) + 1
        return counts


def read(
    plan_path: str, inventory_text: str | None, limit: str | None = None, extra_vars: Mapping[str, Any] | None = None
) -> Inputs:
    """Read and check everything. Raises `PlanError` or `InventoryError` with all problems."""
    plan, folder = read_plan(plan_path)
    given = load_inventory(inventory_text, plan_dir=folder) if inventory_text else None
    found = inventory_for(plan, given)
    problems = check(plan, found, folder, extra_vars=dict(extra_vars or {}), limit=limit)
    if problems:
        raise PlanError(problems)
    patterns = tuple(part for text in (limit, plan.limit) if text for part in text.split(","))
    wanted = set(found.select(patterns))
    played = {name for play in plan.plays for name in found.select(play.hosts)}
    hosts = tuple(name for name in found.hosts if name in wanted and name in played)
    return Inputs(plan, folder, found, hosts)


def for_compiling(plan_path: str, inventory_text: str | None, limit: str | None = None) -> Inputs:
    """As `read`, but hosts are not needed: without an inventory the plan is checked by itself."""
    plan, folder = read_plan(plan_path)
    if inventory_text or plan.inventory is not None or plan.hosts:
        return read(plan_path, inventory_text, limit)
    local = Inventory(hosts={"localhost": Host(name="localhost", vars={"ansible_connection": "local"})})
    patterns_gone = plan.model_copy(update={"limit": None})
    problems = [problem for problem in check(patterns_gone, local, folder) if ".hosts" not in problem.path]
    if problems:
        raise PlanError(problems)
    return Inputs(plan, folder, local, ())
