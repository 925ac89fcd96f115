"""Templates with conditions as expressions: the same text as Jinja2 makes of the template."""

from __future__ import annotations

import pytest
from jinja2 import Environment
from pydantic_core import PydanticCustomError

from deploy_tasks.plan.jinja_pieces import expression

TEMPLATES = [
    "a{% if x %}b{% endif %}c",
    "{% if x %}{{ y }}{% else %}-{{ y ~ 1 }}{% endif %}",
    "{%- if x == 1 -%} one {%- elif x == 2 or (y and not x) -%} two {%- elif x %}{% else %} none {% endif %} .",
    "{% if x %}{% if y %}both{% else %}x{% endif %}{% elif y %}y's{% endif %}{{ y }}",
    "{# note #}{% if x %}\"q\" 'p'{% endif %}",
    "{% if 'a}b' in ['a}b', x] %}{{ '%}' }}{% endif %}",
]


@pytest.mark.parametrize("text", TEMPLATES)
@pytest.mark.parametrize("x", [0, 1, 2])
@pytest.mark.parametrize("y", ["", "v"])
def test_conditions_become_an_expression(text: str, x: int, y: str) -> None:
    real = Environment(autoescape=False)
    made = real.from_string(f"{{{{ {expression(text)} }}}}").render(x=x, y=y)
    assert made == real.from_string(text).render(x=x, y=y)


@pytest.mark.parametrize("text", ["{% for i in x %}a{% endfor %}", "{% if x %}{% set y = 1 %}{% endif %}"])
def test_other_statements_are_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="statements"):
        expression(text)


@pytest.mark.parametrize(
    "text", ["{% if x %}", "{% if %}a{% endif %}", "{% if x %}a{% elif %}b{% endif %}", "{% if x) or (y %}{% endif %}"]
)
def test_what_jinja_cannot_read_is_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="template syntax"):
        expression(text)


@pytest.mark.parametrize(
    "text", ["{% if x %}" * 1000 + "{% endif %}" * 1000, "{% if x %}a" + "{% elif y %}b" * 3000 + "{% endif %}"]
)
def test_too_many_conditions_within_each_other_are_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="too many conditions within each other"):
        expression(text)
