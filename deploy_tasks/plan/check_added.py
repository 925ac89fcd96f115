"""`add_host` before anything runs: the hosts it names are of the inventory, and are reached as the inventory says.

What is known then is what is written out, in the task or in a loop that is written out; what is computed the worker
compares when a host says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import nodes

from deploy_tasks.errors import DocumentError
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.jinja import is_template, parse_template
from deploy_tasks.plan.model import Plan, Task
from deploy_tasks.plan.problems import path_of, suggest
from deploy_tasks.plan.reach import otherwise, refusal
from deploy_tasks.plan.words import WHOLE_ARGS

_HOST, _GROUPS = ("name", "hostname", "host"), ("groups", "groupname", "group")


class _Unknown(Exception):
    """The value is computed on a host."""


def check_added(plan: Plan, inventory: Inventory, findings: Findings) -> None:
    """Note the hosts that tasks add and the inventory lacks, and what they say of a host against the inventory."""
    for task in plan.walk():
        if task.module == "add_host" and WHOLE_ARGS not in task.args:
            _check_task(task, inventory, findings)


def _check_task(task: Task, inventory: Inventory, findings: Findings) -> None:
    key = next((key for key in _HOST if key in task.args), "")
    told: set[tuple[str, str]] = set()
    for item in _items(task) if key else ():
        try:
            name = str(_filled(task.args[key], item))
        except _Unknown:
            continue
        path, (message, hint) = path_of((key,), f"{task.where}.args"), ("", "")
        host = inventory.hosts.get(name)
        if host is None:
            message, hint = _missing(name, inventory)
        elif names := otherwise(host, _said(task, item)):
            path = path_of((names[0],), f"{task.where}.args")
            message, hint = refusal(name, names)
        if message and (path, message) not in told:
            told.add((path, message))
            findings.add(path, message, hint)


def _missing(name: str, inventory: Inventory) -> tuple[str, str]:
    near = suggest(name, inventory.hosts)
    hint = "add it to the inventory: it takes no part in plays that name neither it nor a group it is in"
    return f"{name[:80]!r} is no host of the inventory", f"{near} Or {hint}" if near else hint


def _said(task: Task, item: Mapping[str, Any]) -> dict[str, Any]:
    """The variables whose values are known."""
    found = {}
    for key, value in task.args.items():
        if key not in (*_HOST, *_GROUPS):
            try:
                found[key] = _filled(value, item)
            except _Unknown:
                continue
    return found


def _items(task: Task) -> Iterator[dict[str, Any]]:
    """The loop's variable for each item that is written out; once nothing without a loop, or for one that is
    computed."""
    if isinstance(task.loop, list):
        yield from ({task.loop_var: item} for item in task.loop)
    else:
        yield {}


def _filled(value: Any, item: Mapping[str, Any]) -> Any:
    """A value with the loop's variable filled in. Raises `_Unknown` when anything else is in it."""
    if not is_template(value):
        return value
    try:
        body = parse_template(value, where="").body
    except DocumentError:  # told where the arguments are checked
        raise _Unknown from None
    parts = [part for output in body for part in (output.nodes if isinstance(output, nodes.Output) else (output,))]
    values = [_value(part, item) for part in parts]
    return values[0] if len(values) == 1 else "".join(map(str, values))


def _value(part: nodes.Node, item: Mapping[str, Any]) -> Any:
    match part:
        case nodes.TemplateData(data=text):
            return text
        case nodes.Name(name=name) if name in item:
            return _plain(item[name])
        case nodes.Getattr(node=inner, attr=key) | nodes.Getitem(node=inner, arg=nodes.Const(value=key)):
            found = _value(inner, item)
            if isinstance(found, dict) and key in found:
                return _plain(found[key])
    raise _Unknown


def _plain(value: Any) -> Any:
    if is_template(value):
        raise _Unknown
    return value
