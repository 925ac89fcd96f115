"""Tasks as they are written, and what they become: cases/tasks.yml. Mistakes, as they are told: golden/tasks.yml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy_tasks.plan.playbook.common import Inherited, common_of, read_common
from deploy_tasks.plan.playbook.reading import Reading
from deploy_tasks.plan.playbook.taskdoc import build_task, read_task

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "cases" / "tasks.yml").read_text())


def built(task: Any, around: Inherited | None = None, *, handler: bool = False) -> dict[str, Any]:
    ctx = Reading()
    doc = read_task(task, "site.yml[0]", ctx, handler=handler)
    assert ctx.findings.problems == []
    assert doc is not None
    made = build_task(doc, around or Inherited(), ctx)
    return made.model_dump(mode="json", exclude_defaults=True, exclude={"id", "where", "origins"})


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_a_task_becomes_a_task_of_the_plan(case: dict[str, Any]) -> None:
    assert built(case["task"], handler=case.get("handler", False)) == case["plan"]


def test_every_mistake_is_told_with_its_place() -> None:
    ctx = Reading()
    doc = ctx.sources.read(HERE / "golden" / "tasks.yml", "tasks.yml", shown="tasks.yml")
    for number, task in enumerate(doc.data):
        read_task(task, f"tasks.yml[{number}]", ctx)
    told = "".join(f"{problem}\n" for problem in ctx.places.locate_all(ctx.findings.problems))
    expected = HERE / "golden" / "tasks.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(told)
    assert told == expected.read_text()
    assert "hunter2!" not in told, "a secret was repeated in a message"


def layer(**keywords: Any) -> Inherited:
    ctx = Reading()
    made = read_common(keywords, "site.yml[0]", ctx, known=())
    assert ctx.findings.problems == []
    return made


def test_what_is_said_inside_is_stronger_than_what_is_said_around() -> None:
    around = Inherited().under(layer(become=True, become_user="app", no_log=True, notify="outer", timeout=5))
    inner = around.under(layer(become=False, notify=["inner"]))
    assert built({"debug": None}, inner) == {
        "name": "debug", "module": "debug", "become": False, "become_user": "app", "no_log": True,
        "notify": ["inner"], "timeout_s": 5.0,
    }  # fmt: skip
    assert built({"debug": None, "become": True, "no_log": False, "notify": "own"}, inner) == {
        "name": "debug", "module": "debug", "become": True, "become_user": "app", "notify": ["own"], "timeout_s": 5.0,
    }  # fmt: skip


def test_a_task_of_a_local_play_can_be_sent_elsewhere() -> None:
    around = Inherited().under(layer(connection="local"))
    assert built({"debug": None}, around)["delegate_to"] == "localhost"
    assert built({"debug": None, "delegate_to": "web1"}, around)["delegate_to"] == "web1"
    assert "delegate_to" not in built({"debug": None, "connection": "ssh"}, around)


def test_environments_add_up() -> None:
    around = Inherited().under(layer(environment={"A": 1, "B": 1})).under(layer(environment={"B": 2}))
    assert built({"debug": None, "environment": {"C": 3}}, around)["environment"] == {"A": 1, "B": 2, "C": 3}
    found = built({"debug": None, "environment": "{{ own }}"}, around)["environment"]
    assert found == "{{ {} | combine({'A': 1, 'B': 1}, {'B': 2}, own) }}"


def test_module_defaults_are_below_arguments_and_the_innermost_count() -> None:
    outer = layer(module_defaults={"ansible.builtin.copy": {"mode": "0600", "owner": "app"}, "file": {"owner": "app"}})
    inner = layer(module_defaults=[{"copy": {"mode": "0640"}}, {"group/aws": {"region": "x"}}])
    around = Inherited().under(outer)
    task = {"copy": {"src": "a", "dest": "/b"}}
    assert built(task, around)["args"] == {"mode": "0600", "owner": "app", "src": "a", "dest": "/b"}
    assert built(task, around.under(inner))["args"] == {"mode": "0640", "src": "a", "dest": "/b"}
    assert built({"copy": "src=a mode=0"}, around)["args"] == {"mode": "0", "owner": "app", "src": "a"}
    assert built({"file": "path=/x"}, around.under(inner))["args"] == {"owner": "app", "path": "/x"}


def test_unknown_keys_of_a_block_or_play_are_told_with_the_nearest() -> None:
    ctx = Reading()
    data = {"blok": [], "becom": True, "hosts": "all", "xyzzy": 1, "sudo": True}
    read_common(data, "site.yml[0]", ctx, known=("block", "hosts"))
    assert [(each.path, each.hint) for each in ctx.findings.problems] == [
        ("site.yml[0].blok", "did you mean block?"),
        ("site.yml[0].becom", "did you mean become?"),
        ("site.yml[0].xyzzy", None),
        ("site.yml[0].sudo", "write become: true"),
    ]


def test_what_only_a_play_says_is_kept_for_it() -> None:
    ctx = Reading()
    found = common_of({"remote_user": "admin", "port": 2222, "hosts": "all"}, "site.yml[0]", ctx.findings)
    assert (found.remote_user, found.port) == ("admin", 2222)
