"""What a host's variables are merged from, kept apart for plans that put hosts into groups while they run.

From weakest to strongest: variables of `all`, of groups (parents before children; at the same depth by
`ansible_group_priority`, then by name), files of `group_vars/all`, files of `group_vars/<group>`, variables of the
host, what `add_host` says of it, files of `host_vars/<host>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

#: How far groups that a plan puts below others are followed; those in a circle go no deeper.
_DEEPEST = 20


class GroupLayer(BaseModel):
    """One group: its ancestors but `all`, its place among groups, and what it and its files say. A group that nobody
    has heard of lies just below `all`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    above: tuple[str, ...] = ()
    depth: int = 1
    priority: int = 1
    vars: dict[str, Any] = {}
    files: tuple[dict[str, Any], ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether to come into it changes nothing but the membership."""
        return not (self.above or self.vars or any(self.files))


class HostLayer(BaseModel):
    """One host: its own variables, and those of its files."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    own: dict[str, Any] = {}
    files: dict[str, Any] = {}


class Layers(BaseModel):
    """The groups and hosts of an inventory, and groups that only the plan makes and that have files.

    `unreadable` are groups whose files cannot be read, with the reason: it matters once a host comes into one.
    `repr` shows no variables.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    groups: dict[str, GroupLayer] = {}
    hosts: dict[str, HostLayer] = {}
    unreadable: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Layers({len(self.groups)} groups, {len(self.hosts)} hosts)"

    __str__ = __repr__

    def group(self, name: str) -> GroupLayer:
        """What is known of a group, of an unknown one that it is there."""
        return self.groups.get(name) or GroupLayer()

    def with_above(self, names: Iterable[str]) -> tuple[str, ...]:
        """These groups, and those they are in."""
        found: dict[str, None] = {}
        for name in names:
            found.update(dict.fromkeys((name, *self.group(name).above)))
        return tuple(found)

    def with_below(self, below: Mapping[str, Iterable[str]]) -> Layers:
        """The same with groups that a plan has put below others: `below` has what each is put below. Groups that are
        below each other in a circle stay at some depth, and a chain is followed only so far."""
        groups = dict(self.groups)
        for name, parents in below.items():
            known = [parent for parent in parents if parent not in ("all", name)]
            for each in (name, *known):
                groups.setdefault(each, GroupLayer())
            above = tuple(dict.fromkeys([*groups[name].above, *known]))
            groups[name] = groups[name].model_copy(update={"above": above})
        moving = [name for name, group in groups.items() if name in below or not below.keys().isdisjoint(group.above)]
        for _ in range(min(len(moving), _DEEPEST)):
            settled = {name: _settled(name, groups[name], groups) for name in moving}
            if all(settled[name] is groups[name] for name in moving):
                break
            groups |= settled
        return self.model_copy(update={"groups": groups})

    def before_host(self, host: str, groups: Iterable[str]) -> dict[str, Any]:
        """The variables of a host in these groups, without those of its `host_vars`."""
        own = self.hosts.get(host) or HostLayer()
        inner = {name: self.group(name) for name in groups if name != "all"}
        return {**combined(self.group("all"), inner), **own.own}

    def of_files(self, host: str) -> dict[str, Any]:
        """The variables of a host's `host_vars`, which are stronger than all others."""
        return (self.hosts.get(host) or HostLayer()).files

    def variables(self) -> Iterator[Mapping[str, Any]]:
        """Everything that hosts may come to have."""
        for group in self.groups.values():
            yield group.vars
            yield from group.files

    def subset(self, names: Iterable[str]) -> Layers:
        """The same with only these hosts."""
        wanted = set(names)
        return self.model_copy(update={"hosts": {name: of for name, of in self.hosts.items() if name in wanted}})


def _settled(name: str, group: GroupLayer, groups: Mapping[str, GroupLayer]) -> GroupLayer:
    """A group with what those are in that it is in, and deeper than these."""
    known = [groups[above] for above in group.above if above in groups]
    above = dict.fromkeys([*group.above, *(far for near in known for far in near.above)])
    above.pop(name, None)
    depth = max([group.depth, *(min(near.depth + 1, len(groups)) for near in known)])
    if len(above) == len(group.above) and depth == group.depth:
        return group
    return group.model_copy(update={"above": tuple(above), "depth": depth})


def combined(everyone: GroupLayer, inner: Mapping[str, GroupLayer]) -> dict[str, Any]:
    """The variables a host gets from `all` and from its other groups."""
    groups = [inner[name] for name in sorted(inner, key=lambda name: (inner[name].depth, inner[name].priority, name))]
    merged = dict(everyone.vars)
    for group in groups:
        merged.update(group.vars)
    for files in everyone.files:
        merged.update(files)
    for folder in range(max((len(group.files) for group in groups), default=0)):
        for group in groups:
            merged.update(group.files[folder] if folder < len(group.files) else {})
    return merged


class Source:
    """Where the layers of an inventory come from; one that was made from its parts has none. All are equal: what an
    inventory says does not depend on it."""

    def layers(self, wanted: Sequence[str], more: Sequence[str] = ()) -> Layers | None:
        """The layers, with those groups beside the inventory's that have files and match these shell patterns, and with
        `more` hosts. Raises `InventoryError`."""
        return None

    def secrets(self) -> tuple[str, ...]:
        """The texts that were encrypted, as far as they have been read."""
        return ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source)

    __hash__ = None  # type: ignore[assignment]
