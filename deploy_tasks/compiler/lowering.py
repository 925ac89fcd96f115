"""A plan lowered to the program that the runner executes (docs/program.md).

Everything that can be known is settled here: expressions become trees, host patterns conditions, templates trees.
Keys keep the order of the plan, because loops over a mapping follow it. The same plan and files give the same bytes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from deploy_tasks.compiler import asking, facts, fetched_places, parts
from deploy_tasks.compiler.embedding import Embedded
from deploy_tasks.compiler.expressions import lower_parts, lower_value
from deploy_tasks.compiler.lowering_steps import Steps, given
from deploy_tasks.compiler.templates import Files
from deploy_tasks.errors import CompileError, DocumentError, PlanError, Problem
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.jinja_parts import read_parts
from deploy_tasks.plan.lookup_files import plan_looks_up
from deploy_tasks.plan.model import Block, Include, Inventory, OwnModule, Plan, Step
from deploy_tasks.plan.texts import texts

FORMAT = 1
MAX_PROGRAM = 64 << 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Program:
    """A lowered plan: the JSON the runner reads, the distinct file contents it needs, in order of first use, and the
    parts that the runner must have, sorted; and the modules that the plan brings itself."""

    program: bytes
    embedded: tuple[Embedded, ...]
    parts: tuple[str, ...] = ()
    own: tuple[OwnModule, ...] = ()

    @property
    def files(self) -> list[tuple[str, Path]]:
        """Digest and path of each content once."""
        return _contents(self.embedded)

    def files_for(self, target: str) -> list[tuple[str, Path]]:
        """As `files`, without the executables that are for other targets than this triple."""
        return _contents([each for each in self.embedded if each.target in (None, target)])


def _contents(embedded: Sequence[Embedded]) -> list[tuple[str, Path]]:
    return list({each.digest: (each.digest, each.path) for each in reversed(embedded)}.values())[::-1]


def lower(
    plan: Plan,
    files: Mapping[str, Path],
    inventory: Inventory | None = None,
    extra_vars: Mapping[str, Any] | None = None,
) -> Program:
    """The program of `plan`; `files` are the controller files it names, by their names in the plan.

    Of the inventory and of `extra_vars` only the facts and the parts of the runner count that their expressions need,
    and the names of files that lookups may mean; the variables themselves come at run time.
    Raises `PlanError` with everything in it that cannot be lowered, and `CompileError` for unreadable files.
    """
    return _Lowering(files, plan.playbook_dir).plan(plan, inventory, _expressions(plan, inventory, extra_vars or {}))


def lower_vars(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables of a host or of the caller as values: templated strings become expressions. Raises `PlanError`."""
    lowering = _Lowering({})
    found = {name: lowering.value(value, name) for name, value in variables.items()}
    lowering.tell()
    return found


def lower_secrets(plan: Plan) -> dict[str, Any]:
    """The secret variables of a plan as values. Raises `PlanError`."""
    held = {variable: name for name, variable in plan.secret_templates.items()}
    found = lower_vars({name: value for name, value in plan.secret_vars.items() if name not in held})
    for variable, name in held.items():
        text = str(plan.secret_vars[variable])
        found[variable] = {"$": lower_parts(read_parts(text, where=name), text)}
    return found


class _Lowering:
    def __init__(self, files: Mapping[str, Path], playbook_dir: str = "") -> None:
        self.problems: list[Problem] = []
        self.files = Files(files, self.attempt, playbook_dir)

    def attempt(self, where: str, work: Callable[[], T]) -> T | None:
        """The result of `work`; what it finds wrong is kept for later, so that all of it can be told at once."""
        try:
            return work()
        except DocumentError as error:
            self.problems.extend(error.problems)
        except CompileError as error:
            self.problems.append(Problem(where, str(error), hint=error.hint))
        return None

    def tell(self) -> None:
        """Raise what was found wrong."""
        if self.problems:
            raise PlanError(self.problems)

    def value(self, value: Any, where: str) -> Any:
        return self.attempt(where, lambda: lower_value(value, where=where))

    def plan(self, plan: Plan, inventory: Inventory | None, told: Sequence[Any]) -> Program:
        self.files.look_up(plan, inventory)
        lowering = Steps(self.attempt, self.files, plan)
        plays = [lowering.play(play) for play in plan.plays]
        self.gather(plan, plays, told)
        embedded = self.files.embedded()
        self.tell()
        document = {
            "format": FORMAT,
            "name": plan.name,
            **given(playbook_dir=plan.playbook_dir),
            "plays": plays,
            "files": {each.name: each.to_json() for each in embedded},
            "templates": self.files.templates | {name: ["var", held] for name, held in plan.secret_templates.items()},
            **given(others=_others(plan), secret_files=plan.secret_files),
        }
        self.problems += [*asking.refused(document), *fetched_places.refused(document)]
        self.tell()
        return Program(_json(document), embedded, parts.needed([document, *told]), tuple(self.files.own.values()))

    def gather(self, plan: Plan, plays: Sequence[dict[str, Any]], told: Sequence[Any]) -> None:
        """Give each lowered play the facts it gathers."""
        needs = [
            (play.gather_facts is not False, facts.subsets([lowered, *self.files.used_by(play), *told]))
            for play, lowered in zip(plan.plays, plays, strict=True)
        ]
        asked = [play.gather_subset for play in plan.plays]
        for lowered, gathered, subset in zip(plays, facts.spread(needs), asked, strict=True):
            lowered["facts"] = facts.within(gathered, subset)


def _others(plan: Plan) -> list[str]:
    """The files that came along as variables and tasks; lookups find them by their names."""
    found = {name for play in plan.plays for file in play.vars_files for name in file.choices}
    found.update(name for task in plan.walk() for name in task.var_files)
    found.update(name for include in _includes(plan) if include.kind == "tasks" for name in include.choices)
    return sorted(found) if plan_looks_up(plan) else []


def _includes(plan: Plan) -> Iterator[Include]:
    pending: list[Step] = [step for play in plan.plays for step in (*play.tasks, *play.handlers)]
    while pending:
        step = pending.pop()
        if isinstance(step, Block):
            pending += [*step.block, *step.rescue, *step.always]
        elif isinstance(step, Include):
            yield step
            pending += [inner for choice in step.choices.values() for inner in choice]


def _expressions(plan: Plan, inventory: Inventory | None, extra_vars: Mapping[str, Any]) -> list[Any]:
    """The expressions in variables that come at run time, each once. One that cannot be read is told where variables
    are used."""
    found = []
    for text in dict.fromkeys(texts([plan.secret_vars, extra_vars, *(inventory.variables() if inventory else ())])):
        if not is_template(text):
            continue
        with contextlib.suppress(DocumentError):
            found.append(lower_value(text, where=""))
    return found


def _json(document: dict[str, Any]) -> bytes:
    try:
        data = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, UnicodeEncodeError) as error:
        raise CompileError(f"the plan holds a value that a program cannot: {error}") from None
    if len(data) > MAX_PROGRAM:
        raise CompileError(f"the program has {len(data)} bytes, at most {MAX_PROGRAM} are allowed")
    return data
