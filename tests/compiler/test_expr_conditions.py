"""Conditions with templates in them, as the runner judges them."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_tasks.compiler.expressions import free_names, lower_condition
from tests.support.expressions import Evaluator, Outcome

VARIABLES: dict[str, Any] = {
    "kind": "web", "host": "web1", "port": 80, "on": True, "off": "false", "nothing": None, "ratio": 1.5,
    "facts": {"web1": {"up": True}}, "listed": ["web1"], "name": "kind",
    "number": "-3", "quote": "it's", "braces": "{{ x }}", "octal": "010",
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("'{{ kind }}' == 'web'", True),
        ('"{{ kind }}-{{ port }}" == "web-80" and kind is defined', True),
        ("facts['{{ host }}'].up", True),
        ("'{{ nothing }}' == ''", True),
        ("{{ on }} == true and {{ port }} > 79", True),
        ("{{ off }} or {{ ratio }} > 2", False),
        ("host in {{ listed }}", True),
        ("({{ number }} < 0)", True),
        ("'web' in '{{ listed | join(' ') }}'", True),
    ],
)
def test_a_template_stands_for_what_it_gives(evaluator: Evaluator, condition: str, expected: bool) -> None:
    lowered = lower_condition(condition, where="when")
    assert evaluator.eval(lowered, VARIABLES) == Outcome(repr(expected))
    assert free_names(lowered) <= VARIABLES.keys()


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("{{ name }} == 'web'", "gives 'kind', which would be read as an expression again"),
        ("{{ nothing }} == 1", "gives '', which"),
        ("{{ octal }} == 8", "gives '010', which"),
        ("'{{ quote }}' == 'x'", "gives text with quotes, backslashes or braces"),
        ("'{{ braces }}' == 'x'", "gives text with quotes, backslashes or braces"),
        ("'{{ missing }}' == 'x'", "'missing' is undefined"),
    ],
)
def test_what_would_be_read_as_more_than_a_value_is_refused(evaluator: Evaluator, condition: str, said: str) -> None:
    assert said in str(evaluator.eval(lower_condition(condition, where="when"), VARIABLES))
