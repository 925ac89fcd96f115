"""Checking a plan that is right, and the cases where the hosts decide whether it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.plan.check_args import check_args
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.inventory import inventory_for, load_inventory, parse_hosts_argument
from deploy_tasks.plan.load import plan_of, read_plan
from deploy_tasks.plan.model import Inventory, Plan, Task
from deploy_tasks.plan.validate import check

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"


def found(module: str, **args: Any) -> list[str]:
    findings = Findings()
    check_args(Task(id="t", name="t", module=module, args=args, where="t"), findings)
    return [problem.message for problem in findings.problems]


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("debug", {"msg": {"any": ["thing"]}}),
        ("debug", {"var": "x", "verbosity": "2"}),
        ("assert", {"that": "x > 1", "msg": "no"}),
        ("set_fact", {"anything": 1, "cacheable": "no"}),
        ("setup", {"gather_subset": "all,!hardware", "filter": ["ansible_*"]}),
        ("ping", {}),
        ("meta", {"_raw_params": "flush_handlers"}),
        (
            "template",
            {"src": "a", "dest": "/x", "trim_blocks": "yes", "lstrip_blocks": False, "output_encoding": "UTF-8"},
        ),
        ("command", {"cmd": "true", "creates": "/x", "undo": "false"}),
        ("command", {"argv": ["a", "b"], "chdir": "/"}),
        ("shell", {"_raw_params": "a | b", "executable": "/bin/bash"}),
        ("raw", {"_raw_params": "x"}),
        ("file", {"dest": "/x", "state": "touch", "mode": "u=rw,g=r,o="}),
        ("file", {"path": "/x", "state": "{{ state }}", "src": "/y"}),
        ("file", {"name": "/x", "state": "link", "src": "/y", "force": "yes"}),
        ("copy", {"content": "", "dest": "/x", "mode": 0o644}),
        ("copy", {"src": "a", "dest": "/x", "mode": "preserve", "directory_mode": "0755", "owner": 0}),
        ("template", {"src": "a", "dest": "/x", "mode": "644", "newline_sequence": "\n", "backup": None}),
        ("stat", {"path": "/x", "get_mime": False, "checksum_algo": "sha256"}),
        ("wait_for", {"port": "{{ port }}", "timeout": "30", "state": "drained", "exclude_hosts": "a,b"}),
        ("lineinfile", {"dest": "/x", "regex": "^a", "line": "b", "insertafter": "EOF"}),
        ("lineinfile", {"path": "/x", "regexp": "^a", "state": "absent"}),
        ("get_url", {"url": "http://h/f", "dest": "/x", "use_gssapi": "no", "username": "me", "headers": {"A": "b"}}),
        ("uri", {"url": "http://h", "headers": "Accept=application/json"}),
        ("docker_container", {"name": "a", "restart_policy": False, "ports": [80], "tls": "no", "memory": "1G"}),
        ("docker_network", {"name": "a", "scope": "local", "ingress": False}),
        ("uri", {"url": "http://h", "body": {"a": [1]}, "body_format": "json", "status_code": 201, "user": "me"}),
    ],
)
def test_right_arguments_are_right(module: str, args: dict[str, Any]) -> None:
    assert found(module, **args) == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"use_gssapi": True}, "can only be false"),
        ({"ciphers": ["AES"]}, "is not supported"),
        ({"body_format": "form-multipart"}, "'form-multipart' is not one of form-urlencoded, json, raw"),
        ({"body": "a", "src": "b"}, "body and src exclude each other"),
    ],
)
def test_what_requests_cannot_have_is_refused(args: dict[str, Any], message: str) -> None:
    assert found("uri", url="http://h", **args) == [message]


@pytest.mark.parametrize(
    ("module", "args", "message"),
    [
        ("copy", {"content": "x", "dest": "/x", "mode": 644}, "must be a mode as text, not a number"),
        ("copy", {"content": "x", "dest": "/x", "mode": "0999"}, "must be a mode, not text"),
        ("copy", {"content": "x", "dest": "/x", "mode": True}, "must be a mode as text, not true or false"),
        ("copy", {"content": "x"}, "copy needs the argument dest"),
        ("copy", {"content": "x", "dest": ""}, "must be a path, not text"),
        ("template", {"dest": "/x"}, "template needs the argument src"),
        ("command", {}, "command needs _raw_params (or cmd) or argv"),
        ("command", {"cmd": "a", "argv": ["b"]}, "_raw_params and argv exclude each other"),
        ("command", {"cmd": "a", "_raw_params": "b"}, "means the same as cmd"),
        ("lineinfile", {"path": "/x", "line": "a", "backrefs": True}, "lineinfile with backrefs=true needs regexp"),
        ("lineinfile", {"path": "/x", "regexp": "a"}, "lineinfile with state=present needs line"),
        ("wait_for", {"timeout": 1.5}, "must be a whole number, not a number"),
        ("wait_for", {"state": "drained"}, "wait_for with state=drained needs port"),
        ("file", {"path": "/x", "src": "/y"}, "src goes with state=link and state=hard only"),
        ("meta", {}, "meta needs the argument _raw_params"),
        ("debug", {"msg": 1, "var": "x"}, "msg and var exclude each other"),
        ("ping", {"data": ["x"]}, "must be text, not a list"),
        ("user", {"name": "a", "role": "r"}, "is not supported"),
        ("user", {"name": "a", "local": True}, "can only be false"),
        ("user", {"name": "a", "ssh_key_passphrase": "{{ x }}"}, "is not supported"),
        (
            "docker_container",
            {"name": "a", "restart_policy": True},
            "'True' is not one of no, on-failure, always, unless-stopped",
        ),
        ("docker_container", {"name": "a", "platform": "linux/arm64"}, "is not supported"),
        ("docker_container", {"name": "a", "state": "present"}, "docker_container with state=present needs image"),
        ("docker_image", {"name": "a", "source": "build"}, "docker_image with source=build needs build"),
        ("docker_image", {"name": "a", "source": "local", "push": True}, "can only be false"),
        ("group", {"name": "a", "non_unique": True}, "group with non_unique=true needs gid"),
    ],
)
def test_wrong_arguments_are_told(module: str, args: dict[str, Any], message: str) -> None:
    assert found(module, **args) == [message]


def plan(*tasks: dict[str, Any]) -> Plan:
    named = [{"id": f"t{n}", "name": "t", "module": "ping", **task} for n, task in enumerate(tasks)]
    return plan_of({"tasks": named}, source="x")


def told(made: Plan, inventory: Inventory, **more: Any) -> list[str]:
    return [str(problem) for problem in check(made, inventory, Path("/nowhere"), **more)]


def hosts(tmp_path: Path, text: str) -> Inventory:
    path = tmp_path / "hosts"
    path.write_text(text)
    return load_inventory(path)


@pytest.mark.parametrize(
    ("module", "state", "hint"), [("apt", "installed", "write present"), ("service", "running", "write started")]
)
def test_values_that_go_by_another_name_are_told(module: str, state: str, hint: str) -> None:
    findings = Findings()
    check_args(Task(id="t", name="", module=module, args={"name": "x", "state": state}), findings)
    assert [each.hint for each in findings.problems] == [hint]


def test_a_plan_that_is_right_has_no_problem() -> None:
    made = plan({"when": "x is defined"}, {"module": "debug", "args": {"msg": "{{ x | default('y') }}"}})
    assert told(made, parse_hosts_argument("web1,"), extra_vars={"x": "{{ 1 }}"}) == []


def test_modes_that_came_from_octal_numbers_are_told_from_decimal_ones() -> None:
    meant = (0o644, 0o755, 0o2755, 0o2775, 0o1777, 0o4755, 0o6755, 0o2770, 0o1770, 0o3770, 0o2750, 0o4711, 0o755)
    mistaken = (755, 644, 640, 600, 700, 750, 770, 777, 1777, 2755, 2775, 4755, 2770, 10000)
    for modes, wrong in ((meant, 0), (mistaken, 1)):
        for mode in modes:
            made = plan({"module": "file", "args": {"path": "/x", "state": "directory", "mode": mode}})
            assert len(told(made, parse_hosts_argument("web1,"))) == wrong, mode


def test_arguments_that_may_be_left_out_on_the_host_exclude_nothing() -> None:
    host = parse_hosts_argument("web1,")
    omitted = {"port": "{{ port | default(omit) }}", "path": "{{ sock | default(omit) }}"}
    assert told(plan({"module": "wait_for", "args": omitted}), host) == []
    given = {"port": "{{ port }}", "path": "{{ omitted }}"}
    assert "exclude each other" in told(plan({"module": "wait_for", "args": given}), host)[0]


def test_ways_to_hosts_that_are_no_texts_are_told_instead_of_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yml"
    odd = "{ansible_host: {a: 1}, ansible_user: [root], ansible_password: 7, ansible_ssh_host: null}"
    path.write_text(f"all: {{hosts: {{web1: {odd}}}}}\n")
    assert told(plan({}), load_inventory(path)) == [
        "hosts.web1.ansible_host: must be a text",
        "hosts.web1.ansible_user: must be a text",
    ]


def test_a_limit_that_leaves_no_host(tmp_path: Path) -> None:
    inventory = hosts(tmp_path, "[web]\nweb1\n[db]\n")
    assert told(plan({}), inventory, limit="db") == [
        "inventory: selects no host (look at --limit and at the hosts of the play)"
    ]
    assert told(plan({}), inventory, limit="wbe") == ["limit: no host and no group is named 'wbe' (did you mean web?)"]
    assert told(plan({}), Inventory()) == [
        "inventory: has no host (give an inventory with -i, for example -i web1,web2)"
    ]


def test_a_task_for_hosts_outside_the_limit_is_no_mistake(tmp_path: Path) -> None:
    inventory = hosts(tmp_path, "web1\nweb2\n")
    assert told(plan({"target_hosts": {"Hosts": ["web2"]}}, {}), inventory, limit="web1") == []


def test_every_task_may_ask_for_rights_of_its_own(tmp_path: Path) -> None:
    made = plan({"become": True}, {}, {"become": True, "become_user": "web"})
    assert told(made, hosts(tmp_path, "web1\n")) == []


def test_hosts_that_are_not_touched_are_not_judged(tmp_path: Path) -> None:
    inventory = hosts(tmp_path, "good\nbad ansible_connection=winrm\n")
    assert told(plan({}), inventory, limit="good") == []
    assert len(told(plan({}), inventory)) == 1


def test_a_template_file_is_read_and_its_line_told(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("fine {{ x }}\n{% if y %}\n{{ z | nope }}\n{% endif %}\n")
    made = plan({"module": "template", "args": {"src": "a.j2", "dest": "/x"}})
    (problem,) = check(made, parse_hosts_argument("web1,"), tmp_path)
    assert (problem.path, problem.file, problem.line) == ("tasks[0].args.src", str(tmp_path / "a.j2"), 3)
    assert "no filter named 'nope'" in problem.message


CONFORMANCE = {
    "example_rustle_plan_output.json": [],
    "tests/fixtures/execution_plans/file_operations_plan.json": [],
    "tests/fixtures/execution_plans/combined_features_plan.json": [],
    "tests/fixtures/execution_plans/ansible_demo_plan.json": [
        ("tasks[1].args.src", "there is no file 'config.j2'"),
        ("tasks[2].args.src", "there is no file 'app/'"),
    ],
}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample plans are not beside this folder")
@pytest.mark.parametrize("name", list(CONFORMANCE))
def test_sample_plans(name: str) -> None:
    made, folder = read_plan(str(SAMPLES / name))
    problems = check(made, inventory_for(made, None), folder)
    assert [
        (problem.path, problem.message[: len(message)])
        for problem, (_, message) in zip(problems, CONFORMANCE[name], strict=True)
    ] == CONFORMANCE[name]
