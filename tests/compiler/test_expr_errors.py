"""What is wrong in an expression is said with its place, its line and what to write instead."""

from __future__ import annotations

import pytest

from deploy_tasks.compiler.expressions import lower_condition, lower_template, lower_value
from deploy_tasks.errors import Problem
from deploy_tasks.plan.jinja import ExpressionError


def _problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ExpressionError) as caught:
        lower_value({"msg": text}, where="plays[0].tasks[1].args")
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("{{ x | defualt(1) }}", "no filter named 'defualt'", "did you mean 'default'?"),
        ("{{ x is definde }}", "no test named 'definde'", "did you mean 'defined'?"),
        ("{{ rang(3) }}", "no function named 'rang'", "did you mean 'range'?"),
        ("{{ x | success }}", "no filter named 'success'", "it is a test: write `x is success`"),
        ("{{ x is combine }}", "no test named 'combine'", "it is a filter: write `x | combine`"),
        ("{{ x | qqqqqq }}", "no filter named 'qqqqqq'", None),
        ("{{ x | vault('y') }}", "no filter named 'vault'", "secrets come in as variables"),
        ("{{ lookup('config', 'x') }}", "the lookup 'config' does not know 'x'", "write the value itself"),
        ("{{ q('config', 'DEFAULT_FORK') }}", "the lookup 'config' does not know", "did you mean"),
        ("{{ lookup('config', 'CONFIG_FILE') }}", "the lookup 'config' does not know", "use playbook_dir"),
        ("{{ lookup('config', x) }}", "the lookup 'config' takes names", "for example"),
        ("{{ lookup('config', 'DEFAULT_FORKS', 'DEFAULT_FORKS') }}", "the lookup 'config' gives", "use query"),
        ("{{ lookup('fiel', 'x') }}", "the lookup 'fiel' is not supported", "did you mean 'file'?"),
        ("{{ lookup('pipe', 5) }}", "the lookup 'pipe' is performed by the worker", "write the arguments out"),
        ("{{ lookup(x) }}", "lookup() needs the name of a lookup", None),
        ("{% include 'x' %}", "the tag 'include' is not supported here", "put it into a template file"),
        ("{% autoescape true %}{% endautoescape %}", "the tag 'autoescape' is not supported", "use the filter 'e'"),
        ("{{ x", "template syntax: unexpected end of template", None),
        ("{% fro x in y %}", "template syntax: Encountered unknown tag 'fro'", None),
        ("{% for x in y %}", "template syntax: Unexpected end of template", None),
        ("{{ 1 + }}", "template syntax: unexpected 'end of print statement'", None),
        ("{% block a %}{% endblock %}{% block a %}{% endblock %}", "template syntax: block 'a' defined twice", None),
        ("{{ " + "(" * 2000 + " }}", "the template is nested too deep", None),
    ],
)
def test_problems(text: str, message: str, hint: str | None) -> None:
    (problem,) = _problems(text)
    assert problem.path == "plays[0].tasks[1].args.msg"
    assert problem.message.startswith(message)
    assert hint is None if problem.hint is None else problem.hint.startswith(str(hint))


def test_all_unknown_names_are_told_with_their_lines() -> None:
    found = _problems("{{ x | uper }}\n{{ x | lwoer }}\n\n{{ x is definde }}")
    assert [(problem.line, problem.hint) for problem in found] == [
        (1, "did you mean 'upper'?"),
        (2, "did you mean 'lower'?"),
        (4, "did you mean 'defined'?"),
    ]


@pytest.mark.parametrize("condition", ["x ==", "x y", "(x", "x | nope", ""])
def test_conditions(condition: str) -> None:
    with pytest.raises(ExpressionError):
        lower_condition(condition, where="when")


@pytest.mark.parametrize(
    "condition",
    [
        "{{ x }}.y == 1",
        "a{{ x }} == 1",
        "{{ x }}{{ y }}",
        "'{% if x %}y{% endif %}' == 1",
        "'a\\'{{ x }}' == 1",
        "'{{ x }}",
    ],
)
def test_templates_in_conditions_that_are_part_of_something(condition: str) -> None:
    with pytest.raises(ExpressionError, match="an expression already") as caught:
        lower_condition(condition, where="plays[0].tasks[0].when")
    assert caught.value.problems[0].hint == "write x == 'a' instead of '{{ x }}' == 'a'"


def test_what_is_wrong_around_a_template_in_a_condition_is_told_as_it_is_written() -> None:
    with pytest.raises(ExpressionError, match=r"unexpected '\{\{ y \}\}' after the expression"):
        lower_condition("x {{ y }}", where="when")
    with pytest.raises(ExpressionError, match="no filter named 'nope'"):
        lower_condition("x == {{ y | nope }}", where="when")


def test_a_condition_is_no_list() -> None:
    with pytest.raises(ExpressionError, match="not a list"):
        lower_condition(["x"], where="when")


def test_template_files_say_the_line() -> None:
    with pytest.raises(ExpressionError) as caught:
        lower_template("a\nb\n{{ x | uper }}", where="templates.a")
    assert caught.value.problems[0].line == 3


@pytest.mark.parametrize(
    "setting", ["trim_blocks: [1]", "extensions: ['x']", "trim_blocks", "block_start_string: ''", "x: y("]
)
def test_headers_of_template_files(setting: str) -> None:
    with pytest.raises(ExpressionError, match="is no setting of a template"):
        lower_template(f"#jinja2: {setting}\ntext", where="templates.a")


def test_a_macro_that_nothing_calls_is_not_judged() -> None:
    lower_value("{% macro unused() %}{{ nobody(1) }}{% endmacro %}x", where="")
    assert _problems("{% macro used() %}{{ nobody(1) }}{% endmacro %}{{ used() }}")[0].message.startswith("no function")
