"""The keyword `undo` of tasks and blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.errors import PlanError
from deploy_tasks.plan import rustle_plan
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.model import Block, Task
from deploy_tasks.plan.rustle_plan_writer import write_plan
from deploy_tasks.plan.validate import check_alone
from tests.support.playbooks import load, only_play, work

SITE = """
- hosts: all
  become: true
  become_user: postgres
  no_log: true
  any_errors_fatal: true
  tasks:
    - command: createdb app
      undo: dropdb --if-exists app
    - command: a
      timeout: 5
      notify: never
      delegate_to: db
      become_user: root
      undo: [rm, -rf, "a b"]
    - undo: {file: {path: /srv, state: absent}, become: false}
      block:
        - command: mkdir /srv
          undo:
            - {name: one, command: one, when: x is defined}
            - {name: two, shell: two, ignore_errors: true}
  handlers:
    - {name: never, command: h, undo: unh}
"""


def test_the_forms_of_undo(tmp_path: Path) -> None:
    play = only_play(load(tmp_path, {"site.yml": SITE}))
    first, second, block = work(play)
    assert isinstance(first, Task)
    assert isinstance(second, Task)
    assert isinstance(block, Block)
    (line,) = first.undo
    assert (line.module, line.args, line.become_user) == (
        "shell",
        {"_raw_params": "dropdb --if-exists app"},
        "postgres",
    )
    (command,) = second.undo
    assert (command.module, command.args["argv"], command.become_user) == ("command", ["rm", "-rf", "a b"], "root")
    assert (command.delegate_to, command.timeout_s, command.notify, command.no_log) == (None, None, (), True)
    assert [(task.module, task.become) for task in block.undo] == [("file", False)]
    inner = block.block[0]
    assert isinstance(inner, Task)
    assert [(task.name, task.when, task.ignore_errors) for task in inner.undo] == [
        ("one", ("x is defined",), False),
        ("two", (), True),
    ]
    assert len({task.id for task in play.walk()}) == len(list(play.walk()))


def test_undo_stays_in_a_written_plan(tmp_path: Path) -> None:
    plan = load(tmp_path, {"site.yml": SITE}).plan
    findings = Findings()
    read = rustle_plan.lower(write_plan(plan), plan.name, findings)
    assert not findings.problems
    assert read is not None
    assert [play.tasks for play in read.plays] == [play.tasks for play in plan.plays]
    assert [play.handlers for play in read.plays] == [play.handlers for play in plan.plays]


def said(tmp_path: Path, undo: str) -> tuple[str, str]:
    """The path and the first line of what is wrong with an undo."""
    site = {"site.yml": f"- hosts: all\n  tasks:\n    - command: x\n      undo: {undo}\n"}
    try:
        loaded = load(tmp_path, site)
    except PlanError as error:
        found = list(error.problems)
    else:
        findings = Findings()
        check_alone(loaded.plan, tmp_path, findings)
        found = findings.problems
    return str(found[0].path).removeprefix("site.yml[0].tasks[0]."), found[0].message.splitlines()[0]


@pytest.mark.parametrize(
    ("undo", "place", "message"),
    [
        ("3", "undo", "must be a command or a list of tasks, not a number"),
        ("[]", "undo", "must be a command or a list of tasks, not a list"),
        ("[{block: []}]", "undo[0]", "a block cannot take a task back"),
        ("[{include_tasks: x.yml}]", "undo[0]", "include_tasks cannot take a task back"),
        ("[{command: '{{ a'}]", "undo[0].command", "cannot be taken apart: a {{ is not closed"),
        ("[{command: a, register: r}]", "undo[0].register", "is not for a task that takes another one back"),
        ("[{command: a, loop: [1]}]", "undo[0].loop", "is not for a task that takes another one back"),
        ("[{command: a, undo: b}]", "undo[0].undo", "is not for a task that takes another one back"),
        ("[{set_fact: {a: 1}}]", "undo[0].module", "set_fact does nothing on the host that could take a task back"),
        ("[{fetch: {src: /x, dest: x}}]", "undo[0].module", "fetch takes nothing back"),
        ("[{copy: {src: site.yml, dest: /b}}]", "undo[0].args.src", "names a file of the plan"),
    ],
)
def test_what_undo_cannot_be(tmp_path: Path, undo: str, place: str, message: str) -> None:
    assert said(tmp_path, undo) == (place, message)
