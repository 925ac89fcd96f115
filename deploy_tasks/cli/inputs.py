"""The plan and the inventory that a command line names, read and checked without touching any host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy_tasks.compiler.targets import Target, normalise, this_machine
from deploy_tasks.compiler.trial import refused
from deploy_tasks.errors import PlanError, Problem
from deploy_tasks.plan.files import files
from deploy_tasks.plan.inventory import inventory_for, load_inventory
from deploy_tasks.plan.load import Given, Loaded, load
from deploy_tasks.plan.model import Host, Inventory, Plan
from deploy_tasks.plan.validate import check
from deploy_tasks.plan.vault import Vault


@dataclass(frozen=True, slots=True)
class Inputs:
    """A plan that was found to be good, and the hosts it is for."""

    loaded: Loaded
    inventory: Inventory
    hosts: tuple[str, ...]
    added: tuple[str, ...] = ()  # hosts that only add_host names, which its deployment may come to as well

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.loaded.plan

    @property
    def folder(self) -> Path:
        """The folder its files resolve against."""
        return self.loaded.base

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


def read(plan_path: str, inventory_text: str | None, limit: str | None = None, given: Given | None = None) -> Inputs:
    """Read and check everything. Raises `PlanError` or `InventoryError` with all problems."""
    given = (given or Given()).beside(inventory_text)
    return _checked(load(plan_path, given), inventory_text, limit, given)


def for_compiling(
    plan_path: str, inventory_text: str | None, limit: str | None = None, given: Given | None = None
) -> Inputs:
    """As `read`, but hosts are not needed: without an inventory the plan is checked by itself."""
    given = (given or Given()).beside(inventory_text)
    loaded = load(plan_path, given)
    if inventory_text is not None or loaded.plan.inventory is not None or loaded.plan.hosts:
        return _checked(loaded, inventory_text, limit, given)
    local = Inventory(hosts={"localhost": Host(name="localhost", vars={"ansible_connection": "local"})})
    patterns_gone = loaded.plan.model_copy(update={"limit": None})
    problems = [problem for problem in check(patterns_gone, local, loaded.base) if ".hosts" not in problem.path]
    _refuse(loaded, problems or refused(loaded.plan, files(loaded.plan, loaded.base)))
    return Inputs(loaded, local, ())


def _refuse(loaded: Loaded, problems: list[Problem]) -> None:
    if problems:
        raise PlanError(loaded.located(problems))


def _checked(loaded: Loaded, inventory_text: str | None, limit: str | None, given: Given) -> Inputs:
    plan = loaded.plan
    vault = Vault(given.vault_password_files)
    named = loaded.inventory
    if named is None and inventory_text is not None:
        named = load_inventory(inventory_text, plan_dir=loaded.vars_dir, vault=vault)
    found = inventory_for(plan, named, given.extra_vars)
    problems = check(plan, found, loaded.base, extra_vars=given.extra_vars, limit=limit)
    _refuse(loaded, problems or refused(plan, files(plan, loaded.base, found), found))
    patterns = tuple(part for text in (limit, plan.limit) if text for part in text.split(","))
    wanted = set(found.select(patterns))
    played = {name for play in plan.plays for name in found.select(play.hosts)}
    hosts = [name for name in found.hosts if name in wanted and name in played]
    added = tuple(name for name in hosts if name in found.added)
    return Inputs(loaded, found, tuple(name for name in hosts if name not in found.added), added)
