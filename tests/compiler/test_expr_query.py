"""The filter json_query finds what the jmespath library finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jmespath
import pytest

from tests.support.expressions import Evaluator, outcome_of

_CASES = json.loads((Path(__file__).parents[1] / "cases" / "expr_query.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", _CASES["cases"], ids=lambda case: case["query"])
def test_queries(evaluator: Evaluator, case: dict[str, Any]) -> None:
    real = outcome_of(lambda: jmespath.search(case["query"], _CASES["data"]))
    assert real.repr == case.get("repr"), "the case was recorded wrongly"
    tree = ["filter", "json_query", ["var", "x"], [["lit", case["query"]]], {}]
    assert evaluator.eval(tree, {"x": _CASES["data"]}).repr == real.repr
