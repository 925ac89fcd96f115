"""The filters to_yaml, to_nice_yaml and from_yaml agree with PyYAML."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.expressions import Evaluator, outcome_of

_CASES = json.loads((Path(__file__).parents[1] / "cases" / "expr_yaml.json").read_text(encoding="utf-8"))
_SETTINGS = settings(
    max_examples=int(os.environ.get("DEPLOY_TASKS_EXPR_CASES", "300")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
_WORDS = st.sampled_from(_CASES["words"])
_TEXTS = _WORDS | st.text(alphabet="ab :#-,'\"\n[]{}&*!|>%@é", max_size=12) | st.just("word " * 30) | st.just("x" * 90)
_SCALARS = _TEXTS | st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False)
_DATA = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3), max_leaves=8
)


def _filter(name: str, **named: Any) -> list[Any]:
    return ["filter", name, ["var", "x"], [], {key: ["lit", value] for key, value in named.items()}]


@pytest.mark.parametrize("case", _CASES["documents"], ids=range(len(_CASES["documents"])))
def test_documents(evaluator: Evaluator, case: dict[str, Any]) -> None:
    real = outcome_of(lambda: yaml.load(case["text"], yaml.CSafeLoader))
    assert real.repr == case.get("repr"), "the case was recorded wrongly"
    assert evaluator.eval(_filter("from_yaml"), {"x": case["text"]}).repr == real.repr


@_SETTINGS
@given(
    _DATA,
    st.sampled_from([None, False, True]),
    st.sampled_from([2, 3, 4]),
    st.sampled_from([20, 80, 200]),
    st.booleans(),
)
@pytest.mark.timeout(3600)
def test_writing(evaluator: Evaluator, data: Any, flow: bool | None, indent: int, width: int, sort: bool) -> None:
    options: dict[str, Any] = {"default_flow_style": flow, "indent": indent, "width": width, "sort_keys": sort}
    dumper = type("Dumper", (yaml.CSafeDumper,), {"ignore_aliases": lambda self, data: True})
    real = outcome_of(lambda: yaml.dump(data, Dumper=dumper, allow_unicode=True, **options))
    assert evaluator.eval(_filter("to_yaml", **options), {"x": data}).repr == real.repr


@_SETTINGS
@given(
    _DATA, st.sampled_from([None, '"', "'", "|", ">"]), st.sampled_from([None, False, True]), st.sampled_from([2, 4])
)
@pytest.mark.timeout(3600)
def test_reading(evaluator: Evaluator, data: Any, style: str | None, flow: bool | None, indent: int) -> None:
    text = yaml.dump(data, default_style=style, default_flow_style=flow, indent=indent, allow_unicode=True)
    real = outcome_of(lambda: yaml.load(text, yaml.CSafeLoader))
    assert evaluator.eval(_filter("from_yaml"), {"x": text}).repr == real.repr, text
