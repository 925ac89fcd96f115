"""Mistakes of form do not hide the others: everything wrong with a plan is told at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.load import load_plan


def problems(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(PlanError) as caught:
        load_plan(json.dumps(document), source="plan.json")
    return {problem.path: problem.message for problem in caught.value.problems}


def plan(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"plays": [{"play_id": "p", "name": "p", "batches": [{"batch_id": "b", "tasks": list(tasks)}]}]}


AT = "plays[0].batches[0].tasks"


def test_a_missing_key_an_unknown_module_and_a_bad_expression_together() -> None:
    found = problems(
        plan(
            {"name": "one", "module": "debug", "args": {"msg": "x"}},
            {"task_id": "two", "name": "two", "module": "copi", "args": {}},
            {
                "task_id": "three",
                "name": "three",
                "module": "debug",
                "args": {},
                "conditions": [{"When": {"expression": "a ="}}],
            },
        )
    )
    assert set(found) == {f"{AT}[0].task_id", f"{AT}[1].module", f"{AT}[2].conditions[0].When.expression"}


def test_what_follows_from_a_mistake_is_not_told() -> None:
    found = problems(
        plan(
            {"task_id": "one", "name": "one", "module": "copy", "args": 7},
            {"task_id": "two", "name": "two", "args": {"src": "x"}},
            {"task_id": "three", "name": "three", "module": "copy", "args": {"dst": "/x"}},
        )
    )
    assert set(found) == {f"{AT}[0].args", f"{AT}[1].module", f"{AT}[2].args", f"{AT}[2].args.dst"}


def test_a_document_beyond_mending_still_tells_its_form() -> None:
    assert set(problems({"plays": 7})) == {"plays"}
    assert set(problems({"plays": [7]})) == {"plays[0]"}
