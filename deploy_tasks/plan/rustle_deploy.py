"""Format B (rustle-deploy plan) lowered to the normalised plan."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.literals import is_template
from deploy_tasks.plan.mending import validated
from deploy_tasks.plan.model import OnFailure, Plan, Play, Task
from deploy_tasks.plan.operators import expression, variable
from deploy_tasks.plan.order import name_cycle, stable_order
from deploy_tasks.plan.problems import not_among
from deploy_tasks.plan.rustle_deploy_inventory import inventory_of
from deploy_tasks.plan.rustle_deploy_model import Document, RetryPolicy, TargetHosts, TaskDoc
from deploy_tasks.plan.words import module_name, strategy_word

_STRATEGIES = ("Linear", "Rolling", "Free", "HostPinned", "BinaryHybrid", "BinaryOnly", "Parallel")
_ON_FAILURE: dict[str, OnFailure] = {"Abort": "abort", "Continue": "continue", "Rollback": "rollback"}
_WORD = re.compile(r"\W+", re.ASCII)
# An Ansible host pattern has no blanks, quotes, comparisons or calls; a Jinja expression worth writing has.
_JINJA = re.compile(r"[\s'\"()=<>|]|\{\{")
# Arguments that are no module's own: the format carries these task keywords inside `args`.
_LIFTED = ("loop",)
_ORIGINS = {"loop": "loop", "vars": "variables"}


def lower(data: Any, source: str, folder: Path | None, findings: Findings) -> Plan | None:
    """The normalised plan of a format B document. Problems go to `findings`; None: beyond reading."""
    document = validated(Document, data, findings)
    return None if document is None else _plan(document, source, folder, findings)


def _plan(document: Document, source: str, folder: Path | None, findings: Findings) -> Plan:
    named = document.metadata.plan_id if document.metadata else None
    name = named or PurePosixPath(source).stem or "plan"
    config = document.deployment_config or document.deployment
    strategy, serial = _strategy(document.strategy, findings)
    inventory = inventory_of(document.inventory, findings, folder) if document.inventory else None
    hosts = document.inventory.hosts if document.inventory else {}
    play = Play(
        id=name,
        name=name,
        strategy=strategy,
        serial=serial,
        vars=document.vars,
        tasks=tuple(_ordered_tasks(document.tasks, findings)),
        handlers=tuple(_task(task, f"handlers[{number}]", findings) for number, task in enumerate(document.handlers)),
        where="",
    )
    return Plan(
        name=name,
        format="rustle-deploy",
        plays=(play,),
        inventory=inventory,
        hosts=tuple(inventory.hosts) if inventory else (),
        targets={host: entry.target_triple for host, entry in hosts.items() if entry.target_triple},
        verify=config.verify_deployment if config else None,
        deployment_timeout_s=(config.deployment_timeout or None) if config else None,
    )


def _strategy(value: Any, findings: Findings) -> tuple[str, tuple[int | str, ...]]:
    """`"Linear"`, or an object with one key such as `{"Rolling": {"batch_size": 5}}`."""
    name, options = value, None
    if isinstance(value, dict) and len(value) == 1:
        name, options = next(iter(value.items()))
    if value is None:
        return "linear", ()
    if not isinstance(name, str) or name not in _STRATEGIES:
        findings.add("strategy", *not_among(name, _STRATEGIES))
        return "linear", ()
    size = options.get("batch_size") if isinstance(options, dict) else None
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        findings.add(f"strategy.{name}.batch_size", f"must be a count of hosts, not {kind(size)}", "for example 5")
        size = None
    word = "free" if name == "Parallel" else strategy_word(name)
    return word, () if size is None else (size,)


def _ordered_tasks(tasks: list[TaskDoc], findings: Findings) -> list[Task]:
    """The tasks in the order of their dependencies, otherwise as they stand."""
    places: dict[str, int] = {}
    for number, task in enumerate(tasks):
        if places.setdefault(task.id, number) != number:
            findings.add(f"tasks[{number}].id", f"{task.id[:80]!r} is the id of another task too")
    needs: dict[int, list[int]] = {}
    for number, task in enumerate(tasks):
        for index, wanted in enumerate(task.dependencies):
            if wanted in places:
                needs.setdefault(number, []).append(places[wanted])
            else:
                findings.add(f"tasks[{number}].dependencies[{index}]", f"no task has the id {wanted[:80]!r}")
    order = stable_order(len(tasks), needs)
    if order is None:
        circle = name_cycle([task.id for task in tasks], needs)
        findings.add("tasks", f"depend on each other in a circle: {circle}", "take one of these dependencies away")
        order = list(range(len(tasks)))
    return [_task(tasks[number], f"tasks[{number}]", findings) for number in order]


def _task(task: TaskDoc, path: str, findings: Findings) -> Task:
    fields: dict[str, Any] = {}
    with findings.at(path):
        fields = task.normalised()
    args, lifted = _lift(task, path, findings)
    if fields.get("loop") is not None and lifted.get("loop") is not None:
        findings.add(f"{path}.args.loop", "the task has a loop of its own too", "keep one of them")
    fields |= {key: value for key, value in lifted.items() if key != "vars"}
    fields["vars"] = {**fields.get("vars", {}), **lifted.get("vars", {})}
    only, expressions = _targets(task.target_hosts)
    origins = {key: f"args.{_ORIGINS[key]}" for key in lifted}
    if expressions:
        origins["when[0]"] = "target_hosts.Expression"
    for index, condition in enumerate(task.conditions):
        here = f"{path}.conditions[{index}]"
        with findings.at(f"{here}.variable"):
            name = variable(condition.variable)
            with findings.at(f"{here}.value"):
                expressions.append(expression(name, condition.operator, condition.value))
    own = fields.get("when", ())
    if expressions:
        origins |= {f"when[{len(expressions) + index}]": f"when[{index}]" for index in range(len(own))}
    fields |= {"when": (*expressions, *own), "origins": origins}
    if task.retry_policy:
        fields |= _retries(task, task.retry_policy, fields)
    return Task(
        id=task.id,
        name=task.name,
        module=_module(task, path, findings),
        args=args,
        only=only,
        tags=tuple(task.tags),
        notify=tuple(task.notify),
        on_failure=_ON_FAILURE[task.failure_policy or "Abort"],
        where=path,
        **fields,
    )


def _module(task: TaskDoc, path: str, findings: Findings) -> str:
    """`module`, else the module that `task_type` tells."""
    if task.module and task.module.strip():
        return module_name(task.module)
    sort = task.task_type
    if isinstance(sort, str) and sort.strip():
        return strategy_word(sort.strip())
    custom = sort.get("Custom") if isinstance(sort, dict) else None
    name = custom.get("module_name") if isinstance(custom, dict) else None
    if isinstance(name, str) and name.strip():
        return module_name(name)
    findings.add(f"{path}.module", "is missing", 'write "module": "copy"')
    return ""


def _lift(task: TaskDoc, path: str, findings: Findings) -> tuple[dict[str, Any], dict[str, Any]]:
    """The module's own arguments, and the keywords of the task that the format carries among them."""
    args = {key: value for key, value in task.args.items() if key not in _LIFTED}
    lifted: dict[str, Any] = {key: task.args[key] for key in _LIFTED if task.args.get(key) is not None}
    if not isinstance(lifted.get("loop", []), list) and not is_template(lifted["loop"]):
        findings.add(f"{path}.args.loop", f"must be a list or a template, not {kind(lifted['loop'])}")
    if "variables" in args and (task.module or task.task_type) in ("template", "ansible.builtin.template", "Template"):
        variables = args.pop("variables")
        if isinstance(variables, dict):
            lifted["vars"] = variables
        elif variables is not None:
            findings.add(f"{path}.args.variables", f"must be an object, not {kind(variables)}", '{"port": 8080}')
    return args, lifted


def _targets(target: TargetHosts | None) -> tuple[tuple[str, ...], list[str]]:
    """Host patterns and, for an expression that is no pattern, a condition."""
    if target is None:
        return (), []
    if target.expression is None:
        return (*target.groups, *target.hosts), []
    text = target.expression.strip()
    if not _JINJA.search(text):
        return (text,), []
    return (), [text[2:-2].strip() if is_template(text) else text]


def _retries(task: TaskDoc, policy: RetryPolicy, fields: dict[str, Any]) -> dict[str, Any]:
    """`max_attempts` counts the first try, Ansible's `retries` does not."""
    if policy.max_attempts == 1:
        return {}
    register = fields.get("register") or f"_try_{_WORD.sub('_', task.id)}"
    return {
        "register": register,
        "until": fields.get("until") or (f"{register} is succeeded",),
        "retries": policy.max_attempts - 1,
        "delay": _delay(policy, register),
    }


def _delay(policy: RetryPolicy, register: str) -> float | str:
    """Seconds, or an expression over the tries so far when the pause grows."""
    if policy.backoff == "Fixed" or policy.delay == 0:
        return policy.delay
    tries = f"({register}.attempts | default(1))"
    if policy.backoff == "Linear":
        return f"{{{{ {policy.delay} * {tries} }}}}"
    return f"{{{{ {policy.delay} * 2 ** ({tries} - 1) }}}}"
