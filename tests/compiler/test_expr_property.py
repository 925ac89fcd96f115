"""Generated expressions and templates give the same through real Jinja2 and through the runner's evaluator.

A few hundred cases by default; `DEPLOY_TASKS_EXPR_CASES=10000` runs that many of each kind.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings

from tests.support.expression_grammar import case, expressions, template_sets, templates, variables
from tests.support.expressions import Evaluator, agree, jinja_expression, jinja_template

_SETTINGS = settings(
    max_examples=int(os.environ.get("DEPLOY_TASKS_EXPR_CASES", "300")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@_SETTINGS
@example(("[1][nope] | default(2)", {}))
@example(("'a'[nope] | default(2)", {}))
@example(("{'a': 1}[nope] | default(2)", {}))
@example(("none[nope] is defined", {}))
@given(case(expressions))
@pytest.mark.timeout(3600)
def test_expressions_agree(evaluator: Evaluator, case: tuple[str, dict[str, Any]]) -> None:
    text, variables = case
    assume("{{" not in text)  # a template within a condition, as in Ansible
    real = jinja_expression(text, variables)
    ours = evaluator.expression(text, variables)
    assert agree(real, ours), f"{text}\nJinja2: {real}\nours:   {ours}"


@_SETTINGS
@example(("{% for x in [nope, i] %}{{ loop.changed(x) }}{% endfor %}", {"i": 0}))
@example(("{% for x in [i, nope] %}{{ loop.changed(j, x) }}{% endfor %}", {"i": 0, "j": 1}))
@given(case(templates))
@pytest.mark.timeout(3600)
def test_templates_agree(evaluator: Evaluator, case: tuple[str, dict[str, Any]]) -> None:
    text, variables = case
    real = jinja_template(text, variables)
    ours = evaluator.template(text, variables)
    assert agree(real, ours), f"{text}\nJinja2: {real}\nours:   {ours}"


@_SETTINGS
@given(template_sets(), variables)
@pytest.mark.timeout(3600)
def test_templates_of_several_files_agree(
    evaluator: Evaluator, parts: tuple[str, dict[str, str]], values: dict[str, Any]
) -> None:
    text, others = parts
    real = jinja_template(text, values, others)
    ours = evaluator.template(text, values, others)
    # refused before anything runs: Jinja2 might never come there, or writes what nobody expects
    refused = ("no function named", "writes past", "cannot use extend", "extends one other only")
    assume(not any(words in str(ours.error) for words in refused))
    # what a module or block is called in a message is Jinja2's own
    same = agree(real, ours) or real.kind == ours.kind == "undefined"
    assert same, f"{text}\n{others}\nJinja2: {real}\nours:   {ours}"
