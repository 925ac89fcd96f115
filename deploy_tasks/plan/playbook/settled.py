"""Keywords whose templates are filled in while the playbook is read: `any_errors_fatal`, `delegate_facts`, `tags`,
`serial` of a task.

Which tasks there are, what ends the deployment for all hosts, and what one host learns for another, no single host can
decide. What is known are the variables of the playbook, its roles and files, and those given with -e; inventory and
facts are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.playbook import entries
from deploy_tasks.plan.playbook.common import Common
from deploy_tasks.plan.problems import from_validation
from deploy_tasks.plan.static import Unknown, known_value

Layers = Sequence[Mapping[str, Any]]


def settled(own: Common, where: str, layers: Layers, findings: Findings) -> Common:
    """What an element says, by variables whose later layers win. A template whose value is not known is a problem."""
    for name in ("any_errors_fatal", "delegate_facts"):
        value = getattr(own, name)
        if is_template(value):
            own = replace(own, **{name: _value(value, f"{where}.{name}", entries.switch, layers, findings)})
    if any(map(is_template, own.tags)):
        parts = [_value(tag, f"{where}.tags", _tags, layers, findings) or () for tag in own.tags]
        own = replace(own, tags=tuple(dict.fromkeys(tag for part in parts for tag in part)))
    return own


def settled_serial(fields: Mapping[str, Any], where: str, layers: Layers, findings: Findings) -> dict[str, Any]:
    """The fields of a task with its `serial` known."""
    found = dict(fields)
    if is_template(found.get("serial")):
        found["serial"] = _value(found["serial"], f"{where}.serial", entries.share, layers, findings)
    return found


def _tags(value: Any) -> tuple[str, ...]:
    """The tags that one template gives: a list of them, or one, whose commas are its own, as in Ansible."""
    return entries.tags(value if isinstance(value, list) else [value])


def _value(value: Any, path: str, reader: Callable[[Any], Any], layers: Layers, findings: Findings) -> Any:
    with findings.at(path):
        try:
            return reader(known_value(value, layers))
        except Unknown as error:
            findings.add(path, f"must be known before anything runs: {error}", "give it with -e NAME=VALUE")
        except ValidationError as error:
            for problem in from_validation(error, path):
                findings.add(problem.path, problem.message, problem.hint)
    return None
