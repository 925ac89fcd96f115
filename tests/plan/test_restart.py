"""Where a task may restart its host, and what is said where it may not."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_tasks.plan.check_restart import check_restarts
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.model import Block, Include, Step, Task


def reboot(**more: Any) -> Task:
    return Task(id="r", name="r", module="reboot", where="plays[0].tasks[3]", **more)


def found(step: Step) -> list[tuple[str, str]]:
    findings = Findings()
    check_restarts([step], findings)
    return [(problem.path, problem.message) for problem in findings.problems]


def include(step: Step, **more: Any) -> Include:
    return Include(id="i", target="{{ x }}", choices={"a": (step,)}, **more)


@pytest.mark.parametrize(
    "step",
    [
        reboot(),
        reboot(when=("x",), register="r", notify=("h",), throttle=1, serial="50%", become=True, check_mode=True),
        Block(block=(reboot(),), rescue=(reboot(),), always=(reboot(),), loop=[1, 2]),
        include(reboot(), loop=[1, 2]),
        Block(block=(include(Block(block=(reboot(),), role="r")),)),
    ],
)
def test_it_may_stand_in_tasks_roles_blocks_and_includes(step: Step) -> None:
    assert found(step) == []


@pytest.mark.parametrize(
    ("keyword", "task"),
    [
        ("loop", reboot(loop=[1])),
        ("until", reboot(until=("x",))),
        ("retries", reboot(retries=2)),
        ("async", reboot(async_s=30)),
        ("timeout", reboot(timeout_s=30)),
        ("delegate_to", reboot(delegate_to="db")),
        ("run_once", reboot(run_once="{{ x }}")),
        ("undo", reboot(undo=(Task(id="u", name="u", module="command"),))),
    ],
)
def test_what_it_cannot_have_is_named(keyword: str, task: Task) -> None:
    assert found(task) == [(f"plays[0].tasks[3].{keyword}", "is not for a task that restarts its host")]


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (
            "a host cannot restart in a block with undo",
            Block(block=(include(reboot()),), undo=(Task(id="u", name="u", module="command"),)),
        ),
        ("a host cannot restart in what it includes for all (run_once)", include(reboot(), run_once=True)),
        ("reboot takes nothing back", Task(id="t", name="t", module="command", undo=(reboot(),))),
        ("reboot takes nothing back", Block(block=(Task(id="t", name="t", module="ping"),), undo=(reboot(),))),
    ],
)
def test_what_it_cannot_stand_in_is_named(words: str, step: Step) -> None:
    assert found(step) == [("plays[0].tasks[3].module", words)]
