"""Conditions of format B, evaluated by Jinja2 itself: what they must decide, and that values never become code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined
from pydantic_core import PydanticCustomError

from deploy_tasks.plan.literals import literal
from deploy_tasks.plan.operators import OPERATORS, expression, variable

JINJA = Environment(undefined=StrictUndefined, autoescape=False)
VARIABLES: dict[str, Any] = {
    "system": "Linux", "cores": 8, "text_cores": "8", "tags": ["web", 5], "facts": {"os": {"name": "Debian"}},
    "empty": "", "nothing": None, "flag": True, "a}}b": 1,
}  # fmt: skip


def holds(name: str, operator: str, value: Any = None, **variables: Any) -> bool:
    result = JINJA.compile_expression(expression(variable(name), operator, value), undefined_to_none=False)
    return bool(result(**(variables or VARIABLES)))


@pytest.mark.parametrize(
    ("name", "operator", "value", "expected"),
    [
        ("system", "Equals", "Linux", True),
        ("system", "Equals", "linux", False),
        ("cores", "Equals", 8, True),
        ("cores", "Equals", "8", False),
        ("nothing", "Equals", None, True),
        ("flag", "Equals", True, True),
        ("tags", "Equals", ["web", 5], True),
        ("facts.os.name", "Equals", "Debian", True),
        ("facts['os'].name", "Equals", "Debian", True),
        ("{{ system }}", "Equals", "Linux", True),
        ("system", "NotEquals", "Darwin", True),
        ("system", "NotEquals", "Linux", False),
        ("system", "Contains", "inu", True),
        ("tags", "Contains", "web", True),
        ("tags", "Contains", 5, True),
        ("tags", "Contains", "we", False),
        ("system", "Contains", 5, False),
        ("cores", "Contains", "8", False),
        ("system", "StartsWith", "Lin", True),
        ("system", "StartsWith", "", True),
        ("system", "StartsWith", "Linux and more", False),
        ("cores", "StartsWith", 8, True),
        ("system", "EndsWith", "ux", True),
        ("system", "EndsWith", "", True),
        ("system", "EndsWith", "Lin", False),
        ("cores", "GreaterThan", 4, True),
        ("cores", "GreaterThan", 8, False),
        ("text_cores", "GreaterThan", 4, True),
        ("cores", "GreaterThan", "4", True),
        ("system", "GreaterThan", 4, False),
        ("cores", "LessThan", 8.5, True),
        ("system", "LessThan", 4, False),
        ("system", "LessThan", "M", True),
        ("tags", "LessThan", 1, False),
        ("system", "Exists", None, True),
        ("nothing", "Exists", None, True),
        ("facts.os.version", "Exists", None, False),
        ("facts.os.version", "NotExists", None, True),
        ("gone.deeper.still", "NotExists", None, True),
        ("system", "NotExists", None, False),
    ],
)
def test_operators(name: str, operator: str, value: Any, expected: bool) -> None:
    assert holds(name, operator, value) is expected


@pytest.mark.parametrize("operator", [name for name in OPERATORS if name != "NotExists"])
@pytest.mark.parametrize("name", ["gone", "gone.deeper", "facts.gone.deeper", "system.gone"])
def test_a_missing_variable_is_false_and_never_an_error(operator: str, name: str) -> None:
    assert holds(name, operator, "1") is False


@given(st.text())
def test_any_text_equals_itself_and_nothing_of_it_is_code(text: str) -> None:
    assert holds("x", "Equals", text, x=text)
    assert not holds("x", "Equals", text, x=text + "!")
    assert holds("x", "StartsWith", text, x=text + "tail")
    assert holds("x", "EndsWith", text, x="head" + text)
    assert holds("x", "Contains", text, x="head" + text + "tail")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_a_literal_has_the_value_it_was_made_of(value: Any) -> None:
    assert JINJA.compile_expression(literal(value), undefined_to_none=False)() == value


@pytest.mark.parametrize("name", ["", "x y", "1x", "x; y", "x.", "x()", "x | f", "x['a\\']", "x[-1]", "x[y]", "a b.c"])
def test_what_is_no_variable_is_refused(name: str) -> None:
    with pytest.raises(PydanticCustomError):
        variable(name)
