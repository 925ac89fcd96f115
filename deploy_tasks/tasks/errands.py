"""The tasks of a program that hosts may ask about: those that one host performs for others. Read from the program
itself, as the hosts have it, so that worker and host speak of the same tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_tasks.errors import StoreError
from deploy_tasks.tasks.programs import read_program

#: Parts of plays and steps that hold steps; everything else is values.
_STEPS = ("tasks", "handlers", "block", "rescue", "always")


@dataclass(frozen=True, slots=True)
class Errand:
    """What a task of the program has others do. `play` is the number of its play, `delegate_to` the host if it is
    written out, `become` and `become_user` as the program says (None: nothing); `throttle` is a number or an
    expression, `serial` a count of hosts or a percentage; `where` is the path in the plan."""

    play: int
    module: str
    run_once: bool
    delegates: bool
    delegate_to: str | None = None
    delegate_facts: bool = False
    become: Any = None
    become_user: Any = None
    throttle: Any = None
    serial: int | str | None = None
    where: str = ""

    @property
    def limited(self) -> bool:
        """Whether only so many hosts may perform it at a time."""
        return self.throttle is not None or self.serial is not None


@dataclass(frozen=True, slots=True)
class Contents:
    """What a program has for others: tasks by their ids, and the subsets of facts that each play gathers."""

    errands: Mapping[str, Errand]
    facts: tuple[tuple[str, ...], ...]


def contents(program: Path) -> Contents:
    """Read off a packed program. Raises `StoreError`."""
    try:
        plays = json.loads(read_program(program))["plays"]
    except (ValueError, KeyError) as error:
        raise StoreError(f"the program in the store cannot be read: {error}") from None
    found: dict[str, Errand] = {}
    for number, play in enumerate(plays):
        for task in _tasks(play):
            if (
                task.get("run_once")
                or task.get("delegate_to") is not None
                or task["module"] in ("add_host", "fetch", "group_by", "reboot")
                or not {"throttle", "serial"}.isdisjoint(task)
            ):
                found[str(task["id"])] = _errand(number, task)
    return Contents(found, tuple(tuple(play.get("facts") or ()) for play in plays))


def _errand(play: int, task: Mapping[str, Any]) -> Errand:
    to = task.get("delegate_to")
    return Errand(
        play=play,
        module=str(task["module"]),
        run_once=bool(task.get("run_once")),
        delegates=to is not None,
        delegate_to=to if isinstance(to, str) else None,
        delegate_facts=bool(task.get("delegate_facts")),
        become=task.get("become"),
        become_user=task.get("become_user"),
        throttle=task.get("throttle"),
        serial=task.get("serial"),
        where=str(task.get("where") or ""),
    )


def _tasks(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in _STEPS:
        for step in part.get(name) or ():
            yield from _of_step(step)


def _of_step(step: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "module" in step:
        yield step
    elif "include" in step:
        if step.get("run_once"):
            yield {**step, "module": f"include_{step['include']}"}
        for choice in step["choices"].values():
            for inner in choice:
                yield from _of_step(inner)
    else:
        yield from _tasks(step)
