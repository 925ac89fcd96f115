"""Expressions, templates and names of variables, wherever a plan has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja import is_template, parse_expression, parse_template
from deploy_tasks.plan.problems import path_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def check_expression(text: str, path: str, findings: Findings) -> None:
    """An expression, or a text with templates."""
    for message, hint in _wrong(text, not is_template(text)):
        findings.add(path, message, hint)


def check_templates_in(value: Any, path: str, findings: Findings) -> None:
    """Every template in a value, at any depth (the document's depth is bounded)."""
    if isinstance(value, str):
        if is_template(value):
            check_expression(value, path, findings)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_templates_in(item, path_of((str(key),), path), findings)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            check_templates_in(item, f"{path}[{index}]", findings)


@lru_cache(maxsize=4096)
def _wrong(text: str, bare: bool) -> tuple[tuple[str, str | None], ...]:
    """What is wrong with an expression or template; hosts of one group share their texts, so it is remembered."""
    try:
        if bare:
            parse_expression(text, where="")
        else:
            parse_template(text, where="", escape_backslashes=True)
    except PlanError as error:
        return tuple((problem.message, problem.hint) for problem in error.problems)
    return ()


def check_variables(variables: Mapping[str, Any], path: str, findings: Findings) -> None:
    """The names of variables, and the templates in their values."""
    check_names(variables, path, findings)
    check_templates_in(variables, path, findings)


def check_names(names: Iterable[str], path: str, findings: Findings) -> None:
    """Names that are to be variables."""
    for name in names:
        if not _NAME.fullmatch(name):
            hint = "letters, digits and underscores, no digit first"
            findings.add(path, f"{name[:80]!r} cannot be the name of a variable", hint)
