"""`add_host` before anything runs: which hosts it may name, and what it may say of how they are reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.added_hosts import with_added_hosts
from deploy_tasks.plan.check_added import check_added
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.hosts import PLAN_BECOME, PLAN_USER, Host, Inventory
from deploy_tasks.plan.model import Plan, Play, Task
from deploy_tasks.plan.reach import DECIDED_BY, otherwise
from deploy_tasks.producer import Request, prepare

WEB: dict[str, Any] = {
    "ansible_host": "10.0.0.1",
    "ansible_port": 2222,
    "ansible_user": "deploy",
    "ansible_password": "hunter2!",
    "ansible_become": "yes",
    "deploy_tasks_state_dir": "/srv/dt",
}
OTHERWISE = "from the inventory, and hosts are reached as the inventory says"


def told(loop: Any = None, loop_var: str = "item", **args: Any) -> list[str]:
    """What is wrong with one task that adds a host."""
    task = Task(id="t", name="t", module="add_host", args=args, loop=loop, loop_var=loop_var, where="t")
    plan = Plan(name="p", format="playbook", plays=(Play(id="p", tasks=(task,)),))
    findings = Findings()
    known = Inventory(hosts={"web1": Host(name="web1", vars=WEB), "db1": Host(name="db1")})
    check_added(plan, with_added_hosts(plan, known), findings)
    return [str(problem) for problem in findings.problems]


@pytest.mark.parametrize(
    "said",
    [
        {"ansible_host": "10.0.0.1", "ansible_port": "2222", "ansible_user": "deploy", "ansible_become": True},
        {"ansible_ssh_host": "else.where"},  # ansible_host is the stronger name
        {"ansible_connection": "smart", "ansible_password": "hunter2!", "deploy_tasks_state_dir": "/srv/dt"},
        {"size": "large", "http_port": 80, "ansible_become_user": "app"},
        {},
    ],
)
def test_what_agrees_with_the_inventory_may_be_said(said: dict[str, Any]) -> None:
    assert otherwise(Host(name="web1", vars=WEB), said) == ()


@pytest.mark.parametrize(
    "said",
    [
        {"ansible_host": "10.8.8.8"},
        {"ansible_host": None},
        {"ansible_port": 22},
        {"ansible_port": "ssh"},
        {"ansible_user": "root"},
        {"ansible_ssh_private_key_file": "/k"},
        {"ansible_password": "other"},
        {"ansible_connection": "local"},
        {"ansible_connection": "docker"},
        {"ansible_become": False},
        {"deploy_tasks_host_key": "ssh-ed25519 AAAA"},
        {"deploy_tasks_state_dir": "/else"},
        {"deploy_tasks_target": "aarch64-linux"},
    ],
)
def test_what_reaches_a_host_otherwise_is_named(said: dict[str, Any]) -> None:
    assert otherwise(Host(name="web1", vars=WEB), {"size": 1, **said}) == tuple(said)


def test_the_user_and_the_rights_that_the_plan_asks_for_agree_with_it() -> None:
    host = Host(name="web1", vars={PLAN_USER: "deploy", PLAN_BECOME: True})
    assert otherwise(host, {"ansible_user": "deploy", "ansible_become": True}) == ()


@pytest.mark.parametrize(("what", "name"), [(what, name) for what, names in DECIDED_BY.items() for name in names])
def test_every_variable_decides_what_it_is_said_to(what: str, name: str) -> None:
    values = {"port": 29, "connection": "local", "become": True, "ansible_architecture": "arm64"}
    other = {"ansible_architecture": {"ansible_system": "Linux"}, "ansible_system": {"ansible_architecture": "arm64"}}
    value = values.get(what, values.get(name, "Linux"))
    before, after = Host(name="h", vars=other.get(name, {})), Host(name="h", vars={**other.get(name, {}), name: value})
    assert getattr(before, what) != getattr(after, what)
    assert otherwise(before, {name: value}) == (name,)


@pytest.mark.parametrize(
    "name", ["", "-oProxyCommand=x", "a b", "a/b", "a,b", "web*", "!web", "~web", ".", "..", "a" * 254]
)
def test_a_host_cannot_have_every_name(name: str) -> None:
    assert told([name], name="{{ item }}") == [
        f"t.args.name: {name[:60]!r} cannot be the name of a host (letters, digits, dots, dashes and underscores)"
    ]


def test_a_name_that_no_inventory_has_may_be_said() -> None:
    assert told(name="literal.example", groups="x", ansible_host="10.0.0.7", ansible_port=22) == []
    assert told(name="{{ 'x' ~ y }}", ansible_host="{{ y }}") == []
    assert told(groups="x") == []


def test_the_way_to_a_host_that_no_inventory_has_must_be_known() -> None:
    hint = " (say it by variables of plan or inventory or with -e, or put the host into the inventory)"
    assert told(name="new1", ansible_host="{{ made.stdout }}", ansible_user="{{ who | default(omit) }}") == [
        "t.args.ansible_host: must be known before anything runs, as 'new1' is in no inventory: "
        f"'made' is not known before the deployment{hint}"
    ]
    problems = told(["new1", "new2"], name="{{ item }}", ansible_password="{{ secret }}")
    assert len(problems) == 2
    assert all("t.args.ansible_password: must be known" in problem for problem in problems)
    assert told(name="web1", ansible_host="{{ made.stdout }}") == []  # the worker compares it


def test_there_is_one_way_to_a_host_that_no_inventory_has() -> None:
    (problem,) = told([{"at": "10.0.0.7"}, {"at": "10.0.0.8"}], name="new1", ansible_host="{{ item.at }}")
    assert problem.startswith("t.args.ansible_host: ansible_host of 'new1' is said otherwise by another add_host")


def test_what_a_task_says_of_the_way_to_a_host_is_told() -> None:
    assert told(name="web1", ansible_host="10.0.0.1", ansible_port="{{ port }}") == []
    assert told(name="web1", ansible_host="10.8.8.8", groups="x") == [
        f"t.args.ansible_host: ansible_host of 'web1' differs {OTHERWISE}"
        " (say it of the host in the inventory, and leave it out of add_host)"
    ]
    both = told([{"name": "web1", "ip": "10.0.0.1"}, {"name": "db1", "ip": "10.0.0.2"}],
                name="{{ item.name }}", ansible_host="{{ item['ip'] }}", ansible_user="deploy")  # fmt: skip
    assert both == [
        f"t.args.ansible_host: ansible_host, ansible_user of 'db1' differ {OTHERWISE}"
        " (say them of the host in the inventory, and leave them out of add_host)"
    ]
    assert "secret" not in repr(told(name="web1", ansible_password="the-secret-one"))


def test_file_and_line_are_told(tmp_path: Path) -> None:
    site = tmp_path / "site.yml"
    site.write_text(
        '- hosts: web1\n  tasks:\n    - add_host:\n        name: new1\n        ansible_host: "{{ made.stdout }}"\n'
    )
    with pytest.raises(PlanError) as caught:
        prepare(Request(site, "web1,"))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(site), 5)
