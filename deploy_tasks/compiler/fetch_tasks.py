"""The tasks of a lowered program that fetch files of hosts, with the loops around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy_tasks.compiler.candidates import Locals

#: Parts of programs, plays and steps that hold plays and steps; everything else is values.
_STEPS = ("plays", "tasks", "handlers", "block", "rescue", "always")


@dataclass(frozen=True)
class Fetch:
    """One task: its id, its arguments as they are lowered, the loops around it (`role_path` as one of one item), the
    folders of playbook and role within the plan's, and its place in the plan."""

    id: str
    args: Mapping[str, Any]
    around: Locals
    folder: str
    role: str
    where: str


def fetches(program: Mapping[str, Any]) -> Iterator[Fetch]:
    """All of a program."""
    yield from _within(program, {}, "", "")


def _within(part: Mapping[str, Any], around: Locals, folder: str, role: str) -> Iterator[Fetch]:
    folder = str(part.get("playbook_dir") or folder)
    if isinstance(part.get("role_path"), str):
        role = part["role_path"]
        around = {**around, "role_path": [role]}
    if isinstance(part.get("loop"), (list, dict)):
        around = {**around, str(part.get("loop_var") or "item"): part["loop"]}
    if part.get("module") == "fetch":
        yield Fetch(str(part.get("id")), part.get("args") or {}, around, folder, role, str(part.get("where") or ""))
    choices = part.get("choices")
    for steps in (
        *(part.get(name) for name in _STEPS),
        *(choices.values() if "include" in part and isinstance(choices, dict) else ()),
    ):
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step, dict):
                yield from _within(step, around, folder, role)
