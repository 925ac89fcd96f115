"""The values of keywords: what each may be, and what it becomes. YAML is more lenient than the JSON formats are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from deploy_tasks.plan.fields import (
    Expressions,
    HostsOrTemplate,
    NumberOrTemplate,
    SecondsOrTemplate,
    Share,
    Switch,
    SwitchOrExpression,
    SwitchOrTemplate,
    VariableName,
    bad,
    kind,
)
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.problems import from_validation, path_of

Reader = Callable[[Any], Any]


@cache
def _adapter(sort: Any) -> TypeAdapter[Any]:
    return TypeAdapter(sort, config=ConfigDict(strict=True))


def of(sort: Any) -> Reader:
    """A reader of a field type of the plan formats."""
    return lambda value: _adapter(sort).validate_python(value)


def name(value: Any) -> str:
    """A name: any scalar as text."""
    if isinstance(value, (dict, list)):
        raise bad(f"must be text, not {kind(value)}", "write it in quotes")
    return str(value)


def text(value: Any) -> str:
    """A text, a number as text, or a template."""
    if isinstance(value, (dict, list, bool)):
        raise bad(f"must be text, not {kind(value)}", "write it in quotes" if isinstance(value, bool) else "")
    return str(value)


def conditions(value: Any) -> tuple[str, ...]:
    """One condition or a list of them; empty ones hold."""
    items = value if isinstance(value, list) else [value]
    kept = [str(item) if _is_number(item) else item for item in items]
    filled = [item for item in kept if item is not None and not (isinstance(item, str) and not item.strip())]
    return tuple(of(Expressions)(filled))


def switch(value: Any) -> Any:
    """True or false in any of YAML's and Ansible's words."""
    if is_template(value):
        raise bad("must be true or false: what it is is settled before the playbook starts", "leave the template out")
    return of(Switch)(_truth(value))


def switch_or_template(value: Any) -> Any:
    """True, false, or a template that gives one of them on the host."""
    return of(SwitchOrTemplate)(_truth(value))


def switch_or_expression(value: Any) -> Any:
    """True, false, or the expression in a template that gives one of them on the host."""
    if isinstance(value, str) and not is_template(value):
        return of(Switch)(value)
    return of(SwitchOrExpression)(_truth(value))


def number(value: Any) -> Any:
    """A number or a template that gives one."""
    return of(NumberOrTemplate)(value)


def seconds(value: Any) -> float | str | None:
    """A number of seconds, or a template that gives one; 0 is none."""
    found: float | str | None = of(SecondsOrTemplate)(value)
    return found


def hosts(value: Any) -> int | str | None:
    """A number of hosts, or a template that gives one; 0 is any number."""
    found: int | str | None = of(HostsOrTemplate)(value)
    return found


def share(value: Any) -> int | str:
    """A count of hosts or a percentage of them; a template of one is filled in later, see `settled`."""
    found: int | str = value if is_template(value) else of(Share)(value)
    return found


def variable(value: Any) -> str | None:
    """The name of a variable."""
    found: str | None = of(VariableName)(value)
    return found


def tags(value: Any) -> tuple[str, ...]:
    """Tags in a list, or in one text with commas; templates among them are filled in later, see `settled`."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list):
        raise bad(f"must be tags in a list, or in one text with commas, not {kind(value)}", "for example web,deploy")
    flat = [part for item in items for part in (item if isinstance(item, list) else [item])]
    for tag in flat:
        if isinstance(tag, bool) or not isinstance(tag, (str, int)):
            raise bad(f"must be texts, but one is {kind(tag)}", "write it in quotes")
    return tuple(dict.fromkeys(str(tag).strip() for tag in flat if str(tag).strip()))


def names(value: Any) -> tuple[str, ...]:
    """One name or a list of them."""
    items = value if isinstance(value, list) else [value]
    flat = [part for item in items for part in (item if isinstance(item, list) else [item])]
    for item in flat:
        if isinstance(item, (dict, bool, type(None))):
            raise bad(f"must be names, but one is {kind(item)}", "write it in quotes")
    return tuple(str(item) for item in flat)


def variables(value: Any) -> dict[str, Any]:
    """A mapping of variables, or a list of such."""
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return {key: item for part in value for key, item in part.items()}
    if not isinstance(value, dict):
        raise bad(f"must be a mapping of variables, not {kind(value)}", "for example port: 8080")
    return value


def environment(value: Any) -> tuple[dict[str, Any] | str, ...]:
    """Mappings and templates that give one, later ones stronger."""
    parts = value if isinstance(value, list) else [value]
    kept = [part for part in parts if part is not None and part != {} and part != ""]
    for part in kept:
        if not isinstance(part, dict) and not is_template(part):
            raise bad(f"must be a mapping of variables, not {kind(part)}", 'for example PATH: "/opt/bin"')
    return tuple(kept)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _truth(value: Any) -> Any:
    return bool(value) if _is_number(value) and value in (0, 1) else value


def read_all(data: Mapping[str, Any], readers: Mapping[str, Reader], where: str, findings: Findings) -> dict[str, Any]:
    """What the readers make of the keys that are there; a value that is wrong is noted and left out.

    Null is as if the key were not there.
    """
    found: dict[str, Any] = {}
    for key, reader in readers.items():
        if data.get(key) is None:
            continue
        path = path_of((key,), where)
        with findings.at(path):
            try:
                found[key] = reader(data[key])
            except ValidationError as error:
                for problem in from_validation(error, path):
                    findings.add(problem.path, problem.message, problem.hint)
    return found
