"""Broken documents and every message about them, as the user reads them. `UPDATE_GOLDEN=1` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy_tasks.errors import PlanError, Problem
from deploy_tasks.plan.inventory import load_inventory
from deploy_tasks.plan.load import load_plan
from deploy_tasks.plan.validate import check

GOLDEN = Path(__file__).parent / "golden"


def compare(name: str, problems: tuple[Problem, ...] | list[Problem]) -> None:
    told = "".join(f"{problem}\n" for problem in problems).replace(str(GOLDEN), "GOLDEN")
    expected = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(told)
    assert told == expected.read_text()
    assert "hunter2!" not in told, "a secret was repeated in a message"


@pytest.mark.parametrize("name", ["rustle_plan", "rustle_plan_graph", "rustle_deploy", "rustle_deploy_graph"])
def test_all_problems_of_a_document_are_told_at_once(name: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_plan((GOLDEN / f"{name}.json").read_text(), source=f"{name}.json")
    compare(name, caught.value.problems)
    assert "hunter2!" not in str(caught.value)


def test_check_tells_everything_before_anything_is_enqueued() -> None:
    plan = load_plan((GOLDEN / "check.json").read_text(), source="check.json")
    problems = check(plan, load_inventory(GOLDEN / "check.ini"), GOLDEN, extra_vars={"9lives": 1})
    compare("check", problems)
