"""Groups that a plan puts hosts into while it runs, by `group_by` and `add_host`, and the hosts that may come to be
in them: groups of its own, and those of the inventory with the groups that these are in.

Which hosts are in such a group is known when its play begins. Before that it stands for every host that may be: too
many of them costs a trip, no more.
"""

from __future__ import annotations

import contextlib
import fnmatch
import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy_tasks.errors import InventoryError
from deploy_tasks.plan.added_hosts import GROUPS, additions
from deploy_tasks.plan.grouping import foreseen
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.layers import Layers
from deploy_tasks.plan.model import Plan, Task
from deploy_tasks.plan.patterns import split, whole

_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_MAKE = frozenset({"add_host", "group_by"})


def with_made_groups(plan: Plan, inventory: Inventory, extra_vars: Mapping[str, Any] | None = None) -> Inventory:
    """The inventory, with the hosts that tasks may put into groups of it or of their own, and with what the variables
    of such hosts are merged from, where that may change."""
    given = extra_vars or {}
    below = tuple(dict.fromkeys(pair for task in plan.walk() for pair in _below(task)))
    tasks = [(play, task) for play in plan.plays for task in play.walk() if task.module in _MAKE]
    making = [
        (play, task, _with_parents((*_names(task), *map(glob.escape, foreseen(task, play, inventory, given))), below))
        for play, task in tasks
    ]
    known = _named_hosts(plan, inventory, given)
    patterns = list(dict.fromkeys(name for _, _, names in making for name in names))
    if not patterns and not inventory.added:
        return inventory
    layers = inventory.source.layers(patterns, tuple(inventory.added)) or Layers()
    for _, task, _ in making:
        layers = _deeper(layers, task)
    named = {whole(single) for play in plan.plays for single in split(play.hosts)} - {"all", "*"}
    made = {group: dict.fromkeys(hosts) for group, hosts in inventory.made.items()}
    for play, task, names in making:
        groups = layers.with_above(group for name in names for group in _meant(name, task, named, inventory))
        now = inventory.model_copy(update={"made": _fixed(made)})
        hosts = _members(task, play.hosts, now, known) if groups else ()
        for group in groups:
            members = set(inventory.groups.get(group, ()))
            joining = [host for host in hosts if host not in members]
            if joining or group not in inventory.groups:
                made.setdefault(group, {}).update(dict.fromkeys(joining))
    for pattern in [name for name in made if any(mark in name for mark in "*?[~")]:
        others = inventory.model_copy(update={"made": _fixed({name: made[name] for name in made if name != pattern})})
        made[pattern].update(dict.fromkeys(others.select((pattern,))))
    secrets = tuple(dict.fromkeys([*inventory.secrets, *inventory.source.secrets()]))
    kept = layers if inventory.added or _matters(layers, patterns) else None
    found = inventory.model_copy(update={"made": _fixed(made), "layers": kept, "secrets": secrets, "below": below})
    return found.model_copy(update={"unforeseen": _unforeseen(plan, found)})


def _below(task: Task) -> Iterator[tuple[str, str]]:
    """The groups that a task puts below others, and those."""
    if task.module == "group_by":
        parents = [parent for parent in _patterns(task.args.get("parents")) if parent != "all"]
        yield from ((name, parent) for name in _patterns(task.args.get("key")) for parent in parents)


def _with_parents(names: tuple[str, ...], below: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """These names of groups, and those of the groups that the plan may put them below."""
    found = dict.fromkeys(names)
    for _ in below:
        more = {parent for name in found for child, parent in below if _overlap(name, child)} - found.keys()
        if not more:
            break
        found.update(dict.fromkeys(sorted(more)))
    return tuple(found)


def _overlap(one: str, other: str) -> bool:
    """Whether two shell patterns may mean the same name; rather yes than no."""
    both = "*" in one and "*" in other
    return both or fnmatch.fnmatchcase(one, other) or fnmatch.fnmatchcase(other, one)


def _unforeseen(plan: Plan, inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """The groups of the inventory that plays after a `group_by` of which nothing is known are for, and the hosts it may
    put into them that do not come along to these plays."""
    found: dict[str, dict[str, None]] = {}
    for number, play in enumerate(plan.plays):
        blind = [task for task in play.walk() if task.module == "group_by" and any(map(_blind, _names(task)))]
        hosts = _members(blind[0], play.hosts, inventory, {}) if blind else ()
        for later in plan.plays[number + 1 :] if hosts else ():
            missing = dict.fromkeys(_absent(hosts, later.hosts, inventory))
            for group in _named(later.hosts, inventory) if missing else ():
                found.setdefault(group, {}).update(missing)
    return _fixed(found)


def _absent(hosts: tuple[str, ...], patterns: tuple[str, ...], inventory: Inventory) -> Iterator[str]:
    with contextlib.suppress(InventoryError):  # told where the play is checked
        chosen = set(inventory.select(patterns))
        yield from (host for host in hosts if host not in chosen)


def _named(patterns: tuple[str, ...], inventory: Inventory) -> Iterator[str]:
    """The groups of the inventory that a play's patterns bring hosts of."""
    for name in (whole(single) for single in split(patterns) if single[0] != "!"):
        yield from (group for group in inventory.groups if group != "all" and fnmatch.fnmatchcase(group, name))


def _blind(pattern: str) -> bool:
    """Whether nothing is known of a group's name."""
    return not pattern.strip("*")


def _meant(pattern: str, task: Task, named: set[str], inventory: Inventory) -> Iterator[str]:
    """The groups that a pattern may stand for. A `group_by` of which nothing is known before it runs is taken to mean
    no group of the inventory but those that are foreseen, or every host would come along to every play; see
    `_unforeseen`."""
    for group in sorted(named - inventory.groups.keys() - inventory.hosts.keys()):
        if fnmatch.fnmatchcase(group, pattern):
            yield group
    if task.module == "group_by" and _blind(pattern):
        return
    for group in inventory.groups:
        if group not in ("all", "ungrouped") and fnmatch.fnmatchcase(group, pattern):
            yield group


def _matters(layers: Layers, patterns: Sequence[str]) -> bool:
    """Whether to come into one of these groups means more than to be in it."""
    inner = (layers.groups.keys() | layers.unreadable.keys()) - {"all", "ungrouped"}
    meant = (name for name in inner if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns))
    return any(name in layers.unreadable or not layers.group(name).says_nothing for name in meant)


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


def _deeper(layers: Layers, task: Task) -> Layers:
    """The layers, with the groups that a `group_by` makes below those that it calls their parents."""
    given = _patterns(task.args.get("parents"))
    above = [name for name in given if name != "all" and not any(mark in name for mark in "*[")]
    if task.module != "group_by" or not above:
        return layers
    depth = 1 + max(layers.group(name).depth for name in above)
    below = {
        name: group.model_copy(update={"depth": max(group.depth, depth)})
        for pattern in _patterns(task.args.get("key"))
        for name, group in layers.groups.items()
        if not _blind(pattern) and name not in ("all", *above) and fnmatch.fnmatchcase(name, pattern)
    }
    return layers.model_copy(update={"groups": {**layers.groups, **below}}) if below else layers


def _patterns(value: Any) -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _patterns(item)
    elif isinstance(value, str):
        for name in _EXPRESSION.sub("\0", value).split(","):
            yield name.strip().replace("[", "[[]").replace("\0", "*").replace(" ", "-")


def _named_hosts(plan: Plan, inventory: Inventory, extra_vars: Mapping[str, Any]) -> dict[str, dict[str, None]]:
    """The hosts that each `add_host` names, by its id, where all of them are known before anything runs."""
    named: dict[str, dict[str, None]] = {}
    found = additions(plan, inventory, extra_vars)
    for each in found:
        named.setdefault(each.task.id, {}).update({each.name: None} if each.name else {})
    for each in found:
        if each.name is None:
            named.pop(each.task.id, None)
    return named


def _members(
    task: Task, patterns: tuple[str, ...], inventory: Inventory, known: Mapping[str, Mapping[str, None]]
) -> tuple[str, ...]:
    """The hosts that a task may put into its groups; `known` are those that tasks of these ids name."""
    if task.module == "group_by":
        try:
            return inventory.select(patterns)
        except InventoryError:  # told where the play is checked
            return ()
    if task.id not in known:
        return tuple(inventory.hosts)
    return tuple(name for name in known[task.id] if name in inventory.hosts)
