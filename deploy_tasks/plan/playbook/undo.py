"""`undo` of a task or block: the tasks, or the one command, that take it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.model import Task
from deploy_tasks.plan.playbook import includes, named_files
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site
from deploy_tasks.plan.playbook.taskdoc import build_task, read_task

#: What such a task does not take over from around it: field → value, unless it says the keyword itself.
_ALONE: dict[str, tuple[str, Any]] = {
    "delegate_to": ("delegate_to", None), "delegate_facts": ("delegate_facts", False), "run_once": ("run_once", False),
    "throttle": ("throttle", None), "any_errors_fatal": ("any_errors_fatal", False), "notify": ("notify", ()),
    "timeout_s": ("timeout", None), "ignore_unreachable": ("ignore_unreachable", False),
    "ignore_errors": ("ignore_errors", False), "check_mode": ("check_mode", None), "diff": ("diff", None),
}  # fmt: skip
_EXAMPLE = "for example undo: systemctl stop app, or undo: [{file: {path: /srv/app, state: absent}}]"


def read_undo(value: Any, where: str, scope: Scope, site: Site) -> tuple[Task, ...]:
    """The tasks of `undo`, which stands at `where`; a text is a line for the shell, a list of texts one command."""
    if value is None:
        return ()
    found: list[Task] = []
    for index, item in enumerate(_items(value, where, site)):
        path = f"{where}[{index}]" if isinstance(value, list) else where
        found += _task(item, path, scope, site)
    return tuple(found)


def _items(value: Any, where: str, site: Site) -> list[Any]:
    if isinstance(value, str) and value.strip():
        return [{"shell": value}]
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return [{"command": {"argv": value}}]
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return value
    site.problem(where, f"must be a command or a list of tasks, not {kind(value)}", _EXAMPLE)
    return []


def _task(item: dict[str, Any], where: str, scope: Scope, site: Site) -> tuple[Task, ...]:
    if "block" in item:
        site.problem(where, "a block cannot take a task back", "list its tasks")
        return ()
    if "undo" in item:
        site.problem(f"{where}.undo", "is not for a task that takes another one back", "leave it out")
    doc = read_task(item, where, site.ctx)
    if doc is None:
        return ()
    if doc.module in includes.READERS:
        site.problem(where, f"{doc.module} cannot take a task back", "list the tasks themselves")
        return ()
    doc = replace(doc, common=site.settled(doc.common, doc.where, scope))
    alone = {field: value for field, (keyword, value) in _ALONE.items() if keyword not in doc.given}
    update = {**alone, "id": site.step_id(where), "search": named_files.search(scope, site)}
    return (build_task(doc, scope.inherited, site.ctx, **update),)
