"""Giving the tasks of a plan the modules that it brings itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.model import Block, Include, OwnModule, Plan, Step, Task
from deploy_tasks.plan.modules import MODULES
from deploy_tasks.plan.own_modules import FOLDERS, Unusable, find_own
from deploy_tasks.plan.words import WHOLE_ARGS

_S = TypeVar("_S", bound=Step)


def beside(*folders: Path, base: Path) -> list[str]:
    """The folders with modules beside a plan's, by their names within the base."""
    found = [folder / name for folder in folders for name in FOLDERS]
    return [place.relative_to(base).as_posix() for place in found if place.is_relative_to(base) and place.is_dir()]


def with_own(plan: Plan, folders: Sequence[str], base: Path, findings: Findings) -> Plan:
    """The plan with the modules found in the folders, plan-relative ones in the order in which they are looked
    through; what is wrong with one is noted once."""
    if not folders:
        return plan
    attaching = _Attaching(folders, base, findings)
    plays = [
        play.model_copy(update={"tasks": attaching.steps(play.tasks), "handlers": attaching.steps(play.handlers)})
        for play in plan.plays
    ]
    return plan.model_copy(update={"plays": tuple(plays)}) if attaching.any else plan


def steps_with_own(steps: tuple[Step, ...], folders: Sequence[str], base: Path, findings: Findings) -> tuple[Step, ...]:
    """The same for steps of no plan yet."""
    return _Attaching(folders, base, findings).steps(steps)


class _Attaching:
    def __init__(self, folders: Sequence[str], base: Path, findings: Findings) -> None:
        self.folders, self.base, self.findings = folders, base, findings
        self.known: dict[str, OwnModule | None] = {}
        self.any = False

    def steps(self, steps: Iterable[_S]) -> tuple[_S, ...]:
        return tuple(self._step(step) for step in steps)

    def _step(self, step: _S) -> _S:
        if isinstance(step, Task):
            own = step.own or self._own(step)
            self.any |= own is not None
            if own is None and not step.undo:
                return step
            args = _arguments(step.args) if own else step.args
            return step.model_copy(update={"own": own, "args": args, "undo": self.steps(step.undo)})
        if isinstance(step, Block):
            parts = ("block", "rescue", "always", "undo")
            return step.model_copy(update={part: self.steps(getattr(step, part)) for part in parts})
        assert isinstance(step, Include)
        return step.model_copy(update={"choices": {name: self.steps(steps) for name, steps in step.choices.items()}})

    def _own(self, task: Task) -> OwnModule | None:
        if task.module not in self.known:
            self.known[task.module] = self._found(task)
        return self.known[task.module]

    def _found(self, task: Task) -> OwnModule | None:
        try:
            own = find_own(task.module, self.folders, self.base)
        except Unusable as error:
            if task.module not in MODULES:  # otherwise it is a copy of Ansible's own, or no module at all
                self.findings.add(f"{task.where}.module", str(error), error.hint)
            return None
        if own is not None and task.module in MODULES:
            where = next(iter(own.files.values()))
            self.findings.add(
                f"{task.where}.module", f"{task.module} is a module that is there, and also {where}", "rename the file"
            )
            return None
        return own


def _arguments(args: dict[str, Any]) -> dict[str, Any]:
    """Free text that is one template gives all arguments."""
    free = args.get("_raw_params")
    if not is_template(free):
        return args
    return {**{name: value for name, value in args.items() if name != "_raw_params"}, WHOLE_ARGS: free}
