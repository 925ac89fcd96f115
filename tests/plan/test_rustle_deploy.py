"""Format B: a rustle-deploy plan becomes the normalised plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.plan.load import plan_of, read_plan
from deploy_tasks.plan.model import Plan, Task


def task(task_id: str, **more: Any) -> dict[str, Any]:
    return {"id": task_id, "name": task_id, "module": "ping", **more}


def plan(*tasks: dict[str, Any], **more: Any) -> Plan:
    return plan_of({"metadata": {"plan_id": "web"}, "tasks": list(tasks), **more}, source="x.json")


def only_task(**more: Any) -> Task:
    (found,) = plan(task("t", **more)).walk()
    return found


def test_tasks_follow_their_dependencies_and_otherwise_stay_as_written() -> None:
    made = plan(task("d", dependencies=["b"]), task("a"), task("c", dependencies=["d", "a"]), task("b"))
    assert [found.id for found in made.walk()] == ["a", "b", "d", "c"]
    assert [found.where for found in made.walk()] == ["tasks[1]", "tasks[3]", "tasks[0]", "tasks[2]"]


@pytest.mark.parametrize(
    ("target", "only", "when"),
    [
        ("All", (), ()),
        (None, (), ()),
        ({"Groups": ["web", "db"]}, ("web", "db"), ()),
        ({"Hosts": ["web1"]}, ("web1",), ()),
        ({"Expression": "web:&prod"}, ("web:&prod",), ()),
        ({"Expression": "'web' in group_names"}, (), ("'web' in group_names",)),
        ({"Expression": "{{ region == 'eu' }}"}, (), ("region == 'eu'",)),
    ],
)
def test_target_hosts(target: Any, only: tuple[str, ...], when: tuple[str, ...]) -> None:
    found = only_task(target_hosts=target)
    assert (found.only, found.when) == (only, when)


@pytest.mark.parametrize(
    ("given", "module"),
    [
        ({"module": "ansible.builtin.copy", "task_type": "Command"}, "copy"),
        ({"module": None, "task_type": "Template"}, "template"),
        ({"module": None, "task_type": {"Custom": {"module_name": "stat"}}}, "stat"),
    ],
)
def test_the_module_comes_from_module_or_task_type(given: dict[str, Any], module: str) -> None:
    assert only_task(**given).module == module


def test_loop_and_variables_among_the_arguments_are_lifted() -> None:
    args = {"src": "a.j2", "dest": "/a", "loop": [1, 2], "variables": {"port": 1}}
    found = only_task(module="template", args=args, vars={"port": 0, "host": "x"})
    assert found.args == {"src": "a.j2", "dest": "/a"}
    assert found.loop == [1, 2]
    assert found.vars == {"port": 1, "host": "x"}
    assert found.path("vars") == "tasks[0].args.variables"


def test_variables_of_other_modules_stay_arguments() -> None:
    assert only_task(module="set_fact", args={"variables": 1}).args == {"variables": 1}


@pytest.mark.parametrize(
    ("policy", "retries", "delay"),
    [
        ({"max_attempts": 1, "delay": 5}, None, None),
        ({"max_attempts": 3, "delay": 5}, 2, 5.0),
        ({"max_attempts": 2, "delay": {"secs": 1, "nanos": 500_000_000}}, 1, 1.5),
        ({"max_attempts": 4, "delay": 2, "backoff": "Linear"}, 3, "{{ 2.0 * (_try_t.attempts | default(1)) }}"),
        (
            {"max_attempts": 4, "delay": 2, "backoff": "Exponential"},
            3,
            "{{ 2.0 * 2 ** ((_try_t.attempts | default(1)) - 1) }}",
        ),
    ],
)
def test_retries(policy: dict[str, Any], retries: int | None, delay: float | str | None) -> None:
    found = only_task(retry_policy=policy)
    assert (found.retries, found.delay) == (retries, delay)
    assert found.until == (() if retries is None else ("_try_t is succeeded",))
    assert found.register == (None if retries is None else "_try_t")


def test_a_retried_task_keeps_its_own_register() -> None:
    found = only_task(register="out", retry_policy={"max_attempts": 2})
    assert (found.register, found.until) == ("out", ("out is succeeded",))


@pytest.mark.parametrize(("policy", "word"), [(None, "abort"), ("Continue", "continue"), ("Rollback", "rollback")])
def test_failure_policy(policy: str | None, word: str) -> None:
    assert only_task(failure_policy=policy).on_failure == word


@pytest.mark.parametrize(
    ("strategy", "word", "serial"),
    [("Linear", "linear", ()), ({"Rolling": {"batch_size": 5}}, "rolling", (5,)), ("Parallel", "free", ())],
)
def test_strategy(strategy: Any, word: str, serial: tuple[int, ...]) -> None:
    (play,) = plan(task("t"), strategy=strategy).plays
    assert (play.strategy, play.serial) == (word, serial)


@pytest.mark.parametrize("key", ["deployment_config", "deployment"])
def test_how_to_deploy_stands_under_either_name(key: str) -> None:
    made = plan(task("t"), **{key: {"verify_deployment": True, "deployment_timeout": 1800, "binary_name": "x"}})
    assert (made.verify, made.deployment_timeout_s) == (True, 1800.0)


INVENTORY = {
    "format": "Json",
    "source": {"Inline": {"content": "{}"}},
    "groups": {
        "web": {"hosts": ["web1", "extra"], "variables": {"tier": "web", "who": "group"}, "children": []},
        "prod": {"hosts": [], "variables": {"tier": "prod", "stage": "prod"}, "children": ["web"]},
    },
    "hosts": {
        "web1": {
            "address": "10.0.0.1",
            "connection": {
                "method": "Ssh", "username": "deploy", "password": "hunter2!", "key_file": "/k", "port": 2222,
                "timeout": 30,
            },
            "variables": {"who": "host"},
            "target_triple": "aarch64-unknown-linux-gnu",
        },
        "here": {"address": "localhost", "connection": {"method": "Local"}},
    },
    "variables": {"who": "all", "everywhere": 1},
}  # fmt: skip


def test_its_inventory() -> None:
    made = plan(task("t"), inventory=INVENTORY)
    assert made.inventory is not None
    web = made.inventory.hosts["web1"]
    assert (web.address, web.port, web.user, web.key_file, web.connection) == ("10.0.0.1", 2222, "deploy", "/k", "ssh")
    assert web.password is not None
    assert web.password.reveal() == "hunter2!"
    assert "hunter2!" not in repr(made.inventory)
    assert (web.vars["who"], web.vars["tier"], web.vars["stage"], web.vars["everywhere"]) == ("host", "web", "prod", 1)
    assert web.groups == ("prod", "web")
    assert web.target == "aarch64-unknown-linux-gnu"
    assert made.targets == {"web1": "aarch64-unknown-linux-gnu"}
    assert made.inventory.hosts["here"].connection == "local"
    assert made.inventory.groups["prod"] == ("web1", "extra")


def test_an_inventory_given_inline() -> None:
    inventory = {"source": {"Inline": {"content": '{"web": {"hosts": ["a"]}}'}}, "groups": {}, "hosts": {}}
    made = plan(task("t"), inventory=inventory)
    assert made.inventory is not None
    assert made.inventory.groups["web"] == ("a",)


def test_variable_files_beside_the_plan_belong_to_its_inventory(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "web.yml").write_text("tier: file\nwho: file\n")
    (tmp_path / "web.json").write_text(json.dumps({"tasks": [task("t")], "inventory": INVENTORY}))
    made, _ = read_plan(str(tmp_path / "web.json"))
    assert made.inventory is not None
    variables = made.inventory.hosts["web1"].vars
    assert (variables["tier"], variables["who"]) == ("file", "host")


def test_an_empty_inventory_leaves_the_place_for_another() -> None:
    assert plan(task("t"), inventory={"groups": {}, "hosts": {}}).inventory is None
