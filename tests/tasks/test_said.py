"""What hosts say of hosts for the plays after theirs: `group_by`, `add_host`, `delegate_facts`, from end to end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy_tasks.errors import InventoryError
from deploy_tasks.plan.model import Inventory, Plan, Task
from deploy_tasks.producer import Request, prepare
from deploy_tasks.rollout import keys
from deploy_tasks.tasks import sharing
from deploy_tasks.tasks.said import Said
from tests.support.workers import Site, local_hosts
from tests.tasks.test_run_once import content, deploy, note, play, shell


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    return local_hosts(tmp_path, 3)


def plays(*made: Plan) -> Plan:
    """The plays of several plans, one after another; ids are their own."""
    each = tuple(
        one.model_copy(
            update={
                "id": f"p{number}",
                "name": f"play {number}",
                "tasks": tuple(
                    task.model_copy(update={"id": f"{number}-{task.id}"})
                    for task in one.tasks
                    if isinstance(task, Task)
                ),
            }
        )
        for number, one in enumerate(plan.plays[0] for plan in made)
    )
    return made[0].model_copy(update={"plays": each})


def grouping(key: str, **more: Any) -> dict[str, Any]:
    return {"module": "group_by", "args": {"key": key, **more}}


def test_hosts_are_grouped_by_what_they_are(site: Site, hosts: Path) -> None:
    kind = "{{ 'odd one' if inventory_hostname == 'host1' else 'even' }}"
    plan = plays(
        play(grouping(f"is_{kind}", parents=["kinds"])),
        play(note("even {{ groups.is_even | join(',') }}"), hosts=("is_even",)),
        play(note("odd {{ group_names | join(',') }}"), hosts=("is_odd-one",)),
        play({"module": "copy", "args": {"content": "x", "dest": "{{ home }}/k"}}, hosts=("kinds",)),
    )
    handle = deploy(site, plan, hosts)
    result = handle.wait(90)
    assert result.ok, result.to_json()
    assert content(hosts) == ["even host0,host2", "odd is_odd-one,kinds", "even host0,host2"]
    assert all((hosts.parent / f"host{n}" / "k").exists() for n in range(3))
    assert "kinds" not in repr(site.producer.redis.hvals(keys.said(handle.id)))


def test_groups_that_are_made_can_be_left_out(site: Site, hosts: Path) -> None:
    plan = plays(
        play(grouping("is_{{ inventory_hostname }}")),
        play(note("x"), hosts=("all", "!is_host1")),
        play(note("y"), hosts=("all", "&is_host1")),
    )
    result = deploy(site, plan, hosts).wait(90)
    assert result.ok, result.to_json()
    assert content(hosts) == ["x", "y", "x"]


def test_a_host_of_the_inventory_is_added_to_a_group(site: Site, hosts: Path) -> None:
    with hosts.open("a") as file:
        file.write("[web]\nhost0\nhost1\n")
    adding = {"module": "add_host", "args": {"name": "host2", "groups": "chosen,few", "size": "large"}}
    plan = plays(
        play(adding, note("{{ groups.chosen | join }}"), hosts=("web",)),
        play(note("{{ size }} {{ group_names | sort | join(',') }}"), hosts=("chosen",)),
    )
    result = deploy(site, plan, hosts).wait(90)
    assert result.ok, result.to_json()
    assert content(hosts) == ["host2", "host2", "large chosen,few"]
    assert [host.changed for host in result.hosts.values()] == [2, 1, 1]


def test_a_host_that_is_none_of_the_inventory_cannot_be_added(site: Site, hosts: Path) -> None:
    made = shell("echo new", register="made", run_once=True)
    plan = play(made, {"module": "add_host", "args": {"name": "{{ made.stdout }}.example", "groups": "web"}})
    result = deploy(site, plan, hosts).wait(60)
    error = result.hosts["host0"].error
    assert error is not None
    assert "'new.example' is no host of the inventory, and only the run knows its name" in error.message


@pytest.mark.parametrize(
    ("name", "count"), [("host1", 2), ("host0", 1)], ids=["of another host", "of the only host, of itself"]
)
def test_a_host_is_not_reached_otherwise_than_the_inventory_says(
    site: Site, tmp_path: Path, name: str, count: int
) -> None:
    hosts = local_hosts(tmp_path, count)
    args = {"name": f"{{{{ '{name}' }}}}", "groups": "few"}
    place = shell("echo 10.8.8.8", register="place")
    agreed = {"module": "add_host", "args": {**args, "ansible_connection": "{{ 'local' }}"}}
    other = {"module": "add_host", "args": {**args, "ansible_host": "{{ place.stdout }}"}}
    plan = play(place, agreed, {**other, "register": "added", "ignore_errors": True}, note("{{ added.msg }}"))
    result = deploy(site, plan, hosts).wait(90)
    assert result.ok, result.to_json()
    why = f"add_host: ansible_host of '{name}' differs from the inventory, and hosts are reached as the inventory says"
    assert (tmp_path / "host0" / "out.txt").read_text().startswith(why)


def test_groups_bring_no_other_way_to_a_host(site: Site, tmp_path: Path) -> None:
    hosts = local_hosts(tmp_path, 1)
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "few.yml").write_text("ansible_port: 29\n")
    (tmp_path / "group_vars" / "same.yml").write_text("ansible_port: 22\nansible_connection: ssh\n")
    result = deploy(site, play(grouping("same"), grouping("few")), hosts).wait(60)
    error = result.hosts["host0"].error
    assert error is not None
    assert "in its new groups ansible_port of 'host0' differs from the inventory" in error.message


def test_facts_may_be_of_the_host_they_are_delegated_to(site: Site, hosts: Path) -> None:
    given = {
        "module": "set_fact",
        "args": {"given": "by-{{ inventory_hostname }}"},
        "delegate_to": "host2",
        "delegate_facts": True,
    }
    plan = plays(
        play(given, note("{{ given | default('none') }} {{ hostvars.host2.given }}"), hosts=("host0",)),
        play(note("{{ given }}"), hosts=("host2",)),
        play(note("{{ hostvars.host2.given }}"), hosts=("host1",)),
    )
    result = deploy(site, plan, hosts).wait(90)
    assert result.ok, result.to_json()
    assert content(hosts) == ["none by-host0", "by-host0", "by-host0"]


def test_a_group_that_nothing_makes_is_told_before_anything_is_done(hosts: Path) -> None:
    plan = plays(play(grouping("is_{{ x }}")), play(note("x"), hosts=("was_here",)))
    with pytest.raises(InventoryError, match="was_here"):
        prepare(Request(plan, hosts))


def test_nobody_comes_unforeseen_into_a_group_of_a_later_play(site: Site, hosts: Path) -> None:
    with hosts.open("a") as file:
        file.write("[db]\nhost2\n")
    plan = plays(play(grouping("{{ 'ZGI=' | b64decode }}")), play(note("x"), hosts=("db",)))
    result = deploy(site, plan, hosts).wait(60)
    error = result.hosts["host0"].error
    assert error is not None
    assert "puts host0 into db of the inventory" in error.message
    assert content(hosts) == [None, None, None]


def test_a_host_alone_has_the_variables_of_the_groups_it_comes_into(site: Site, tmp_path: Path) -> None:
    hosts = local_hosts(tmp_path, 1)
    with hosts.open("a") as file:
        file.write("[db]\n[prod:children]\ndb\n")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "prod.yml").write_text("tier: \"{{ 'prod' | upper }}\"\nkey: prod\n")
    (tmp_path / "group_vars" / "db.yml").write_text("key: db\n")
    told = note("{{ tier }} {{ key }} {{ group_names | join(',') }} {{ groups.prod | join }}")
    result = deploy(site, plays(play(grouping("db")), play(told, hosts=("prod",))), hosts).wait(60)
    assert result.ok, result.to_json()
    assert content(hosts)[0] == "PROD db db,prod host0"


def test_a_host_alone_says_it_to_nobody(site: Site, tmp_path: Path) -> None:
    hosts = local_hosts(tmp_path, 1)
    handle = deploy(site, plays(play(grouping("mine")), play(note("x"), hosts=("mine",))), hosts)
    assert handle.wait(60).ok
    assert not site.producer.redis.exists(keys.said(handle.id))
    assert (tmp_path / "host0" / "out.txt").read_text() == "x"


def test_secrets_that_are_said_are_masked_though_nobody_reads_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"a": Said(variables={"db_password": "one"}, known={"api_token": "two"}, facts={"x": {"secret": "three"}})}
    monkeypatch.setattr(sharing, "said", lambda *_: told)
    nothing: Any = None
    found = sharing.others(nothing, SimpleNamespace(id="d"), Inventory(), sharing.Reads(), 0)  # type: ignore[arg-type]
    assert set(found.secrets) == {"one", "two", "three"}
