"""Format A: what rustle-plan writes becomes the normalised plan."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.load import load_plan, plan_of
from deploy_tasks.plan.model import Plan, Task


def task(task_id: str, **more: Any) -> dict[str, Any]:
    return {"task_id": task_id, "name": task_id, "module": "ping", **more}


def plan(*tasks: dict[str, Any], hosts: tuple[str, ...] = (), **play: Any) -> Plan:
    batches = play.pop("batches", [{"batch_id": "b0", "tasks": list(tasks)}])
    document = {"plays": [{"play_id": "p0", "name": "web", "hosts": list(hosts), "batches": batches, **play}]}
    return plan_of(document, source="web.json")


def ids(made: Plan) -> list[str]:
    return [found.id for found in made.plays[0].walk()]


def only_task(made: Plan) -> Task:
    (found,) = made.walk()
    return found


def test_the_plan_is_called_like_its_file() -> None:
    assert plan(task("a")).name == "web"


def test_tasks_stand_in_their_execution_order_and_equal_ones_as_written() -> None:
    made = plan(task("c", execution_order=2), task("a", execution_order=1), task("b", execution_order=1))
    assert ids(made) == ["a", "b", "c"]
    assert [found.where for found in made.walk()] == [f"plays[0].batches[0].tasks[{n}]" for n in (1, 2, 0)]


def test_a_dependency_beats_the_execution_order() -> None:
    assert ids(plan(task("a", dependencies=["b"]), task("b", execution_order=9))) == ["b", "a"]


def test_batches_come_after_those_they_depend_on() -> None:
    batches = [
        {"batch_id": "late", "dependencies": ["early"], "tasks": [task("x")]},
        {"batch_id": "early", "tasks": [task("y")]},
        {"batch_id": "any", "tasks": [task("z")]},
    ]
    assert ids(plan(batches=batches)) == ["y", "x", "z"]


def test_batches_of_other_hosts_may_repeat_a_task_and_each_keeps_its_hosts() -> None:
    batches = [{"batch_id": f"b-{host}", "hosts": [host], "tasks": [task("t")]} for host in ("web1", "web2")]
    first, second = plan(hosts=("web1", "web2"), batches=batches).walk()
    assert (first.id, first.only) == ("t", ("web1",))
    assert (second.id, second.only) == ("t@b-web2", ("web2",))


@pytest.mark.parametrize(
    ("batch", "own", "only"),
    [
        ([], [], ()),
        (["web1"], [], ("web1",)),
        (["web1", "web2"], ["web2"], ("web2",)),
        (["all"], ["web2"], ("web2",)),
        (["web2", "web1"], [], ()),
        ([], ["web1", "web1"], ("web1",)),
    ],
)
def test_a_task_runs_on_its_hosts_within_its_batch(batch: list[str], own: list[str], only: tuple[str, ...]) -> None:
    batches = [{"batch_id": "b", "hosts": batch, "tasks": [task("t", hosts=own)]}]
    assert only_task(plan(hosts=("web1", "web2"), batches=batches)).only == only


def test_all_five_kinds_of_conditions() -> None:
    conditions = [
        {"When": {"expression": "{{ x is defined }}"}},
        {"When": {"expression": "y > 1"}},
        {"Tag": {"tags": ["web", "own"]}},
        {"SkipTag": {"tags": ["slow"]}},
        {"Host": {"pattern": "web*:!web9"}},
        {"CheckMode": {"enabled": False}},
    ]
    found = only_task(plan(task("t", tags=["own"], when="z", conditions=conditions)))
    assert found.when == ("z", "x is defined", "y > 1")
    assert found.tags == ("own", "web")
    assert found.skip_tags == ("slow",)
    assert found.only == ("web*", "!web9")
    assert found.check_mode_only is False
    assert found.path("when[1]") == "plays[0].batches[0].tasks[0].conditions[0].When.expression"


@pytest.mark.parametrize(
    ("pattern", "only"),
    [
        ("prod", ("web1", "&prod")),
        ("prod:!old", ("web1", "&prod", "!old")),
        ("a:b*", ("web1", "&~(?:a$|b.*$)")),
    ],
)
def test_a_host_condition_narrows_the_hosts_of_the_task(pattern: str, only: tuple[str, ...]) -> None:
    assert only_task(plan(task("t", hosts=["web1"], conditions=[{"Host": {"pattern": pattern}}]))).only == only


def test_handlers_and_what_they_listen_to() -> None:
    handlers = [
        {
            "handler_id": "h1",
            "name": "restart",
            "module": "command",
            "args": {"_raw_params": "x"},
            "execution_order": 1,
        },
        {"handler_id": "h0", "name": "reload", "module": "command", "args": {"cmd": "y"}, "listen": "web changed"},
    ]
    made = plan(task("t", notify=["restart"]), handlers=handlers)
    first, second = (handler for handler in made.plays[0].handlers if isinstance(handler, Task))
    assert (first.id, second.id) == ("h0", "h1")
    assert first.listen == ("web changed",)
    assert second.where == "plays[0].handlers[0]"


def test_task_keywords_of_ansible_are_kept() -> None:
    keywords = {
        "register": "out", "loop": "{{ xs }}", "loop_control": {"loop_var": "x", "index_var": "i"}, "vars": {"a": 1},
        "environment": [{"A": "1"}, {"B": "2"}], "changed_when": False, "failed_when": ["out.rc != 0", "y"],
        "ignore_errors": "yes", "until": "out is succeeded", "retries": 3, "delay": "{{ pause }}", "no_log": True,
        "check_mode": False, "timeout": 5, "become": "yes",
    }  # fmt: skip
    found = only_task(plan(task("t", **keywords)))
    assert (found.register, found.loop, found.loop_var, found.index_var) == ("out", "{{ xs }}", "x", "i")
    assert (found.vars, found.environment) == ({"a": 1}, {"A": "1", "B": "2"})
    assert (found.changed_when, found.failed_when) == (("false",), ("out.rc != 0", "y"))
    assert (found.ignore_errors, found.until, found.retries, found.delay) == (
        True,
        ("out is succeeded",),
        3,
        "{{ pause }}",
    )
    assert (found.no_log, found.check_mode, found.timeout_s, found.become) == (True, False, 5.0, True)


def test_what_is_not_given_has_no_meaning_of_its_own() -> None:
    found = only_task(plan(task("t")))
    assert found == Task(id="t", name="t", module="ping", where="plays[0].batches[0].tasks[0]")


@pytest.mark.parametrize(
    ("value", "loop"),
    [
        ([1, [2, 3]], [1, 2, 3]),
        ("one", ["one"]),
        (
            "{{ xs }}",
            "{% set terms = xs %}"
            "{{ query('items', *(terms | list if terms is iterable and terms is not string else [terms])) }}",
        ),
        (["{{ xs }}", "b"], "{{ query('items', xs, 'b') }}"),
        (["{{ xs }}", "back\\slash"], "{{ query('items', xs, 'back\\slash') }}"),
    ],
)
def test_with_items_unfolds_one_level(value: Any, loop: Any) -> None:
    assert only_task(plan(task("t", with_items=value))).loop == loop


def test_with_dict_gives_items_with_key_and_value() -> None:
    assert only_task(plan(task("t", with_dict={"a": 1}))).loop == [{"key": "a", "value": 1}]
    assert only_task(plan(task("t", with_dict="{{ d }}"))).loop == "{{ query('dict', d) }}"


def test_planning_options_are_the_defaults_of_the_run() -> None:
    options = {
        "limit": "web", "tags": ["a"], "skip_tags": "b,c", "check_mode": True, "diff_mode": True, "forks": 7,
        "serial": "25%", "strategy": "HostPinned",
    }  # fmt: skip
    batches = [{"batch_id": "b", "tasks": []}]
    plays = [
        {"play_id": "own", "name": "own", "batches": batches, "strategy": "BinaryOnly", "serial": [1, "50%"]},
        {"play_id": "other", "name": "other", "batches": batches},
    ]
    made = plan_of({"metadata": {"planning_options": options}, "plays": plays}, source="x")
    assert (made.limit, made.tags, made.skip_tags, made.check, made.diff, made.forks) == (
        "web", ("a",), ("b", "c"), True, True, 7,
    )  # fmt: skip
    assert [(play.strategy, play.serial) for play in made.plays] == [
        ("binary_only", (1, "50%")),
        ("host_pinned", ("25%",)),
    ]


def test_binary_deployments_tell_targets_variables_and_files() -> None:
    deployment = {
        "deployment_id": "g",
        "target_hosts": ["web1"],
        "tasks": ["t"],
        "embedded_data": {
            "static_files": [{"src_path": "a.conf", "dest_path": "/a", "checksum": "placeholder", "size": 3}],
            "variables": {"port": 1, "own": "weak"},
        },
        "compilation_requirements": {"target_arch": "arm64", "target_os": "macos"},
    }
    play = {
        "play_id": "p",
        "name": "p",
        "batches": [{"batch_id": "b", "tasks": [task("t")]}],
        "vars": {"own": "strong"},
    }
    made = plan_of({"plays": [play], "binary_deployments": [deployment], "hosts": ["web1"]}, source="x")
    assert made.targets == {"web1": "aarch64-apple-darwin"}
    assert made.plays[0].vars == {"port": 1, "own": "strong"}
    assert [(file.src, file.checksum) for file in made.static_files] == [("a.conf", "placeholder")]
    assert made.hosts == ("web1",)


def test_unknown_keys_are_never_fatal() -> None:
    made = plan(task("t", estimated_cost=5, metadata={"x": [1]}), color="blue")
    assert ids(made) == ["t"]


def test_a_syntax_error_is_shown_with_line_column_and_caret() -> None:
    with pytest.raises(PlanError) as caught:
        load_plan('{"plays": [\n  {"play_id": "p",}\n]}', source="web.json")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == ("web.json", 2, 19)
    shown, caret = problem.message.splitlines()[1:]
    assert caret.index("^") == shown.index("}")
    assert "no comma may follow the last one" in (problem.hint or "")


@pytest.mark.parametrize(
    "line",
    [
        '{"plays": [], "db_password": "hunter2!" "x"}',
        '{"ansible_password": "hunter2!, "x": 1}',
        '{"a": 1, "token": hunter2!}',
    ],
)
def test_the_line_of_a_syntax_error_shows_no_secret(line: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_plan(line, source="web.json")
    assert "hunter2!" not in str(caught.value)
    assert "***" in str(caught.value)
    assert str(caught.value).endswith(("^", ")"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expecting value"),
        ("[]", "a plan is an object, not a list"),
        ("{}", "has neither plays nor tasks"),
        ('{"plays": [], "x": NaN}', "NaN is not JSON"),
        ('{"plays": [], "x": 1e999}', "not finite"),
        ('{"plays": [], "x": "\\ud800"}', "surrogate"),
        ('{"x":' + "[" * 100_000, "nested deeper"),
        ('{"x":' + "[" * 210 + "]" * 210 + "}", "nested deeper than 200 levels"),
        ("- hosts: all\n  tasks: []\n", "is YAML"),
        ('{"plays": [], "x": ' + "9" * 5000 + "}", "number"),
    ],
)
def test_what_is_no_plan_at_all(text: str, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_plan(text, source="web.json")
    assert len(caught.value.problems) == 1
    assert message in str(caught.value)


def test_a_plan_survives_json() -> None:
    made = plan(task("t", register="x", loop=[1], when="x"), handlers=[])
    again = Plan.model_validate(json.loads(made.model_dump_json()))
    assert again == made
