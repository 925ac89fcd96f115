"""How a task wants its template to be read: the arguments of the module `template` that change Jinja2's settings."""

from __future__ import annotations

from typing import Any

from deploy_tasks.errors import PlanError, Problem
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.model import Task
from deploy_tasks.plan.words import is_true

# With what Ansible takes when nothing is said. The runner has the same list, in the same order.
DEFAULTS: dict[str, str | bool] = {
    "block_end_string": "%}",
    "block_start_string": "{%",
    "comment_end_string": "#}",
    "comment_start_string": "{#",
    "lstrip_blocks": False,
    "trim_blocks": True,
    "variable_end_string": "}}",
    "variable_start_string": "{{",
}


def settings_of(task: Task) -> dict[str, Any]:
    """The settings that differ from the usual ones. Raises `PlanError` for those that are not written out."""
    found: dict[str, Any] = {}
    problems = []
    for name, usual in DEFAULTS.items():
        if name not in task.args:
            continue
        given, path = task.args[name], f"{task.where}.args.{name}"
        value = is_true(given) if isinstance(usual, bool) else str(given)
        if isinstance(usual, bool) and is_template(given):
            problems.append(Problem(path, "a template is read before the host is known", "write true or false"))
        elif value == "":
            problems.append(Problem(path, "is empty", f"for example {usual}"))
        elif value != usual:
            found[name] = value
    if problems:
        raise PlanError(problems)
    return found


def rendered_name(name: str, settings: dict[str, Any]) -> str:
    """What a program calls a template that is read with these settings."""
    said = {key: str(value).lower() if isinstance(value, bool) else value for key, value in settings.items()}
    return "\n".join([name, *(f"{key}={said[key]}" for key in sorted(said))])
