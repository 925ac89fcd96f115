"""Hosts that only `add_host` names: which are found before anything runs, and what is known of them then."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from deploy_tasks.cli.inputs import for_compiling
from deploy_tasks.errors import InventoryError
from deploy_tasks.plan import added_hosts
from deploy_tasks.plan.added_hosts import with_port
from deploy_tasks.plan.inventory import inventory_for, load_inventory
from deploy_tasks.plan.model import Inventory, Plan
from deploy_tasks.plan.stages import staged
from deploy_tasks.producer import Request, prepare
from tests.support.playbooks import load

INVENTORY = """
a number=1
b number=2
[web]
a
b
[db]
[prod:children]
db
[all:vars]
everyone=here
machines=["m1", "m2"]
"""
PLAY = """
- hosts: {hosts}
  gather_facts: false
  vars: {{listed: [v1, v2], nested: "{{{{ listed }}}}", computed: "{{{{ result.stdout }}}}"}}
  tasks:
    - add_host: {args}
{more}
- hosts: "{then}"
  gather_facts: false
  tasks:
    - command: "true"
      register: result
"""


def made(
    folder: Path,
    args: str,
    more: str = "",
    *,
    hosts: str = "web",
    then: str = "fresh",
    files: dict[str, str] | None = None,
    given: dict[str, Any] | None = None,
) -> tuple[Plan, Inventory]:
    """A plan whose first play adds hosts and whose second is for `fresh`, with its inventory."""
    site = PLAY.format(hosts=hosts, args=args, then=then, more="".join(f"      {line}\n" for line in more.splitlines()))
    written = {"hosts.ini": INVENTORY, "site.yml": site, **(files or {})}
    plan = load(folder, written, extra_vars=given or {}).plan
    return plan, inventory_for(plan, load_inventory(folder / "hosts.ini", plan_dir=folder), given)


def added(folder: Path, args: str, more: str = "", **options: Any) -> list[str]:
    return list(made(folder, args, more, **options)[1].added)


@pytest.mark.parametrize(
    ("args", "more", "names"),
    [
        ("{name: new1, groups: fresh}", "", ["new1"]),
        ("{hostname: 'n-{{ number }}', groups: fresh}", "", ["n-1", "n-2"]),
        ("{host: '{{ inventory_hostname }}x', groups: fresh}", "", ["ax", "bx"]),
        ("{name: '{{ item }}', groups: fresh}", "loop: [n1, a, n2]", ["n1", "n2"]),
        ("{name: '{{ item }}', groups: fresh}", "loop: '{{ nested }}'", ["v1", "v2"]),
        ("{name: '{{ item }}', groups: fresh}", "with_items: '{{ machines }}'", ["m1", "m2"]),
        ("{name: '{{ item }}', groups: fresh}", "with_items: ['{{ listed }}', one]", ["v1", "v2", "one"]),
        ("{name: '{{ item }}', groups: fresh}", "loop: \"{{ [['n1', none], 'n2'] | flatten }}\"", ["n1", "n2"]),
        ("{name: '{{ item.key }}', groups: fresh}", "loop: \"{{ {'n1': 1} | dict2items }}\"", ["n1"]),
        ("{name: '{{ item.key }}', groups: fresh}", "with_dict: {n1: 1, n2: 2}", ["n1", "n2"]),
        ("{name: '{{ m.n }}.x', groups: fresh}", "loop: [{n: n1}]\nloop_control: {loop_var: m}", ["n1.x"]),
        ("{name: 'new-{{ item }}', groups: fresh}", "loop: '{{ groups.web }}'", ["new-a", "new-b"]),
        ("{name: '{{ who }}', groups: fresh}", "vars: {who: n9}", ["n9"]),
        ("{name: '{{ given }}', groups: fresh}", "", ["g1"]),
        ("{name: 'new1:2222', groups: fresh}", "", ["new1"]),
        ("{name: '{{ computed }}', groups: fresh}", "", []),
        ("{name: '{{ result.stdout }}', groups: fresh}", "vars: {result: {stdout: x}}", []),
        ("{name: '{{ item }}', groups: fresh}", "loop: '{{ result.stdout_lines }}'", []),
        ('{name: \'{{ lookup("pipe", "id") }}\', groups: fresh}', "", []),
        ("{name: a, groups: fresh}", "", []),
    ],
)
def test_what_is_known_names_them(tmp_path: Path, args: str, more: str, names: list[str]) -> None:
    assert added(tmp_path, args, more, given={"given": "g1"}) == names


def test_they_are_named_in_roles_and_includes_too(tmp_path: Path) -> None:
    files = {
        "roles/r/defaults/main.yml": "count: [d1]\nsuffix: .x\n",
        "roles/r/tasks/main.yml": "- include_tasks: one.yml\n  loop: '{{ count }}'\n  loop_control: {loop_var: m}\n",
        "roles/r/tasks/one.yml": "- add_host: {name: '{{ m }}{{ suffix }}{{ end }}', groups: fresh}\n",
        "site.yml": "- hosts: web\n  roles: [{role: r, end: '!'}, {role: r, end: y, vars: {count: [d2]}}]\n",
    }
    _, inventory = made(tmp_path, "", files=files)
    assert list(inventory.added) == ["d2.xy"]  # '!' is nothing that a host may be called


def test_they_are_in_no_group_and_may_be_in_those_that_are_said(tmp_path: Path) -> None:
    plan, inventory = made(tmp_path, "{name: '{{ item }}', groups: 'db,fresh'}", "loop: [n1, n2]")
    assert inventory.groups["all"] == ("a", "b")
    assert inventory.added == {"n1": 0, "n2": 0}
    assert inventory.select(("fresh",)) == inventory.select(("prod",)) == ("n1", "n2")
    assert inventory.select(("all",)) == ("a", "b", "n1", "n2")
    assert inventory.select(("all", "!fresh")) == ("a", "b", "n1", "n2")  # who is in it is not sure
    assert inventory.of_play(0, ("all",)) == ("a", "b")
    assert [stage.hosts for stage in staged(plan, inventory).stages] == [("a", "b"), ("n1", "n2")]


@pytest.mark.parametrize(("then", "hosts"), [("all", "a b n1"), ("n1", "n1"), ("web", "a b"), ("all:!web", "n1")])
def test_they_take_part_in_plays_after_the_task(tmp_path: Path, then: str, hosts: str) -> None:
    plan, inventory = made(tmp_path, "{name: n1}", hosts="all", then=then)
    assert [stage.hosts for stage in staged(plan, inventory).stages] == [("a", "b"), tuple(hosts.split())]


def test_a_task_of_which_nothing_is_known_may_name_them_earlier(tmp_path: Path) -> None:
    blind = "- hosts: web\n  tasks:\n    - add_host: {name: '{{ computed }}', groups: fresh}\n"
    later = "- hosts: fresh\n- hosts: web\n  tasks:\n    - add_host: {name: n1, groups: fresh}\n"
    plan, inventory = made(tmp_path, "", files={"site.yml": blind + later})
    assert inventory.added == {"n1": 0}
    assert [stage.hosts for stage in staged(plan, inventory).stages][1] == ("a", "b", "n1")


def test_of_very_many_hosts_that_may_perform_it_not_all_are_gone_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(added_hosts, "_MAX_PERFORMERS", 1)
    plan, inventory = made(tmp_path, "{name: '{{ inventory_hostname }}x', groups: fresh}")
    assert list(inventory.added) == ["ax"]
    assert [each.name for each in added_hosts.additions(plan, inventory, {})] == ["ax", None]


def test_loops_within_loops_are_gone_through_only_so_far_also_where_they_end_in_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(added_hosts, "_MAX_ITEMS", 50)
    loop = MagicMock(wraps=added_hosts._loop)
    monkeypatch.setattr(added_hosts, "_loop", loop)
    outer = '- hosts: web\n  tasks:\n    - include_tasks: in.yml\n      loop: "{{ range(9000) | list }}"\n'
    inner = "- add_host: {name: '{{ each }}', groups: fresh}\n  loop: %s\n  loop_control: {loop_var: each}\n"
    for items in ("[]", "[n1]"):
        plan, inventory = made(tmp_path, "", files={"site.yml": outer, "in.yml": inner % items})
        loop.reset_mock()
        names = [each.name for each in added_hosts.additions(plan, inventory, {})]
        assert names == ([None] if items == "[]" else ["n1", None])
        assert 0 < loop.call_count <= 50


@pytest.mark.parametrize(
    "name", ["[1] | dict2items", "5 | xmlattr", "'x' | truncate(-5)", "cycler()", "1e400 | int", "'a' | basename | sum"]
)
def test_a_name_that_cannot_be_worked_out_is_left_to_the_run(tmp_path: Path, name: str) -> None:
    plan, inventory = made(tmp_path, f'{{name: "{{{{ {name} }}}}", groups: fresh}}')
    assert [each.name for each in added_hosts.additions(plan, inventory, {})] == [None]


def test_the_way_to_them_is_what_files_groups_and_the_task_say(tmp_path: Path) -> None:
    files = {
        "group_vars/fresh.yml": "ansible_user: fresh\nansible_port: 29\nsize: big\n",
        "group_vars/all.yml": "ansible_user: all\nansible_ssh_private_key_file: /k\n",
        "host_vars/n1.yml": "ansible_port: 30\nown: x\n",
    }
    args = "{name: n1, groups: fresh, ansible_host: '{{ item.at }}', ansible_become: '{{ no | default(omit) }}', s: 1}"
    host = made(tmp_path, args, "loop: [{at: 10.0.0.7}]", files=files)[1].hosts["n1"]
    assert (host.address, host.port, host.user, host.key_file, host.become) == ("10.0.0.7", 30, "fresh", "/k", False)
    assert (host.vars["everyone"], host.vars["own"]) == ("here", "x")
    assert {"size", "s"}.isdisjoint(host.vars)  # those it has once it has been added
    assert host.groups == ("ungrouped",)
    assert made(tmp_path, "{name: 'n1:2222', groups: db}")[1].hosts["n1"].vars["ansible_ssh_port"] == 2222


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("web1:22", ("web1", 22)),
        ("web-1.example.com:2222", ("web-1.example.com", 2222)),
        ("10.0.0.1:22", ("10.0.0.1", 22)),
        ("[::1]:22", ("::1", 22)),
        ("::1", ("::1", None)),
        ("web1", ("web1", None)),
        ("web1:", ("web1:", None)),
        ("web1:ssh", ("web1:ssh", None)),
        ("-web:22", ("-web:22", None)),
        ("we b:22", ("we b:22", None)),
        ("a:b:22", ("a:b:22", None)),
    ],
)
def test_a_port_may_stand_behind_a_name(name: str, parts: tuple[str, int | None]) -> None:
    assert with_port(name) == parts


def test_they_are_part_of_the_deployment_and_locked_in_it(tmp_path: Path) -> None:
    made(tmp_path, "{name: n1, groups: fresh, ansible_host: 10.0.0.7, ansible_port: 29}")
    record = prepare(Request(tmp_path / "site.yml", tmp_path / "hosts.ini")).record
    assert record.hosts == ("a", "b", "n1")
    assert record.locks == ["a:22", "b:22", "10.0.0.7:29"]
    limited = prepare(Request(tmp_path / "site.yml", tmp_path / "hosts.ini", limit="web")).record
    assert limited.hosts == ("a", "b")


def test_what_is_made_for_hosts_beforehand_leaves_them_out(tmp_path: Path) -> None:
    made(tmp_path, "{name: n1, groups: fresh}")
    found = for_compiling(str(tmp_path / "site.yml"), str(tmp_path / "hosts.ini"))
    assert (found.hosts, found.added) == (("a", "b"), ("n1",))


def test_without_an_inventory_the_groups_of_the_plan_are_no_hosts(tmp_path: Path) -> None:
    site = "- hosts: localhost\n  tasks:\n    - add_host: {name: n1, groups: fresh}\n- hosts: fresh\n- hosts: n1\n"
    plan = load(tmp_path, {"site.yml": site}).plan
    inventory = inventory_for(plan, None)
    assert list(inventory.hosts) == ["localhost", "n1"]
    assert inventory.added == {"n1": 0}
    with pytest.raises(InventoryError):
        inventory.select(("other",))
