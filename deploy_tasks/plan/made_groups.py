"""Groups that a plan makes while it runs, by `group_by` and `add_host`, and the hosts that may come to be in them.

Which hosts are in such a group is known when its play begins. Before that it stands for every host that may be: too
many of them costs a trip, no more.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any

from deploy_tasks.errors import InventoryError
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.model import Plan, Task
from deploy_tasks.plan.patterns import split

_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
HOST, GROUPS = ("name", "hostname", "host"), ("groups", "groupname", "group")


def with_made_groups(plan: Plan, inventory: Inventory) -> Inventory:
    """The inventory, with the groups that plays name and tasks may make."""
    named = {single.lstrip("!&") for play in plan.plays for single in split(play.hosts)}
    made: dict[str, dict[str, None]] = {}
    for play in plan.plays:
        for task in play.walk():
            for pattern in _names(task):
                for group in sorted(named - inventory.groups.keys() - inventory.hosts.keys()):
                    if fnmatch.fnmatchcase(group, pattern):
                        hosts = _members(task, play.hosts, inventory.model_copy(update={"made": _fixed(made)}))
                        made.setdefault(group, {}).update(dict.fromkeys(hosts))
    return inventory.model_copy(update={"made": _fixed(made)}) if made else inventory


def _fixed(made: Mapping[str, Mapping[str, None]]) -> dict[str, tuple[str, ...]]:
    return {group: tuple(hosts) for group, hosts in made.items()}


def _names(task: Task) -> Iterator[str]:
    """The names of the groups that a task makes, as shell patterns."""
    if task.module == "group_by":
        yield from _patterns(task.args.get("key"))
        yield from _patterns(task.args.get("parents"))
    elif task.module == "add_host":
        for name in GROUPS:
            yield from _patterns(task.args.get(name))


def _patterns(value: Any) -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _patterns(item)
    elif isinstance(value, str):
        for name in [value] if is_template(value) else value.split(","):
            yield _EXPRESSION.sub("*", name.strip().replace("[", "[[]")).replace(" ", "-")


def _members(task: Task, patterns: tuple[str, ...], inventory: Inventory) -> tuple[str, ...]:
    """The hosts that a task may put into its groups."""
    if task.module == "group_by":
        try:
            return inventory.select(patterns)
        except InventoryError:  # told where the play is checked
            return ()
    name = next((task.args[name] for name in HOST if name in task.args), None)
    if isinstance(name, str) and not is_template(name):
        return (name,) if name in inventory.hosts else ()
    return tuple(inventory.hosts)
