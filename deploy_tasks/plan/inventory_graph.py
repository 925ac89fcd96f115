"""Groups, hosts and their variables while an inventory is read; `build` merges them by Ansible's precedence.

From weakest to strongest: variables of `all`, of groups (parents before children; at the same depth by
`ansible_group_priority`, then by name), files of `group_vars/all`, files of `group_vars/<group>`, variables of the
host, files of `host_vars/<host>`. Files beside the inventory are weaker than those beside the plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from deploy_tasks.errors import InventoryError, Problem
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.order import find_cycle

MAX_HOSTS = 100_000
MAX_GROUPS = 50_000
# What a host or group may be called: nothing that could be read as a path, an option or several words.
_NAME = re.compile(r"(?!-)[^\s/\\\x00-\x1f\x7f,\"'`$;|&<>(){}]{1,253}")

VarFile = Callable[[Literal["group_vars", "host_vars"], str], Mapping[str, Any]]


@dataclass(slots=True)
class _Group:
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, int | None] = field(default_factory=dict)
    vars: dict[str, Any] = field(default_factory=dict)
    priority: int = 1


class Graph:
    """What the readers of all inventory forms fill. `source` and `line` of its methods go into error messages."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {"all": _Group(), "ungrouped": _Group()}
        self._hosts: dict[str, dict[str, Any]] = {}

    def __contains__(self, group: str) -> bool:
        return group in self._groups

    def add_group(self, name: str, *, source: str | None = None, line: int | None = None) -> None:
        """Declare a group; again does no harm."""
        if name not in self._groups:
            _check_name(name, "group", source, line)
            if len(self._groups) >= MAX_GROUPS:
                raise _error(name, f"more than {MAX_GROUPS} groups", None, source, line)
            self._groups[name] = _Group()

    def add_host(
        self, name: str, group: str | None = None, *, source: str | None = None, line: int | None = None
    ) -> None:
        """Declare a host, in a group if one is given."""
        if name not in self._hosts:
            _check_name(name, "host", source, line)
            if len(self._hosts) >= MAX_HOSTS:
                raise _error(name, f"more than {MAX_HOSTS} hosts", None, source, line)
            self._hosts[name] = {}
        if group is not None:
            self.add_group(group, source=source, line=line)
            self._groups[group].hosts[name] = None

    def add_child(self, parent: str, child: str, *, source: str | None = None, line: int | None = None) -> None:
        """Make a group the child of another; both are declared by it."""
        self.add_group(parent, source=source, line=line)
        self.add_group(child, source=source, line=line)
        if child == "all":
            raise _error(parent, "the group all cannot be the child of a group", None, source, line)
        self._groups[parent].children.setdefault(child, line)

    def host_vars(self, name: str, variables: Mapping[str, Any]) -> None:
        """Variables of a declared host; later ones win."""
        self._hosts[name].update(variables)

    def group_vars(self, name: str, variables: Mapping[str, Any]) -> None:
        """Variables of a declared group; later ones win."""
        group = self._groups[name]
        group.vars.update(variables)
        priority = group.vars.pop("ansible_group_priority", None)
        if priority is not None:
            group.priority = _priority(priority, name)

    def build(self, *folders: VarFile, source: str | None = None) -> Inventory:
        """The inventory. Each of `folders` gives the variables in its files, the later ones are stronger."""
        cycle = find_cycle({name: list(group.children) for name, group in self._groups.items()})
        if cycle:
            line = self._groups[cycle[0]].children.get(cycle[1])
            text = f"groups contain each other in a circle: {' → '.join(cycle)}"
            raise _error(cycle[0], text, "take one of these children away", source, line)
        parents = self._parents()
        depths = self._depths(parents)
        ancestors = {name: _closure(name, parents) for name in self._groups}
        members = self._memberships(ancestors)
        merge = partial(_merge_groups, groups=self._groups, folders=folders, cache={})
        hosts: dict[str, Host] = {}
        for name, own in self._hosts.items():
            mine = sorted(members[name], key=lambda group: (depths[group], self._groups[group].priority, group))
            variables = dict(merge(tuple(group for group in mine if group != "all")))
            variables.update(own)
            for folder in folders:
                variables.update(folder("host_vars", name))
            groups = tuple(sorted(group for group in members[name] if group != "all"))
            hosts[name] = Host(name=name, vars=variables, groups=groups)
        return Inventory(hosts=hosts, groups=self._flat(members))

    def _parents(self) -> dict[str, set[str]]:
        parents: dict[str, set[str]] = {name: set() for name in self._groups}
        for name, group in self._groups.items():
            for child in group.children:
                parents[child].add(name)
        for name, above in parents.items():
            if name != "all" and not above:
                above.add("all")
        return parents

    def _depths(self, parents: Mapping[str, set[str]]) -> dict[str, int]:
        """The longest way from `all`; the graph has no circle."""
        depths: dict[str, int] = {"all": 0}
        for start in parents:
            stack = [start]
            while stack:
                name = stack[-1]
                open_ones = [above for above in parents[name] if above not in depths]
                if name in depths or not open_ones:
                    stack.pop()
                    depths.setdefault(name, 1 + max((depths[above] for above in parents[name]), default=0))
                else:
                    stack.extend(open_ones)
        return depths

    def _memberships(self, ancestors: Mapping[str, set[str]]) -> dict[str, set[str]]:
        """Every group a host is in, `ungrouped` only when it is in no other."""
        members: dict[str, set[str]] = {name: {"all"} for name in self._hosts}
        for name, group in self._groups.items():
            for host in group.hosts:
                members[host] |= {name} | ancestors[name]
        for mine in members.values():
            mine.discard("ungrouped") if mine - {"all", "ungrouped"} else mine.add("ungrouped")
        return members

    def _flat(self, members: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
        """The hosts of each group: its own first, then those of its children, level by level."""
        alone = {host: None for host, mine in members.items() if "ungrouped" in mine}
        return {
            "all": self._below("all", alone),
            **{name: self._below(name, alone) for name in self._groups if name != "all"},
        }

    def _below(self, name: str, alone: Mapping[str, None]) -> tuple[str, ...]:
        """The hosts of a group and of those below it; `alone` are the hosts that are in no group."""
        level, seen = [name], {name: None}
        while level:
            level = [child for one in level for child in self._children(one) if child not in seen]
            level = list(dict.fromkeys(level))
            seen.update(dict.fromkeys(level))
        found = (alone if one == "ungrouped" else self._groups[one].hosts for one in seen)
        return tuple(dict.fromkeys(host for hosts in found for host in hosts))

    def _children(self, name: str) -> list[str]:
        """The groups just below a group; below `all` are those that are below no other."""
        own = list(self._groups[name].children)
        if name != "all":
            return own
        others = {child for group, found in self._groups.items() if group != "all" for child in found.children}
        return ["ungrouped", *own, *(group for group in self._groups if group not in others | {"all", "ungrouped"})]


def _merge_groups(
    names: tuple[str, ...],
    *,
    groups: Mapping[str, _Group],
    folders: Iterable[VarFile],
    cache: dict[tuple[str, ...], dict[str, Any]],
) -> dict[str, Any]:
    """The variables a host gets from groups given in ascending strength; hosts of the same groups share the work."""
    if names not in cache:
        merged = dict(groups["all"].vars)
        for name in names:
            merged.update(groups[name].vars)
        for folder in folders:
            merged.update(folder("group_vars", "all"))
        for folder in folders:
            for name in names:
                merged.update(folder("group_vars", name))
        cache[names] = merged
    return cache[names]


def _closure(name: str, parents: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    stack = list(parents[name])
    while stack:
        above = stack.pop()
        if above not in found:
            found.add(above)
            stack.extend(parents[above])
    return found


def _priority(value: Any, group: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise _error(group, "ansible_group_priority must be a whole number", None, None, None) from None


def _check_name(name: str, sort: str, source: str | None, line: int | None) -> None:
    if not _NAME.fullmatch(name):
        hint = "letters, digits, dots, dashes and underscores"
        raise _error("", f"{name[:60]!r} cannot be the name of a {sort}", hint, source, line)


def _error(path: str, message: str, hint: str | None, source: str | None, line: int | None) -> InventoryError:
    return InventoryError([Problem(path, message, hint, source, line)])
