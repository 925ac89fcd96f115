"""Batches and verdicts, as pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from deploy_tasks.errors import BadInput
from deploy_tasks.outcome import HostState
from deploy_tasks.rollout.states import BAD, ENDED, FINAL


def batch_sizes(count: int, serial: Sequence[int | str]) -> tuple[int, ...]:
    """How many hosts each successive batch takes, as Ansible's `serial` says: counts or percentages of all hosts,
    the last one repeated until none is left; an empty `serial` is one batch.

    >>> batch_sizes(10, [1, "30%"])
    (1, 3, 3, 3)

    Raises `BadInput` for a size that is neither a positive count nor a percentage above zero.
    """
    if count == 0:
        return ()
    steps = [_size(count, item) for item in serial] or [count]
    sizes: list[int] = []
    left = count
    while left:
        step = min(left, steps[min(len(sizes), len(steps) - 1)])
        sizes.append(step)
        left -= step
    return tuple(sizes)


def _size(count: int, item: int | str) -> int:
    text = str(item).strip()
    number = text.removesuffix("%").strip()
    try:
        value = float(number) if text.endswith("%") else int(number)
    except ValueError:
        value = 0
    if isinstance(item, bool) or not 0 < value < float("inf"):
        raise BadInput(f"serial: {item!r} is not a size of a batch", hint='write a count like 5 or a share like "20%"')
    return max(1, int(count * value / 100)) if text.endswith("%") else int(value)


def tolerated(size: int, max_fail_percentage: float) -> int:
    """How many hosts of a batch of this size may fail: the share must be exceeded to stop, as in Ansible."""
    return min(size, int(size * max_fail_percentage / 100 + 1e-9))


class Verdict(StrEnum):
    """What follows from the states of a batch."""

    WAIT = "wait"
    GO_ON = "go_on"
    STOP = "stop"


def judge(states: Mapping[str, HostState], expected: Sequence[str], tolerated_failures: int) -> Verdict:
    """The verdict over the complete batch: a host that is missing or not final means waiting."""
    if any(states.get(host) not in FINAL for host in expected):
        return Verdict.WAIT
    bad = sum(1 for host in expected if states[host] in BAD or states[host] is HostState.CANCELLED)
    return Verdict.STOP if bad > tolerated_failures else Verdict.GO_ON


@dataclass(frozen=True, slots=True)
class HostEnd:
    """A host at the end of a deployment: its state and whether something may be changed on it."""

    state: HostState
    touched: bool


def to_undo(ends: Mapping[str, HostEnd]) -> tuple[str, ...]:
    """The hosts that must be taken back: those that something may have changed on and that are not back already."""
    again = ENDED | {HostState.UNDO_FAILED, HostState.WAITING}
    return tuple(host for host, end in ends.items() if end.touched and end.state in again)
