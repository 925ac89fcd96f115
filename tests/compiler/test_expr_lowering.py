"""Texts lower to the trees of the shared cases; the names on both sides are the same; free variables are found."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from typing import Any

import pytest

from deploy_tasks.compiler.expressions import free_names, lower_condition, lower_template, lower_value, value_names
from deploy_tasks.plan.jinja import ExpressionError, free_variables, parse_template
from deploy_tasks.plan.jinja_names import FILTERS, FUNCTIONS, TESTS
from tests.support.expression_cases import load, lowered
from tests.support.expressions import evaluate_command


def test_shared_cases_lower_to_their_trees() -> None:
    stale = [case for case in load()["cases"] if lowered(case) != case["tree"]]
    assert not stale, f"{len(stale)} trees changed; first: {stale[0]}"


def test_both_sides_know_the_same_names() -> None:
    names = json.loads(subprocess.run([evaluate_command(), "--names"], capture_output=True, check=True).stdout)
    assert set(names["filters"]) == FILTERS
    assert set(names["tests"]) == TESTS
    assert set(names["functions"]) == FUNCTIONS


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("{{ x }}", ["var", "x"]),
        ("{{ x.y[0] }}", ["item", ["attr", ["var", "x"], "y"], ["lit", 0]]),
        ("{{ 60 * 60 }}", 3600),
        ("{{ 'a' ~ 'b' }}", "ab"),
        ("{{ 1 < 2 <= 2 }}", True),
        ("{{ not true }}", False),
        ("{{ 10 ** 100 }}", ["**", ["lit", 10], ["lit", 100]]),
        ("{{ 1 / 0 }}", ["/", ["lit", 1], ["lit", 0]]),
        ("{{ [1, x] }}", ["list", ["lit", 1], ["var", "x"]]),
        ("a{{ x }}", ["tmpl", [["text", "a"], ["out", ["var", "x"]]]]),
        ("{{ x }}{{ y }}", ["data", [["out", ["var", "x"]], ["out", ["var", "y"]]]]),
        ("{{ x }}\n", ["native", [["out", ["var", "x"]]], -1]),
        ("{{ x }}\n\n", ["native", [["out", ["var", "x"]]], 2]),
        ("{{ x | f.g }}".replace("f.g", "ansible.builtin.upper"), ["filter", "upper", ["var", "x"], [], {}]),
        ("{{ f(*a, **k) }}".replace("f", "dict", 1), ["call", ["var", "dict"], [], {}, ["var", "a"], ["var", "k"]]),
    ],
)
def test_values_lower_to(text: str, tree: Any) -> None:
    assert lower_value(text, where="x") == ({"$": tree} if isinstance(tree, list) else tree)


def test_plain_values_stay_as_they_are() -> None:
    value = {"a": [1, None, True, 2.5, "no template", "100% { } %}"], "b": {}}
    assert lower_value(value, where="x") == value
    assert lower_value({"day": date(2024, 5, 1), "pair": (1, 2)}, where="x") == {"day": "2024-05-01", "pair": [1, 2]}


def test_a_literal_dollar_is_no_expression() -> None:
    assert lower_value({"$": ["var", "x"]}, where="x") == {"$": ["dict", [["lit", "$"], ["value", ["var", "x"]]]]}


def test_keys_that_are_not_text_are_kept() -> None:
    assert lower_value({8080: "{{ x }}", "a": {"b": 1}}, where="x") == {
        "$": ["dict", [["lit", 8080], ["var", "x"]], [["lit", "a"], ["value", {"b": 1}]]]
    }


def test_backslashes_of_the_playbook_are_kept_and_those_of_template_files_read() -> None:
    assert lower_value(r"{{ x | regex_replace('\.', '\n') }}", where="x") == {
        "$": ["filter", "regex_replace", ["var", "x"], [["lit", r"\."], ["lit", r"\n"]], {}]
    }
    assert lower_template(r"{{ '\n' }}", where="x") == ["tmpl", [["out", ["lit", "\n"]]]]


def test_the_header_of_a_template_file() -> None:
    header = "#jinja2: trim_blocks: False, variable_start_string: '[%', variable_end_string: '%]'\n"
    kept = ["if", ["var", "x"], [["text", "\n{{ "], ["out", ["var", "y"]], ["text", "\n"]], [], []]
    assert lower_template(header + "{% if x %}\n{{ [% y %]\n{% endif %}", where="x") == ["tmpl", [kept]]
    # As in Ansible, a text is true whatever it says.
    words = "#jinja2: trim_blocks: 'false', lstrip_blocks: \"true\"\n  {% if a %}\nb{% endif %}"
    plain = "#jinja2: trim_blocks: True, lstrip_blocks: True\n  {% if a %}\nb{% endif %}"
    assert lower_template(words, where="t") == lower_template(plain, where="t")
    assert lower_value("#jinja2: trim_blocks: False", where="x") == "#jinja2: trim_blocks: False"


def test_conditions() -> None:
    assert lower_condition(True, where="x") == ["lit", True]
    assert lower_condition("{{ x }}", where="x") == ["var", "x"]
    assert lower_condition("x == '{{'", where="x") == ["cmp", ["var", "x"], ["eq", ["lit", "{{"]]]


@pytest.mark.parametrize(
    ("template", "free"),
    [
        ("{{ x }}{% set y = z %}{{ y }}", {"x", "z"}),
        ("{% for a, b in c if d %}{{ a }}{{ loop.index }}{{ e }}{% endfor %}{{ b }}", {"b", "c", "d", "e"}),
        ("{% if p %}{% set w = 1 %}{% endif %}{{ w }}", {"p", "w"}),
        ("{% macro m(a, b=c) %}{{ a }}{{ caller() }}{% endmacro %}{{ m(d) }}", {"c", "d"}),
        ("{% with a = b %}{{ a }}{% endwith %}{{ range(3) }}{{ omit }}", {"b"}),
        ("{{ x | default(y) is defined }}{{ {'k': v}[i] }}{{ s[n:] }}", {"x", "y", "v", "i", "s", "n"}),
        (
            "{% filter indent(w) %}{{ x }}{% endfilter %}{% set b | join(j) %}{{ z }}{% endset %}{{ b }}",
            {"w", "x", "j", "z"},
        ),
    ],
)
def test_free_names(template: str, free: set[str]) -> None:
    assert free_names(lower_template(template, where="x")) == free
    assert free_variables(parse_template(template, where="x")) - {"omit"} == free


def test_value_names() -> None:
    assert value_names(lower_value({"a": ["{{ x }}", {"b": "{{ y }}"}], 1: "{{ z }}"}, where="x")) == {"x", "y", "z"}


def test_deep_documents_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(1000):
        deep = [deep]
    with pytest.raises(ExpressionError, match="nested too deep"):
        lower_value(deep, where="x")
