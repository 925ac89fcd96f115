"""One task as it stands in a playbook: its keywords, its module with the arguments, its loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.loops import check_loop, is_with, loop_of
from deploy_tasks.plan.model import Task
from deploy_tasks.plan.playbook import concealed, entries
from deploy_tasks.plan.playbook.arguments import INCLUDES, read_call
from deploy_tasks.plan.playbook.common import COMMON, Common, Inherited, common_of, refuse_unknown
from deploy_tasks.plan.playbook.entries import Reader, read_all
from deploy_tasks.plan.playbook.reading import Reading
from deploy_tasks.plan.problems import path_of

__all__ = ["INCLUDES", "LOOP_KEYS", "TASK_KEYS", "TaskDoc", "build_task", "read_loop", "read_task"]

_CONTROL: Mapping[str, Reader] = MappingProxyType(
    {
        "loop_var": entries.variable,
        "index_var": entries.variable,
        "label": lambda value: value,
        "pause": entries.number,
        "extended": entries.switch,
        "extended_allitems": entries.switch,
        "break_when": entries.conditions,
    }
)
# Keyword → field of the plan's task.
_FIELDS: Mapping[str, tuple[str, Reader]] = MappingProxyType(
    {
        "register": ("register", entries.variable),
        "changed_when": ("changed_when", entries.conditions),
        "failed_when": ("failed_when", entries.conditions),
        "until": ("until", entries.conditions),
        "retries": ("retries", entries.number),
        "delay": ("delay", entries.number),
        "async": ("async_s", entries.number),
        "poll": ("poll_s", entries.number),
        "listen": ("listen", entries.names),
        "serial": ("serial", entries.share),
    }
)
_CALLS = frozenset({"action", "local_action", "args", "undo"})
LOOP_KEYS = frozenset({"loop", "loop_control"})
TASK_KEYS = COMMON | LOOP_KEYS | _CALLS | frozenset(_FIELDS)
# What a key with a typing mistake may have been.
_NAMES = sorted(
    TASK_KEYS | {"block", "with_dict", "with_fileglob", "with_first_found", "with_items", "with_subelements"}
)


@dataclass(frozen=True, slots=True)
class TaskDoc:
    """One task as written, brought to one spelling.

    `fields` are fields of the plan's `Task`: the loop, `register`, the conditions of the result; `given` are the
    keywords that were written.
    """

    where: str
    module: str
    args: dict[str, Any]
    common: Common
    fields: dict[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()


def read_task(data: Any, where: str, ctx: Reading, *, handler: bool = False) -> TaskDoc | None:
    """The task at `where`. None when nothing can be said of it; what is wrong is noted in any case."""
    if not isinstance(data, dict):
        example = 'for example - copy: {src: app.conf, dest: "/etc/app.conf"}'
        ctx.findings.add(where, f"a task is a mapping, not {kind(data)}", example)
        return None
    data = concealed.element(data, where, ctx)
    common = common_of(data, where, ctx.findings)
    fields = _task_fields(data, where, ctx, handler) | read_loop(data, where, ctx)
    candidates = [key for key in data if key not in TASK_KEYS and not is_with(key)]
    call = read_call(data, candidates, _NAMES, where, ctx.findings, ctx.own)
    if call is None:
        return None
    ctx.places.alias(f"{where}.args", path_of((call.key,), where))
    ctx.places.alias(f"{where}.module", path_of((call.key,), where))
    return TaskDoc(
        where=where,
        module=call.module,
        args=concealed.arguments(call.module, call.args, where, ctx),
        common=common.delegated("localhost") if call.local else common,
        fields=fields,
        given=frozenset(key for key in data if key in TASK_KEYS or is_with(key)),
    )


def build_task(doc: TaskDoc, inherited: Inherited, ctx: Reading, **update: Any) -> Task:
    """The plan's task of a document, with what it takes over from around it; `update` sets further fields."""
    own = doc.common
    rule = inherited.under(own)
    delegate_to = rule.delegate_to or ("localhost" if rule.connection == "local" else None)
    made: dict[str, Any] = {
        "id": ctx.fresh_id(),
        "name": own.name or doc.module,
        "module": doc.module,
        "args": rule.arguments(doc.module, doc.args),
        "when": own.when,
        "tags": own.tags,
        "vars": own.vars,
        "notify": rule.notify,
        "environment": rule.variables(),
        "ignore_errors": _given(rule.ignore_errors, False),
        "ignore_unreachable": bool(rule.ignore_unreachable),
        "no_log": _given(rule.no_log, False),
        "check_mode": rule.check_mode,
        "diff": rule.diff,
        "timeout_s": rule.timeout,
        "become": rule.become,
        "become_user": rule.become_user,
        "delegate_to": delegate_to,
        "delegate_facts": bool(rule.delegate_facts),
        "run_once": _given(rule.run_once, False),
        "throttle": rule.throttle,
        "any_errors_fatal": bool(rule.any_errors_fatal),
        "where": doc.where,
    }
    return Task(**{**made, **doc.fields, **update})


def read_loop(data: Mapping[str, Any], where: str, ctx: Reading) -> dict[str, Any]:
    """The fields of a task's or block's loop: `loop`, `loop_var` and so on; those that are not given are not there."""
    data = concealed.element(data, where, ctx)
    forms = [key for key in data if (key == "loop" and data[key] is not None) or is_with(key)]
    found: dict[str, Any] = {}
    if len(forms) > 1:
        path = path_of((forms[1],), where)
        ctx.findings.add(path, f"{forms[0]} and {forms[1]} exclude each other", "keep one of them")
    elif forms:
        key = forms[0]
        ctx.places.alias(f"{where}.loop", path_of((key,), where))
        with ctx.findings.at(path_of((key,), where)):
            found["loop"] = check_loop(data[key]) if key == "loop" else loop_of(key, data[key])
    return found | _control(data.get("loop_control"), where, ctx)


def _control(given: Any, where: str, ctx: Reading) -> dict[str, Any]:
    path = f"{where}.loop_control"
    if given is None:
        return {}
    if not isinstance(given, dict):
        hint = "for example loop_control: {loop_var: user}"
        ctx.findings.add(path, f"must be a mapping, not {kind(given)}", hint)
        return {}
    refuse_unknown(given, _CONTROL, path, ctx.findings)
    read = read_all(given, _CONTROL, path, ctx.findings)
    names = {"label": "loop_label", "pause": "loop_pause", "extended": "loop_extended"}
    names["extended_allitems"] = "loop_allitems"
    for key in _CONTROL:
        ctx.places.alias(f"{where}.{names.get(key, key)}", f"{path}.{key}")
    return {names.get(key, key): value for key, value in read.items()}


def _task_fields(data: Mapping[str, Any], where: str, ctx: Reading, handler: bool) -> dict[str, Any]:
    readers = {key: reader for key, (_, reader) in _FIELDS.items()}
    found = read_all(data, readers, where, ctx.findings)
    if "listen" in data and not handler:
        hint = "move the task to handlers, or take listen away"
        ctx.findings.add(f"{where}.listen", "only handlers listen", hint)
    for key, (name, _) in _FIELDS.items():
        if key != name:
            ctx.places.alias(f"{where}.{name}", f"{where}.{key}")
    return {_FIELDS[key][0]: value for key, value in found.items()}


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value
