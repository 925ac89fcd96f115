"""Groups, hosts and their variables while an inventory is read; `build` merges them by Ansible's precedence.

The precedence is told in `layers.py`. Files beside the inventory are weaker than those beside the plan.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from deploy_tasks.errors import InventoryError, Problem
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.layers import GroupLayer, HostLayer, Layers, Source, combined
from deploy_tasks.plan.order import find_cycle

MAX_HOSTS = 100_000
MAX_GROUPS = 50_000
# What a host or group may be called: nothing that could be read as a path, an option or several words.
_NAME = re.compile(r"(?!-)[^\s/\\\x00-\x1f\x7f,\"'`$;|&<>(){}]{1,253}")


class VarFile(Protocol):
    """The variable files of one folder."""

    def __call__(self, sort: Literal["group_vars", "host_vars"], name: str) -> Mapping[str, Any]:
        """The variables for a group or host. Raises `InventoryError`."""

    def names(self, sort: Literal["group_vars", "host_vars"]) -> Iterable[str]:
        """The groups or hosts that have files."""

    @property
    def secrets(self) -> Iterable[str]:
        """The texts that were encrypted, as far as they have been read."""


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
        read = _Read(self._groups, self._hosts, folders, ancestors, depths)
        merged: dict[tuple[str, ...], dict[str, Any]] = {}
        hosts: dict[str, Host] = {}
        for name, own in self._hosts.items():
            mine = tuple(sorted(members[name] - {"all"}))
            if mine not in merged:  # hosts of the same groups share the work
                merged[mine] = combined(read.group("all"), {group: read.group(group) for group in mine})
            hosts[name] = Host(name=name, vars={**merged[mine], **own, **read.of_host(name)}, groups=mine)
        return Inventory(hosts=hosts, groups=self._flat(members)).read_from(read)

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


@dataclass(eq=False)
class _Read(Source):
    """What was read, for plans that put hosts into groups."""

    declared: Mapping[str, _Group]
    hosts: Mapping[str, Mapping[str, Any]]
    folders: Sequence[VarFile]
    ancestors: Mapping[str, set[str]]
    depths: Mapping[str, int]
    read: dict[str, GroupLayer] = field(default_factory=dict)

    def group(self, name: str) -> GroupLayer:
        """One group with its files. Raises `InventoryError`."""
        if name not in self.read:
            files = tuple(dict(folder("group_vars", name)) for folder in self.folders)
            known = self.declared.get(name)
            self.read[name] = GroupLayer(files=files) if known is None else self._declared(name, known, files)
        return self.read[name]

    def _declared(self, name: str, known: _Group, files: tuple[dict[str, Any], ...]) -> GroupLayer:
        above = tuple(sorted(self.ancestors[name] - {"all"}))
        return GroupLayer(above=above, depth=self.depths[name], priority=known.priority, vars=known.vars, files=files)

    def of_host(self, name: str) -> dict[str, Any]:
        """The variables in a host's files. Raises `InventoryError`."""
        return {key: value for folder in self.folders for key, value in folder("host_vars", name).items()}

    def layers(self, wanted: Sequence[str], more: Sequence[str] = ()) -> Layers:
        """The layers, with those groups beside the inventory's that have files and match these shell patterns, and with
        `more` hosts."""
        named = {name for folder in self.folders for name in folder.names("group_vars")}
        made = sorted(name for name in named if any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted))
        groups: dict[str, GroupLayer] = {}
        unreadable: dict[str, str] = {}
        for name in dict.fromkeys([*self.declared, *made]):
            try:
                groups[name] = self.group(name)
            except InventoryError as error:
                unreadable[name] = str(error)
                if name in self.declared:
                    groups[name] = self._declared(name, self.declared[name], ())
        hosts = {name: HostLayer(own=dict(own), files=self.of_host(name)) for name, own in self.hosts.items()}
        hosts |= {name: HostLayer(files=self.of_host(name)) for name in more}
        return Layers(groups=groups, hosts=hosts, unreadable=unreadable)

    def secrets(self) -> tuple[str, ...]:
        """The texts that were encrypted, as far as they have been read."""
        return tuple(dict.fromkeys(text for folder in self.folders for text in folder.secrets))


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
