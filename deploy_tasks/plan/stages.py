"""Stages: a plan's plays in runs that every host can go through without waiting for another host.

Plays are carried out one after another over all their hosts, as in Ansible. Plays that nothing of this keeps apart (the
same hosts, the same batches, the same budget, and the later one does not look at other hosts) become one stage: one
trip to each host. A play is cut in two before a step that reads what other hosts have set earlier in the same play.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_tasks.plan.cross_host import NOTHING, Reader, Reads, sets
from deploy_tasks.plan.model import Block, Inventory, Plan, Play, Step, Task

#: Strategies in which hosts do not wait for each other.
_FREE = frozenset({"free", "host_pinned"})


@dataclass(frozen=True, slots=True)
class Stage:
    """Plays from the first to before the second of `plays`, for these hosts, in batches of these sizes."""

    name: str
    plays: tuple[int, int]
    hosts: tuple[str, ...]
    serial: tuple[int | str, ...]
    max_fail_percentage: float | None
    any_errors_fatal: bool


@dataclass(frozen=True, slots=True)
class Staged:
    """A plan ready to be carried out in stages, and what its hosts read of each other."""

    plan: Plan
    stages: tuple[Stage, ...]
    reads: Reads


def staged(
    plan: Plan,
    inventory: Inventory,
    *,
    hosts: Sequence[str] | None = None,
    serial: Sequence[int | str] = (),
    files: Mapping[str, Path] | None = None,
) -> Staged:
    """The plan, with plays cut where that must be, and its stages in order.

    `hosts` are those that take part (default: all), in their order; `serial` beats what plays say; `files` are the
    controller files by their plan-relative names. Raises `InventoryError` for a pattern that means nothing.
    """
    reader = Reader.of(plan, inventory, files or {})
    taking_part = list(inventory.hosts if hosts is None else hosts)
    plays: list[Play] = []
    chosen: list[tuple[str, ...]] = []
    for number, play in enumerate(plan.plays):
        mine = set(inventory.of_play(number, play.hosts))
        names = tuple(name for name in taking_part if name in mine)
        parts = _cut(play, reader) if len(names) > 1 else [play]
        plays += parts
        chosen += [names] * len(parts)
    whole = plan if len(plays) == len(plan.plays) else plan.model_copy(update={"plays": tuple(plays)})
    stages = _merged(plays, chosen, tuple(serial), reader)
    reads = NOTHING
    for play in plays:
        reads |= reader.play(play)
    return Staged(whole, stages, reads)


def _merged(
    plays: Sequence[Play], hosts: Sequence[tuple[str, ...]], serial: tuple[int | str, ...], reader: Reader
) -> tuple[Stage, ...]:
    """The stages of all plays that have hosts; a play without any lies within one that is there anyhow."""
    groups: list[list[int]] = []
    for number, play in enumerate(plays):
        if not hosts[number]:
            continue
        last = groups[-1] if groups else None
        counted = last is not None and _counts(play) and any(_regroups(plays[before]) for before in last)
        if (
            last is not None
            and not counted
            and _together(plays[last[-1]], play, hosts[last[-1]], hosts[number], reader)
        ):
            last.append(number)
        else:
            groups.append([number])
    ends = [group[0] for group in groups[1:]] + [len(plays)]
    return tuple(
        _stage([plays[number] for number in group], (group[0], end), hosts[group[0]], serial)
        for group, end in zip(groups, ends, strict=True)
    )


def _counts(play: Play) -> bool:
    """Whether the play is for a part of a group (`web[0]`), which depends on all that are in it."""
    return any("[" in pattern and not pattern.startswith("~") for pattern in play.hosts)


def _regroups(play: Play) -> bool:
    return any(task.module == "group_by" for task in play.walk())


def _says_of_others(task: Task) -> bool:
    """Whether the task sets something for other hosts, which the plays after it may find."""
    return task.module == "add_host" or (task.delegate_to is not None and task.delegate_facts)


def _stage(
    plays: Sequence[Play], span: tuple[int, int], hosts: tuple[str, ...], serial: tuple[int | str, ...]
) -> Stage:
    names = list(dict.fromkeys(play.name or play.id for play in plays))
    first = plays[0]
    return Stage(
        ", ".join(names), span, hosts, serial or first.serial, first.max_fail_percentage, first.any_errors_fatal
    )


def _together(before: Play, play: Play, hosts_before: tuple[str, ...], hosts: tuple[str, ...], reader: Reader) -> bool:
    """Whether a host may go on from one play to the next at once."""
    same = (
        hosts_before == hosts
        and before.serial == play.serial
        and before.max_fail_percentage == play.max_fail_percentage
        and before.any_errors_fatal == play.any_errors_fatal
    )
    if not same or before.continued or any(map(_says_of_others, before.walk())):
        return False
    if len(hosts) == 1:
        return True
    if _ends_for_all(before):
        return False
    reads = reader.play(play)
    return not reads.variables and (not reads.others or play.strategy in _FREE)


def _ends_for_all(play: Play) -> bool:
    """Whether what fails on one host may end the plan for the others: they wait at the play's end to hear of it."""
    budget = play.max_fail_percentage is not None
    return budget or play.any_errors_fatal or any(task.any_errors_fatal for task in play.walk())


def _cut(play: Play, reader: Reader) -> list[Play]:
    """The play in parts, each of which begins with a step that reads what other hosts set in the part before it."""
    parts: list[list[Step]] = [[]]
    known: set[str] = set()
    for step in play.tasks:
        for piece, fresh in _pieces(step, reader, known):
            if fresh:
                parts.append([])
                known = set()
            parts[-1].append(piece)
            known |= sets(piece)
    if len(parts) == 1:
        return [play]
    cut = [play.model_copy(update={"tasks": tuple(part), "continued": True}) for part in parts]
    rest = [part.model_copy(update={"gather_facts": False}) for part in cut[1:]]
    return [cut[0], *rest[:-1], rest[-1].model_copy(update={"continued": False})]


def _pieces(step: Step, reader: Reader, known: set[str]) -> list[tuple[Step, bool]]:
    """The step, or the pieces of a block between which others must have set something; and before which that is."""
    if not reader.step(step).meets(known | sets(step)):
        return [(step, False)]
    if not _divisible(step):
        return [(step, reader.step(step).meets(known))]
    assert isinstance(step, Block)
    found: list[tuple[list[Step], bool]] = [([], False)]
    seen = set(known)
    for inner in step.block:
        for piece, fresh in _pieces(inner, reader, seen):
            if fresh:
                found.append(([], True))
                seen = set()
            found[-1][0].append(piece)
            seen |= sets(piece)
    return [(step.model_copy(update={"block": tuple(part)}), fresh) for part, fresh in found if part or fresh]


def _divisible(step: Step) -> bool:
    """Whether a block may be carried out in two parts: nothing in it depends on how the whole of it ends."""
    return isinstance(step, Block) and not step.rescue and not step.always and step.loop is None
