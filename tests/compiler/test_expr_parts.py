"""Templates that include, import and extend others give what Jinja2 gives, or are refused with the place."""

from __future__ import annotations

import pytest

from deploy_tasks.compiler.expressions import free_names
from deploy_tasks.errors import Problem
from deploy_tasks.plan.jinja import ExpressionError
from deploy_tasks.plan.jinja_references import Library, template_folders
from tests.support.expressions import Evaluator, agree, jinja_template, lower_set

OTHERS = {
    "plain": "plain {{ x }}\n",
    "sets": "{% set x = 'own' %}{{ x }}{{ y | default('no y') }}",
    "looped": "[{{ loop.index | default('-') }}{{ item | default('?') }}]",
    "macros": "{% macro hi(n, s='!') %}hi {{ n }}{{ s }}{{ x | default('no x') }}{% endmacro %}"
    "{% set colour = 'red' %}{% set _hidden = 1 %}text {{ x | default('nothing') }}",
    "uses": "{% from 'macros' import hi %}{% import 'macros' as inner %}{% set own = 2 %}{{ hi('u') }}",
    "base": "<{% block head %}base head {{ t | default('none') }}{% endblock %}|"
    "{% block body %}base body{% endblock %}>{% block foot scoped %}{{ self.head() }}{% endblock %}",
    "middle": "{% extends 'base' %}{% block head %}middle ({{ super() }}){% endblock %}",
    "top": "{% extends 'middle' %}{% block head %}top {{ super() }} {{ super.super() }}{% endblock %}ignored",
    "required": "{% block must required %}{% endblock %}",
    "loops": "{% for i in [1, 2] %}{% block row scoped %}{{ i }}{{ loop.last }}{% endblock %}{% endfor %}",
    "tree": "{{ node.name }}{% for node in node.children %}({% include 'tree' %}){% endfor %}",
    "calls": "{{ greet('included') }}",
    "header": "#jinja2: trim_blocks: False\n{{ x }}",
    "parts/a.conf": "A{{ x }}",
    "parts/b.conf": "B{{ x }}",
    "ends": "one line\n",
    "wrapped": "{% macro box() %}[{{ caller() }}]{% endmacro %}",
}
VARIABLES = {
    "x": "X",
    "which": "a",
    "names": ["b", "a"],
    "t": "title",
    "yes": True,
    "no": False,
    "node": {"name": "r", "children": [{"name": "c", "children": [{"name": "l", "children": []}]}]},
}
TEMPLATES = [
    "{% include 'plain' %}|",
    "{% include 'plain' without context %}",
    "{% set y = 'mine' %}{% include 'sets' %}{{ x }}",
    "{% for item in [1, 2] %}{% include 'looped' %}{% endfor %}",
    "{% for item in [1, 2] %}{{ loop.index }}{% include 'looped' %}{% endfor %}",
    "{% for o in [7] %}{{ loop.index }}{% for item in [1, 2] %}{% include 'looped' %}{% endfor %}{% endfor %}",
    "{% with y = 3 %}{% include 'sets' %}{% endwith %}{% include 'sets' %}",
    "{% include ['nope', 'plain'] %}",
    "{% include 'nope' ignore missing %}.",
    "{% include ['nope', 'no'] ignore missing without context %}.",
    "{% include 'parts/' ~ which ~ '.conf' %}",
    "{% for n in names %}{% include 'parts/' + n + '.conf' %}{% endfor %}",
    "{% include 'parts/' ~ x ~ '.conf' ignore missing %}.",
    "{% include 'parts/' ~ x ~ '.conf' %}.",
    "{% include ('parts/a.conf' if no else 'parts/b.conf') %}",
    "{% include nothing or 'plain' %}",
    "{% include 'tree' %}",
    "{% include 'header' %}",
    "{% include 'ends' %}{% include 'ends' %}\n\n",
    "{% macro greet(n) %}hello {{ n }}{% endmacro %}{% include 'calls' %}",
    "{% macro m() %}{% include 'plain' %}{% endmacro %}{{ m() | upper }}",
    "{% filter upper %}{% include 'plain' %}{% endfilter %}",
    "{% set s %}{% include 'plain' %}{% endset %}{{ s | length }}",
    "{% import 'macros' as m %}{{ m.hi('you') }}{{ m.colour }}{{ m }}",
    "{% import 'macros' as m with context %}{{ m.hi('you', s='?') }}{{ m }}",
    "{% import 'macros' as m %}{{ m._hidden }}",
    "{% from 'macros' import hi %}{{ hi('a') }}",
    "{% from 'macros' import hi as hello, colour with context %}{{ hello('a') }}{{ colour }}",
    "{% from 'macros' import nothing %}{{ nothing is defined }}",
    "{% from 'macros' import nothing %}{{ nothing }}",
    "{% import 'uses' as u %}{{ u.own }}{{ u.hi is defined }}{{ u.inner is defined }}{{ u }}",
    "{% import 'macros' as m %}{% include 'sets' %}{{ m.colour ~ m }}",
    "{% from 'wrapped' import box %}{% call box() %}in {{ x }}{% endcall %}",
    "{% for x in [1, 2] %}{% from 'macros' import hi with context %}{{ hi(x) }}{% endfor %}",
    "{% import 'macros' as m %}{% macro outer() %}{{ m.hi('deep') }}{% endmacro %}{{ outer() }}",
    "{% extends 'base' %}{% block body %}mine{% endblock %}",
    "{% extends 'base' %}{% set t = 'set' %}{% block body %}{{ t }}{% endblock %}lost {{ 1 / 0 }}",
    "before {% extends 'base' %}",
    "{% extends 'top' %}{% block body %}{{ self.head() }}{% endblock %}",
    "{% extends 'top' %}",
    "{% extends 'required' %}{% block must %}given{% endblock %}",
    "{% extends 'required' %}",
    "{% include 'required' %}",
    "{% extends 'loops' %}{% block row scoped %}({{ i }}{{ loop.index }}{{ super() }}){% endblock %}",
    "{% extends 'loops' %}{% block row %}({{ i | default('unseen') }}){% endblock %}",
    "{% if no %}{% extends 'base' %}{% endif %}kept{% block head %}here{% endblock %}",
    "{% if yes %}{% extends 'base' %}{% endif %}lost{% block head %}here{% endblock %}",
    "{% extends 'middle' if yes else 'base' %}{% block body %}b{% endblock %}",
    "{% extends 'base' %}{% for i in [1] %}lost{% endfor %}{% include 'plain' %}",
    "{% extends 'base' %}{% filter upper %}lost{% endfilter %}{% set k %}kept{% endset %}"
    "{% block body %}{{ k }}{% endblock %}",
    "{% extends 'base' %}{% macro m() %}called{% endmacro %}{% block body %}{{ m() }}{% endblock %}",
    "{% extends 'base' %}{% import 'macros' as m %}{% block body %}{{ m.hi('b') }}{% endblock %}",
    "{% block a %}{{ super() }}{% endblock %}",
    "{% block a %}A{% endblock %}{{ self.a() }}{{ self.b is defined }}",
    "{% block a %}{% block b %}B{{ self.a is defined }}{% endblock %}{% endblock %}{{ self.b() | lower }}",
    "{% include 'top' %}{% block head %}not that one{% endblock %}",
    "{% for i in [1, 2] %}{% include 'base' %}{% endfor %}",
    "{% include nope %}",
    "{% set name = 'plain' %}{% include name %}",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_with_parts(evaluator: Evaluator, template: str) -> None:
    real = jinja_template(template, VARIABLES, OTHERS)
    ours = evaluator.template(template, VARIABLES, OTHERS)
    assert ours.kind not in ("broken", "limit")
    same = agree(real, ours) or (real.kind == ours.kind == "undefined" and "macros" in template)
    assert same, f"{template}\nJinja2: {real}\nours:   {ours}"


def problem(template: str, others: dict[str, str]) -> Problem:
    with pytest.raises(ExpressionError) as caught:
        lower_set(template, others)
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize(
    ("template", "message", "hint"),
    [
        ("\n{% include 'gone' %}", "there is no template 'gone'", "looked for in the plan's folder"),
        ("\n{% include ['gone', 'lost'] %}", "there is no template 'gone' or 'lost'", None),
        ("\n{% import '../up' as m %}", "there is no template '../up'", "a template's name never leads upwards"),
        ("\n{% include 'x/' ~ y %}", "which template is meant is not known, and no file fits", None),
        ("\n{% extends 'a' %}{% extends 'a' %}", "a template extends one other only", None),
        (
            "\n{% filter upper %}{% include 'a' without context %}{% endfilter %}",
            "an include without context writes past the filter, macro or {% set %} around it",
            "include it with context",
        ),
        ("\n{% if x %}\n{% include 'a' %}{{ x | uper }}{% endif %}", "no filter named 'uper'", "did you mean 'upper'?"),
    ],
)
def test_what_cannot_be_found_is_refused(template: str, message: str, hint: str | None) -> None:
    found = problem(template, {"a": "A"})
    assert found.message == message
    assert found.line in (2, 3)
    assert hint is None or (found.hint or "").startswith(hint)


def test_a_mistake_in_a_part_names_the_part() -> None:
    found = problem("{% include 'part.j2' %}", {"part.j2": "\n\n{{ x | uper }}"})
    assert (found.file, found.line, found.hint) == ("part.j2", 3, "did you mean 'upper'?")
    found = problem("{% include 'part.j2' %}", {"part.j2": "{{ nobody() }}"})
    assert (found.file, found.message) == ("part.j2", "no function named 'nobody'")


def test_a_candidate_that_is_no_template_is_none() -> None:
    tree = lower_set("{% include 'p/' ~ x %}", {"p/a": "{{ a }}", "p/b": "{{ oops"})
    assert list(tree[3][""][0][0][2]) == ["p/a"]


def test_too_many_candidates_are_refused() -> None:
    found = problem("{% include x %}", {f"t{i}": "" for i in range(600)})
    assert found.message == "any of 600 templates may be meant"


def test_templates_that_include_each_other_end(evaluator: Evaluator) -> None:
    for tag in ("include", "extends"):
        others = {"a": f"{{% {tag} 'b' %}}", "b": f"{{% {tag} 'a' %}}"}
        assert evaluator.template(f"{{% {tag} 'a' %}}", {}, others).kind == "limit"


def test_the_names_of_all_parts_are_free() -> None:
    others = {
        "a": "{{ one }}{% set two = three %}",
        "b": "{% block x %}{{ super() }}{{ self.x }}{{ four }}{% endblock %}",
    }
    text = "{% extends 'b' %}{% from 'a' import two as five %}{% block x %}{{ six }}{{ five }}{% endblock %}"
    assert free_names(lower_set(text, others)) == {"one", "three", "four", "six"}


def test_templates_look_in_their_places_in_order() -> None:
    folders = template_folders(("roles/web", "roles/web/tasks"), "site", "roles/web/templates/etc/x.j2")
    assert folders[:2] == ("roles/web/templates", "roles/web")
    assert folders[-3:] == ("site", "roles/web/templates/etc/templates", "roles/web/templates/etc")
    files = {"roles/web/templates/h.j2": "role", "site/templates/h.j2": "site", "site/only.j2": "s"}
    library = Library(folders, files.__contains__, lambda _: ())
    assert library.find("h.j2") == "roles/web/templates/h.j2"
    assert library.find("./only.j2") == "site/only.j2"
    assert library.find("../templates/h.j2") is None
