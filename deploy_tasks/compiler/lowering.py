"""A plan lowered to the program that the runner executes (docs/program.md).

Everything that can be known is settled here: expressions become trees, host patterns conditions, templates trees.
Keys keep the order of the plan, because loops over a mapping follow it. The same plan and files give the same bytes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from deploy_tasks.compiler import facts, patterns
from deploy_tasks.compiler.embedding import Embedded
from deploy_tasks.compiler.expressions import Node, lower_condition, lower_value
from deploy_tasks.compiler.templates import Files
from deploy_tasks.errors import CompileError, DocumentError, PlanError, Problem
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.model import Block, Inventory, Plan, Play, Step, Task, steps

FORMAT = 1
MAX_PROGRAM = 64 << 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Program:
    """A lowered plan: the JSON the runner reads and the distinct file contents it needs, in order of first use."""

    program: bytes
    embedded: tuple[Embedded, ...]

    @property
    def files(self) -> list[tuple[str, Path]]:
        """Digest and path of each content once."""
        return list({each.digest: (each.digest, each.path) for each in reversed(self.embedded)}.values())[::-1]


def lower(plan: Plan, files: Mapping[str, Path], inventory: Inventory | None = None) -> Program:
    """The program of `plan`; `files` are the controller files it names, by their names in the plan.

    Of the inventory only the facts that host variables refer to are taken; the variables themselves come at run time.
    Raises `PlanError` with everything in it that cannot be lowered, and `CompileError` for unreadable files.
    """
    return _Lowering(files, plan.playbook_dir).plan(plan, _host_expressions(inventory) if inventory else [])


def lower_vars(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables of a host or of the caller as values: templated strings become expressions. Raises `PlanError`."""
    lowering = _Lowering({})
    found = {name: lowering.value(value, name) for name, value in variables.items()}
    lowering.tell()
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

    def values(self, values: Iterable[Any], where: str) -> list[Any]:
        return [self.value(value, where) for value in values]

    def nodes(self, conditions: Iterable[object], where: str) -> list[Node]:
        found = [self.attempt(where, partial(lower_condition, condition, where=where)) for condition in conditions]
        return [node for node in found if node is not None]

    def only(self, host_patterns: Sequence[str], where: str) -> Node | None:
        condition = self.attempt(where, lambda: patterns.condition(host_patterns))
        return None if condition is None else lower_condition(condition, where=where)

    def plan(self, plan: Plan, host_expressions: Sequence[Any]) -> Program:
        plays = [self.play(play) for play in plan.plays]
        self.gather(plan, plays, host_expressions)
        embedded = self.files.embedded()
        self.tell()
        document = {
            "format": FORMAT,
            "name": plan.name,
            "plays": plays,
            "files": {each.name: each.to_json() for each in embedded},
            "templates": self.files.templates,
        }
        return Program(_json(document), embedded)

    def gather(self, plan: Plan, plays: Sequence[dict[str, Any]], host_expressions: Sequence[Any]) -> None:
        """Give each lowered play the facts it gathers."""
        needs = [
            (play.gather_facts is not False, facts.subsets([lowered, *self.files.used_by(play), *host_expressions]))
            for play, lowered in zip(plan.plays, plays, strict=True)
        ]
        for lowered, gathered in zip(plays, facts.spread(needs), strict=True):
            lowered["facts"] = gathered

    def play(self, play: Play) -> dict[str, Any]:
        where = play.where
        return _given(
            name=play.name or play.id,
            only=self.only(play.hosts, f"{where}.hosts"),
            vars=self.value(play.vars, f"{where}.vars"),
            tasks=[self.step(step, ()) for step in play.tasks],
            handlers=[self.task(handler, ()) for step in play.handlers for handler in steps(step)],
        )

    def step(self, step: Step, tags: tuple[str, ...]) -> dict[str, Any]:
        if isinstance(step, Task):
            return self.task(step, tags)
        if isinstance(step, Block):
            return self.block(step, tags)
        raise CompileError(f"{step.where}: includes that are decided on the host cannot be compiled")

    def block(self, block: Block, tags: tuple[str, ...]) -> dict[str, Any]:
        inherited = _union(tags, block.tags)
        parts = {"block": block.block, "rescue": block.rescue, "always": block.always}
        found = _given(
            name=self.value(block.name, f"{block.where}.name"),
            when=self.nodes(block.when, f"{block.where}.when"),
            tags=list(inherited),
            vars=self.value(block.vars, f"{block.where}.vars"),
            **{name: [self.step(step, inherited) for step in steps] for name, steps in parts.items()},
        )
        # What makes it a block, even an empty one.
        return {"block": [], **found}

    def task(self, task: Task, tags: tuple[str, ...]) -> dict[str, Any]:
        where = task.where
        self.files.note(task)
        return _given(
            id=task.id,
            name=self.value(task.name, f"{where}.name"),
            module=task.module,
            args=self.arguments(task),
            only=self.only(task.only, f"{where}.hosts"),
            when=self.nodes(task.when, f"{where}.when"),
            check_mode_only=task.check_mode_only,
            tags=list(_union(tags, task.tags)),
            skip_tags=list(task.skip_tags),
            register=task.register,
            notify=self.values(task.notify, f"{where}.notify"),
            listen=list(task.listen),
            vars=self.value(task.vars, f"{where}.vars"),
            environment=self.value(task.environment, f"{where}.environment"),
            no_log=task.no_log or None,
            check_mode=task.check_mode,
            timeout_s=task.timeout_s,
            on_failure=None if task.on_failure == "abort" else task.on_failure,
            where=where,
            **self.repetition(task),
            **self.verdict(task),
        ) | self.loop(task)

    def loop(self, task: Task) -> dict[str, Any]:
        """The loop, also one over nothing: that is not the same as none."""
        if task.loop is None:
            return {}
        names = _given(loop_var=None if task.loop_var == "item" else task.loop_var, index_var=task.index_var)
        return {"loop": self.value(task.loop, f"{task.where}.loop"), **names}

    def repetition(self, task: Task) -> dict[str, Any]:
        """When and how often the task is tried again."""
        where = task.where
        return {
            "until": self.nodes(task.until, f"{where}.until"),
            "retries": self.value(task.retries, f"{where}.retries"),
            "delay": self.value(task.delay, f"{where}.delay"),
        }

    def verdict(self, task: Task) -> dict[str, Any]:
        """What decides whether the task counts as changed or failed. An empty list is not the same as none."""
        found: dict[str, Any] = {"ignore_errors": self.value(task.ignore_errors, f"{task.where}.ignore_errors") or None}
        for name, conditions in (("changed_when", task.changed_when), ("failed_when", task.failed_when)):
            if conditions:
                found[name] = self.nodes(conditions, f"{task.where}.{name}")
        return found

    def arguments(self, task: Task) -> dict[str, Any]:
        """The arguments as values. Where a module takes expressions as text, their trees stand beside the text."""
        where = f"{task.where}.args"
        expressions = {"assert": "that", "debug": "var"}.get(task.module)
        if expressions is None or expressions not in task.args:
            return self.value(task.args, where) or {}
        text = task.args[expressions]
        rest = {name: value for name, value in task.args.items() if name != expressions}
        several = isinstance(text, (list, tuple))
        trees = self.nodes(text if several else [text], f"{where}.{expressions}")
        whole: Any = trees if task.module == "assert" else trees[0] if trees else None
        return {expressions: text, f"_{expressions}": {"$": ["lit", whole]}} | (self.value(rest, where) or {})


def _host_expressions(inventory: Inventory) -> list[Any]:
    """The expressions in the hosts' variables, each once. One that cannot be read is told where variables are used."""
    texts = {text: None for host in inventory.hosts.values() for text in _templates(host.vars)}
    found = []
    for text in texts:
        with contextlib.suppress(DocumentError):
            found.append(lower_value(text, where=""))
    return found


def _templates(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if is_template(value):
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _templates(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _templates(item)


def _union(outer: tuple[str, ...], own: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*outer, *own]))


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that say something: absent means the default."""
    return {name: value for name, value in fields.items() if value not in (None, [], {}, "")}


def _json(document: dict[str, Any]) -> bytes:
    try:
        data = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, UnicodeEncodeError) as error:
        raise CompileError(f"the plan holds a value that a program cannot: {error}") from None
    if len(data) > MAX_PROGRAM:
        raise CompileError(f"the program has {len(data)} bytes, at most {MAX_PROGRAM} are allowed")
    return data
