"""Tasks, blocks and includes: their arguments, expressions and loops, and the handlers that they notify."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from deploy_tasks.plan.check_args import check_args
from deploy_tasks.plan.check_restart import check_restarts
from deploy_tasks.plan.check_undo import check_undo
from deploy_tasks.plan.check_values import check_expression, check_names, check_templates_in, check_variables
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.model import Block, Include, Play, Step, Task
from deploy_tasks.plan.own_spec import spec_of
from deploy_tasks.plan.problems import path_of, suggest

_TEMPLATED = (
    "name", "environment", "notify", "retries", "delay", "loop_label", "loop_pause", "async_s", "poll_s", "delegate_to",
    "become", "become_user", "no_log", "check_mode", "diff", "run_once",
    "throttle", "timeout_s",
)  # fmt: skip


def check_play(play: Play, findings: Findings) -> None:
    """Everything in a play that can be checked without hosts and files."""
    every = [*walk(play.tasks), *walk(play.handlers)]
    seen: set[tuple[str, str]] = set()
    for step in every:
        check_step(step, findings, seen)
    _check_clearing((*play.tasks, *play.handlers), findings)
    check_restarts((*play.tasks, *play.handlers), findings)
    _check_notify(play, [step for step in every if isinstance(step, Task)], findings)
    _check_ids(walk(play.tasks), findings)
    _check_ids(walk(play.handlers), findings)
    layers = {"vars": play.vars}
    if not any(isinstance(step, Block) and step.role for step in every):
        layers |= {"defaults": play.defaults, "role_vars": play.role_vars}
    for name, variables in layers.items():
        check_variables(variables, path_of((name,), play.where), findings)
    for each in play.vars_files:
        check_templates_in(list(each.names), each.where, findings)


def walk(listed: Iterable[Step]) -> Iterator[Step]:
    """Every step, those inside of others after the one that holds them."""
    for step in listed:
        yield step
        if isinstance(step, Block):
            yield from walk((*step.block, *step.rescue, *step.always, *step.undo))
        elif isinstance(step, Task):
            yield from walk(step.undo)
        elif isinstance(step, Include):
            for choice in step.choices.values():
                yield from walk(choice)


def check_step(step: Step, findings: Findings, seen: set[tuple[str, str]] | None = None) -> None:
    """What a step says itself. Variables of a role are looked at once when `seen` remembers which were."""
    if not isinstance(step, Include):
        check_undo(step, findings)
    if isinstance(step, Task):
        check_args(step, findings)
        _check_keywords(step, findings)
        return
    for index, text in enumerate(step.when):
        check_expression(text, f"{step.where}.when[{index}]", findings)
    check_variables(step.vars, f"{step.where}.vars", findings)
    check_templates_in(step.name, f"{step.where}.name", findings)
    _check_loop(step.loop, f"{step.where}.loop", findings)
    if isinstance(step, Include):
        check_templates_in(step.target, f"{step.where}.args", findings)
        check_templates_in(step.loop_label, f"{step.where}.loop_label", findings)
        return
    check_variables(step.params, f"{step.where}.params", findings)
    remembered = set() if seen is None else seen
    for part, variables in (("defaults", step.defaults), ("role_vars", step.role_vars)):
        if variables and (step.role_path or step.where, part) not in remembered:
            remembered.add((step.role_path or step.where, part))
            check_variables(variables, f"{step.where}.{part}", findings)


def _check_loop(loop: Any, path: str, findings: Findings) -> None:
    check_templates_in(loop, path, findings)
    if isinstance(loop, str) and not is_template(loop):
        findings.add(path, "must be a list or a template", 'for example "{{ packages }}"')


def _check_clearing(listed: Iterable[Step], findings: Findings, *, rescuing: bool = False) -> None:
    """`meta: clear_host_errors` brings no host back that has failed: only in a rescue there is none to bring back."""
    for step in listed:
        if isinstance(step, Block):
            _check_clearing(step.block, findings, rescuing=rescuing)
            _check_clearing(step.rescue, findings, rescuing=True)
            _check_clearing(step.always, findings, rescuing=rescuing)
        elif isinstance(step, Include):
            for choice in step.choices.values():
                _check_clearing(choice, findings, rescuing=rescuing)
        elif not rescuing and step.module == "meta" and step.args.get("_raw_params") == "clear_host_errors":
            hint = "a host that failed takes part in nothing more: rescue its failure, or ignore it with ignore_errors"
            findings.add(f"{step.where}.args", "clear_host_errors is not supported outside of a rescue", hint)


def _check_notify(play: Play, tasks: Iterable[Task], findings: Findings) -> None:
    heard = set(_heard(play.handlers, ()))
    if any(is_template(name) for name in heard):
        return  # the name of a handler may be decided on the host
    for task in tasks:
        for index, name in enumerate(task.notify):
            if name not in heard and not is_template(name):
                hint = suggest(name, heard) or ("known are " + ", ".join(sorted(heard)) if heard else None)
                findings.add(task.path(f"notify[{index}]"), f"there is no handler {name[:80]!r}", hint)


def _heard(handlers: Iterable[Step], roles: tuple[str, ...]) -> Iterator[str]:
    """What the handlers answer to: names, ids, topics, and `ROLE : NAME`."""
    for step in handlers:
        if isinstance(step, (Task, Include)):
            yield from (step.name, step.id, *step.listen)
            yield from (f"{role} : {step.name}" for role in roles)
        else:
            yield from _heard((*step.block, *step.rescue, *step.always), (*roles, step.role) if step.role else roles)


def _check_ids(listed: Iterable[Step], findings: Findings) -> None:
    seen: set[str] = set()
    for step in listed:
        if isinstance(step, Block):
            continue
        if step.id in seen:
            findings.add(step.where, f"{step.id[:80]!r} is the id of another task too")
        seen.add(step.id)


def _check_keywords(task: Task, findings: Findings) -> None:
    conditions = {
        "when": task.when,
        "until": task.until,
        "changed_when": task.changed_when or (),
        "failed_when": task.failed_when or (),
        "break_when": task.break_when,
    }
    for keyword, expressions in conditions.items():
        for index, text in enumerate(expressions):
            check_expression(text, task.path(f"{keyword}[{index}]"), findings)
    spec = spec_of(task)
    for key, value in task.args.items():
        path = path_of((key,), f"{task.where}.args")
        name = spec.canonical(key) if spec else None
        if spec and name and spec.args[name].expression:
            for index, text in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(text, str) and not is_template(text):
                    check_expression(text, f"{path}[{index}]", findings)
        else:
            check_templates_in(value, path, findings)
    if task.module == "set_fact":
        names = [key for key in task.args if key != "cacheable"]
        check_names([name for name in names if not is_template(name)], f"{task.where}.args", findings)
        check_templates_in([name for name in names if is_template(name)], f"{task.where}.args", findings)
    if task.serial is not None and task.run_once is True:
        findings.add(task.path("serial"), "says nothing of a task that one host performs for all", "leave it out")
    check_variables(task.vars, task.path("vars"), findings)
    for keyword in _TEMPLATED:
        check_templates_in(getattr(task, keyword), task.path(keyword), findings)
    for name, variables in task.var_files.items():
        check_templates_in(variables, name, findings)
    _check_loop(task.loop, task.path("loop"), findings)
    if isinstance(task.ignore_errors, str):
        check_expression(task.ignore_errors, f"{task.where}.ignore_errors", findings)
