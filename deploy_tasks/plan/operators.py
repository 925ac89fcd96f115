"""Conditions of format B, `{variable, operator, value}`, as Jinja expressions.

A variable that does not exist makes every operator false except `NotExists`; it is never an error. Values are quoted
as literals, so a value can hold quotes and braces without becoming code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from deploy_tasks.plan.fields import bad, kind
from deploy_tasks.plan.literals import is_template, literal, quote, unbraced

# A variable with its path: ansible_date_time.iso8601, disks[0].name, users['a b'].
_VARIABLE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d{1,9}\]|\['[^'\\{}%]*'\])*", re.ASCII)
_STEP = re.compile(r"\.[A-Za-z_]\w*|\[[^\]]*\]", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)


def variable(text: str) -> str:
    """The variable's name, braces around it dropped. Raises a model error when it is none."""
    name = unbraced(text) if is_template(text) else text.strip()
    if not _VARIABLE.fullmatch(name):
        raise bad("is not a variable", "for example ansible_system or ansible_date_time.year")
    return name


def expression(name: str, operator: str, value: Any) -> str:
    """The Jinja expression of one condition on a variable. Raises a model error for a senseless value."""
    present = " and ".join(f"{part} is defined" for part in _prefixes(name))
    if operator == "Exists":
        return present
    if operator == "NotExists":
        return f"not ({present})"
    return f"{present} and {_TESTS[operator](name, value)}"


def _prefixes(name: str) -> list[str]:
    """`a`, `a.b`, `a.b.c` of `a.b.c`: each step is asked for, so that a missing parent is no error."""
    head = re.match(r"[A-Za-z_]\w*", name)
    assert head is not None
    found = [head[0]]
    for step in _STEP.finditer(name, head.end()):
        found.append(found[-1] + step[0])
    return found


def _equals(name: str, value: Any) -> str:
    return f"{name} == {literal(value)}"


def _not_equals(name: str, value: Any) -> str:
    return f"{name} != {literal(value)}"


def _contains(name: str, value: Any) -> str:
    if isinstance(value, str):
        return f"{name} is iterable and {quote(value)} in {name}"
    return f"{name} is iterable and {name} is not string and {literal(value)} in {name}"


def _starts(name: str, value: Any) -> str:
    text = _text("StartsWith", value)
    return f"({name} | string)[:{len(text)}] == {quote(text)}"


def _ends(name: str, value: Any) -> str:
    text = _text("EndsWith", value)
    return f"({name} | string)[-{len(text)}:] == {quote(text)}" if text else "true"


def _greater(name: str, value: Any) -> str:
    return _compare("GreaterThan", name, ">", value)


def _less(name: str, value: Any) -> str:
    return _compare("LessThan", name, "<", value)


def _compare(operator: str, name: str, sign: str, value: Any) -> str:
    """Numbers, also written as text, compare as numbers; what is no number is neither greater nor less."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, str):
        return f"({name} | string) {sign} {quote(value)}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise bad(f"{operator} needs a number or text, not {kind(value)}")
    return f"({name} | float({literal(value)})) {sign} {literal(value)}"


def _text(operator: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise bad(f"{operator} needs text, not {kind(value)}")
    return str(value)


_TESTS: dict[str, Callable[[str, Any], str]] = {
    "Equals": _equals,
    "NotEquals": _not_equals,
    "Contains": _contains,
    "StartsWith": _starts,
    "EndsWith": _ends,
    "GreaterThan": _greater,
    "LessThan": _less,
}
OPERATORS = (*_TESTS, "Exists", "NotExists")
