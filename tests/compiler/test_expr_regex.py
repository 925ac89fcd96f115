"""Generated regular expressions find and replace the same in Python and in the runner.

A few hundred cases by default; `DEPLOY_TASKS_EXPR_CASES=10000` runs that many.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.expressions import Evaluator, outcome_of

_PARTS: dict[str, list[str]] = json.loads(
    (Path(__file__).parents[1] / "cases" / "expr_regex.json").read_text(encoding="utf-8")
)
_ATOMS, _REPEATS, _GROUPS, _TEMPLATES = (
    st.sampled_from(_PARTS[name]) for name in ("atoms", "repeats", "groups", "templates")
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    wrapped = st.tuples(_GROUPS, inner, inner, _REPEATS).map(
        lambda parts: parts[0].format(parts[1], parts[2]) + parts[3]
    )
    return wrapped | st.lists(inner, min_size=1, max_size=3).map("".join)


_PATTERNS = st.recursive(st.tuples(_ATOMS, _REPEATS).map("".join), _grown, max_leaves=6)
_TEXTS = st.text(alphabet="abcABé1_ -.\nß", max_size=10)


def _call(kind: str, name: str, **named: Any) -> list[Any]:
    """A filter or test of the variable s with the pattern p."""
    return [kind, name, ["var", "s"], [["var", "p"]], {key: ["lit", value] for key, value in named.items()}]


def _agrees(evaluator: Evaluator, tree: list[Any], run: Callable[[], Any], **variables: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        real = outcome_of(run)
    ours = evaluator.eval(tree, variables)
    assert real.repr == ours.repr, f"{variables}\nPython: {real}\nours:   {ours}"


@settings(
    max_examples=int(os.environ.get("DEPLOY_TASKS_EXPR_CASES", "300")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(_PATTERNS, _TEXTS, _TEMPLATES, st.booleans(), st.booleans(), st.integers(0, 2))
@pytest.mark.timeout(3600)
def test_regexes_agree(
    evaluator: Evaluator, pattern: str, text: str, template: str, ignorecase: bool, multiline: bool, count: int
) -> None:
    flags = (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)
    options = {"ignorecase": ignorecase, "multiline": multiline}
    for name, method in (("match", "match"), ("search", "search")):
        find = getattr(re, method)
        _agrees(
            evaluator,
            _call("test", name, **options),
            lambda f=find: f(pattern, text, flags) is not None,  # type: ignore[misc]
            s=text,
            p=pattern,
        )
    _agrees(
        evaluator,
        _call("filter", "regex_findall", **options),
        lambda: re.findall(pattern, text, flags),
        s=text,
        p=pattern,
    )
    tree = _call("filter", "regex_replace", replacement=template, count=count, **options)
    _agrees(evaluator, tree, lambda: re.compile(pattern, flags).sub(template, text, count=count), s=text, p=pattern)


@given(st.text(st.characters(max_codepoint=0x2FF)))
def test_escape_agrees(evaluator: Evaluator, text: str) -> None:
    _agrees(evaluator, ["filter", "regex_escape", ["var", "s"], [], {}], lambda: re.escape(text), s=text)
