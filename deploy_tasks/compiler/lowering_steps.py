"""Plays, blocks, includes and tasks as the program carries them (docs/program.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, count
from typing import Any

from deploy_tasks.compiler import patterns
from deploy_tasks.compiler.expressions import Node, lower_condition, lower_value
from deploy_tasks.compiler.templates import Attempt, Files
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.jinja_pieces import expression
from deploy_tasks.plan.model import OF_PLAY, Block, Include, OwnModule, Plan, Play, Step, Task, VarsFile
from deploy_tasks.plan.words import WHOLE_ARGS

# The modules that one host performs for all of its batch.
_FOR_ALL = frozenset({"add_host", "pause"})
# The modules that take expressions as text: which argument.
_EXPRESSIONS = {"assert": "that", "debug": "var"}
# Strategies in which hosts do not wait for each other: each of them performs what is to run once, as with Ansible.
_FREE = frozenset({"free", "host_pinned"})


class Names:
    """The ids of tasks in a program. What other hosts are asked about must have an id of its own."""

    def __init__(self, plan: Plan) -> None:
        self._count = Counter(task.id for task in plan.walk())
        self._given: Counter[str] = Counter()
        self._includes: set[str] = set(self._count)

    def of_include(self, include: Include) -> str:
        """The include's id; an own one when it is performed by one host alone."""
        if not include.run_once:
            return include.id
        numbered = (f"{include.id}#{number}" for number in count(2))
        name = next(name for name in chain([include.id], numbered) if name not in self._includes)
        self._includes.add(name)
        return name

    def of(self, task: Task) -> str:
        """The task's id, with a number where several have it."""
        limited = task.throttle is not None or task.serial is not None
        named = task.module in _FOR_ALL or task.module == "group_by"
        asks = task.run_once or task.delegate_to is not None or limited or named
        if not asks or self._count[task.id] == 1:
            return task.id
        self._given[task.id] += 1
        name = f"{task.id}#{self._given[task.id]}"
        return name if name not in self._count else self.of(task)


# The modules that do nothing on the host, so that nobody's rights matter.
_RIGHTLESS = frozenset(
    ("add_host", "assert", "async_status", "debug", "fail", "group_by", "include_vars", "meta", "pause", "set_fact")
) | {"set_stats", "validate_argument_spec"}


class Steps:
    """Lowers the plays of one plan; what is wrong goes to `attempt`, what tasks need to `files`."""

    def __init__(self, attempt: Attempt, files: Files, plan: Plan) -> None:
        self._attempt, self._files = attempt, files
        # Results of playbooks tell the condition that did not hold, as Ansible's do.
        self._tells = plan.format == "playbook"
        self._become = plan.become
        self._names = Names(plan)
        self._lines = plan.lines
        self._waits = True

    def play(self, play: Play) -> dict[str, Any]:
        """A play; the facts it gathers are for the whole plan to settle."""
        where = play.where
        self._waits = play.strategy not in _FREE
        return given(
            name=play.name or play.id,
            only=self._only(play.hosts, f"{where}.hosts"),
            vars=self._value(play.vars, f"{where}.vars"),
            vars_files=[self._vars_file(file) for file in play.vars_files],
            defaults=self._value(play.defaults, f"{where}.defaults"),
            role_vars=self._value(play.role_vars, f"{where}.role_vars"),
            role_names=list(_roles(play.tasks, depended=False)),
            dependency_names=list(dict.fromkeys(_roles(play.tasks, depended=True))),
            gather=(self._tells and play.gather_facts is not False) or None,
            force_handlers=play.force_handlers or None,
            playbook_dir=play.playbook_dir,
            continued=play.continued or None,
            tasks=[self._step(step, ()) for step in play.tasks],
            handlers=[self._step(step, ()) for step in self._handlers(play.handlers)],
        )

    def _vars_file(self, file: VarsFile) -> dict[str, Any]:
        choices = {name: self._value(each, f"{file.where} ({name})") for name, each in file.choices.items()}
        return given(names=self._values(file.names, file.where), where=file.where) | {"choices": choices}

    def _handlers(self, handlers: Sequence[Step]) -> Iterator[Step]:
        """The handlers; a block that says nothing about its handlers is left away."""
        for handler in handlers:
            if not isinstance(handler, Block) or _says(handler):
                yield handler
            else:
                yield from handler.block

    def _step(self, step: Step, tags: tuple[str, ...]) -> dict[str, Any]:
        if isinstance(step, Task):
            return self._task(step, tags)
        if isinstance(step, Block):
            return self._block(step, tags)
        return self._include(step, tags)

    def _block(self, block: Block, tags: tuple[str, ...]) -> dict[str, Any]:
        where = block.where
        inherited = _union(tags, block.tags)
        parts = {"block": block.block, "rescue": block.rescue, "always": block.always, "undo": block.undo}
        found = given(
            name=self._value(block.name, f"{where}.name"),
            when=self._conditions(block.when, f"{where}.when"),
            tags=list(inherited),
            vars=self._value(block.vars, f"{where}.vars"),
            role=block.role,
            role_path=block.role_path,
            once=block.once,
            defaults=self._value(block.defaults, f"{where}.defaults"),
            role_vars=self._value(block.role_vars, f"{where}.role_vars"),
            params=self._value(block.params, f"{where}.params"),
            where=where if block.loop is not None else None,
            **{name: [self._step(step, inherited) for step in steps] for name, steps in parts.items()},
        ) | self._loop(block)
        # What makes it a block, even an empty one.
        return {"block": [], **found}

    def _include(self, include: Include, tags: tuple[str, ...]) -> dict[str, Any]:
        """An include. The tags of what is around it are also those of what it brings, its own are not."""
        where = include.where
        found = given(
            include=include.kind,
            id=self._names.of_include(include),
            name=self._value(include.name, f"{where}.name"),
            target=self._value(include.target, where),
            again=list(include.again),
            search=list(include.search),
            when=self._conditions(include.when, f"{where}.when"),
            tags=list(_union(tags, include.tags)),
            vars=self._value(include.vars, f"{where}.vars"),
            ignore_errors=self._value(include.ignore_errors, f"{where}.ignore_errors") or None,
            register=include.register,
            args=include.args if include.register else None,
            run_once=(self._waits and self._value(include.run_once, f"{where}.run_once")) or None,
            public=include.public or None,
            listen=list(include.listen),
            where=where,
            line=self._lines.get(where),
        )
        choices = {name: [self._step(step, tags) for step in steps] for name, steps in include.choices.items()}
        return found | {"choices": choices} | self._loop(include) | self._loop_control(include)

    def _task(self, task: Task, tags: tuple[str, ...]) -> dict[str, Any]:
        where = task.where
        self._files.note(task)
        return (
            given(
                id=self._names.of(task),
                name=self._value(task.name, f"{where}.name"),
                module="own" if task.own else task.module,
                args=self._own(task, task.own) if task.own else self._arguments(task),
                only=self._only(task.only, f"{where}.hosts"),
                when=self._conditions(task.when, f"{where}.when"),
                check_mode_only=task.check_mode_only,
                tags=list(_union(tags, task.tags)),
                skip_tags=list(task.skip_tags),
                register=task.register,
                notify=self._values(task.notify, f"{where}.notify"),
                listen=list(task.listen),
                vars=self._value(task.vars, f"{where}.vars"),
                environment=self._value(task.environment, f"{where}.environment"),
                no_log=self._value(task.no_log, f"{where}.no_log") or None,
                check_mode=self._value(task.check_mode, f"{where}.check_mode"),
                timeout_s=self._value(task.timeout_s, f"{where}.timeout"),
                on_failure=None if task.on_failure == "abort" else task.on_failure,
                where=where,
                line=self._lines.get(where),
                undo=[self._task(each, ()) for each in task.undo],
                # No tag keeps it from running.
                implicit=True if task.module == "meta" and OF_PLAY.search(task.id) else None,
                **self._repetition(task),
                **self._verdict(task),
                **self._elsewhere(task),
                **self._rights(task),
            )
            | self._loop(task)
            | self._loop_control(task)
        )

    def _loop(self, step: Task | Block | Include) -> dict[str, Any]:
        """The loop, also one over nothing: that is not the same as none."""
        if step.loop is None:
            return {}
        names = given(loop_var=None if step.loop_var == "item" else step.loop_var, index_var=step.index_var)
        return {"loop": self._value(step.loop, f"{step.where}.loop"), **names}

    def _loop_control(self, step: Task | Include) -> dict[str, Any]:
        if step.loop is None:
            return {}
        where = f"{step.where}.loop_control"
        found = given(
            loop_label=self._value(step.loop_label, f"{where}.label"),
            loop_extended=step.loop_extended or None,
            loop_without_allitems=None if step.loop_allitems else True,
        )
        if isinstance(step, Task):
            found |= given(
                loop_pause=self._value(step.loop_pause, f"{where}.pause"),
                break_when=self._conditions(step.break_when, f"{where}.break_when"),
            )
        return found

    def _repetition(self, task: Task) -> dict[str, Any]:
        """When and how often the task is tried again, and whether it runs beside others."""
        where = task.where
        return {
            "until": self._conditions(task.until, f"{where}.until"),
            "retries": self._value(task.retries, f"{where}.retries"),
            "delay": self._value(task.delay, f"{where}.delay"),
            "async": self._value(task.async_s, f"{where}.async"),
            "poll": self._value(task.poll_s, f"{where}.poll"),
        }

    def _verdict(self, task: Task) -> dict[str, Any]:
        """What decides whether the task counts as changed or failed. An empty list is not the same as none."""
        ignore = self._value(task.ignore_errors, f"{task.where}.ignore_errors") or None
        found: dict[str, Any] = {"ignore_errors": ignore}
        for name, conditions in (("changed_when", task.changed_when), ("failed_when", task.failed_when)):
            if conditions:
                found[name] = self._conditions(conditions, f"{task.where}.{name}")
        return found

    def _elsewhere(self, task: Task) -> dict[str, Any]:
        """Which host performs the task for whom, and the variables that came along for it."""
        where = task.where
        return {
            "diff": self._value(task.diff, f"{where}.diff"),
            "delegate_to": self._value(task.delegate_to, f"{where}.delegate_to"),
            "delegate_facts": task.delegate_facts or None,
            "run_once": (self._waits and self._runs_once(task)) or None,
            "throttle": self._value(task.throttle, f"{where}.throttle"),
            "serial": task.serial,
            "ignore_unreachable": task.ignore_unreachable or None,
            "var_files": {name: self._value(each, f"{where} ({name})") for name, each in task.var_files.items()},
            "search": list(task.search) if task.var_files or self._files.looks_up(task) else None,
        }

    def _runs_once(self, task: Task) -> Any:
        if task.module == "add_host" or (self._tells and task.module in _FOR_ALL):
            return True
        return self._value(task.run_once, f"{task.where}.run_once")

    def _rights(self, task: Task) -> dict[str, Any]:
        """Whose rights the task has, where they are not those of the whole program."""
        if task.module in _RIGHTLESS:
            return {}
        where = task.where
        if isinstance(task.become, str):
            become = self._value(task.become, f"{where}.become")
        else:
            become = False if self._become and not task.become else None
        user = task.become_user if task.become and task.become_user != "root" else None
        return {"become": become, "become_user": self._value(user, f"{where}.become_user")}

    def _arguments(self, task: Task) -> dict[str, Any]:
        """The arguments as values. Where a module takes expressions as text, their trees stand beside the text."""
        where = f"{task.where}.args"
        argument = _EXPRESSIONS.get(task.module)
        if argument is None or argument not in task.args:
            return self._named(task.args, where) if task.module == "set_fact" else self._value(task.args, where) or {}
        text = task.args[argument]
        rest = {name: value for name, value in task.args.items() if name != argument}
        several = isinstance(text, (list, tuple))
        trees = self._nodes(text if several else [text], f"{where}.{argument}")
        whole: Any = trees if task.module == "assert" else trees[0] if trees else None
        return {argument: text, f"_{argument}": {"$": ["lit", whole]}} | (self._value(rest, where) or {})

    def _own(self, task: Task, own: OwnModule) -> dict[str, Any]:
        """The arguments of the module `own`: which of the plan's it is, what that can do, and what it is given."""
        return {
            **own.model_dump(include={"name", "files", "style", "check", "undo"}),
            "no_log": self._value(task.no_log, f"{task.where}.no_log"),
            "arguments": self._value(_all_of(task.args), f"{task.where}.args") or {},
        }

    def _named(self, facts: Mapping[str, Any], where: str) -> Any:
        """The facts of set_fact, whose names may be templates."""
        lowered = self._value(facts, where) or {}
        if not any(is_template(name) for name in facts):
            return lowered
        pairs = [[["value", self._value(name, where)], ["value", value]] for name, value in lowered.items()]
        return {"$": ["dict", *pairs]}

    def _value(self, value: Any, where: str) -> Any:
        return self._attempt(where, lambda: lower_value(value, where=where))

    def _values(self, values: Iterable[Any], where: str) -> list[Any]:
        return [self._value(value, where) for value in values]

    def _nodes(self, conditions: Iterable[object], where: str) -> list[Node]:
        found = [self._attempt(where, partial(lower_condition, condition, where=where)) for condition in conditions]
        return [node for node in found if node is not None]

    def _conditions(self, conditions: Iterable[object], where: str) -> list[Node]:
        """Conditions of a step, in a playbook with their text."""
        if not self._tells:
            return self._nodes(conditions, where)
        written: dict[object, bool] = {"true": True, "false": False}
        return [["cond", node, written.get(text, text)] for text in conditions for node in self._nodes([text], where)]

    def _only(self, host_patterns: Sequence[str], where: str) -> Node | None:
        condition = self._attempt(where, lambda: patterns.condition(host_patterns))
        return None if condition is None else lower_condition(condition, where=where)


def _all_of(args: Mapping[str, Any]) -> Any:
    """The arguments as one value: where a variable gives some as a whole, a template with the others over it."""
    if WHOLE_ARGS not in args:
        return args
    others = {name: value for name, value in args.items() if name != WHOLE_ARGS}
    if not others:
        return args[WHOLE_ARGS]
    return f"{{{{ {expression(args[WHOLE_ARGS])} | combine({expression(others)}) }}}}"


def given(**fields: Any) -> dict[str, Any]:
    """The fields that say something: absent means the default."""
    return {name: value for name, value in fields.items() if value not in (None, [], {}, "")}


def _says(block: Block) -> bool:
    """Whether a block means something for the handlers in it."""
    values: tuple[Mapping[str, Any], ...] = (block.vars, block.defaults, block.role_vars, block.params)
    return bool(block.role or block.when or block.tags or any(values))


def _roles(steps: Iterable[Step], *, depended: bool) -> Iterator[str]:
    """The names of the roles among the steps, one for every use, or else of those that roles depend on."""
    for step in steps:
        if not isinstance(step, Block):
            continue
        if step.role:
            if not depended:
                yield step.role
            continue
        *before, last = step.block or (None,)
        if isinstance(last, Block) and last.role and last.where == step.where:  # a role after what it depends on
            yield from _roles([each for each in before if each] if depended else [last], depended=False)
        else:
            yield from _roles((*step.block, *step.rescue, *step.always), depended=depended)


def _union(outer: tuple[str, ...], own: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*outer, *own]))
