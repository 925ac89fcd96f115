"""`delegate_to` from end to end: another host performs a task, the asking host has its result; both are taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.compiler import this_machine
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.plan.model import Plan
from deploy_tasks.producer import Request, prepare
from deploy_tasks.rollout import keys
from tests.support.workers import Site, local_hosts
from tests.tasks.test_run_once import content, deploy, note, play, shell


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    return local_hosts(tmp_path, 3)


def entries(hosts: Path, host: str) -> list[str]:
    """The tasks that a host keeps of what it did for others, by the host that asked."""
    folder = hosts.parent / host / "state" / "deployments"
    return sorted(path.name.partition("~")[2].rpartition("-")[0] for path in folder.iterdir() if "~" in path.name)


def at(place: Path, text: str, **more: Any) -> dict[str, Any]:
    return {"module": "copy", "args": {"content": text, "dest": str(place)}, **more}


def on_host2(folder: Path) -> dict[str, Any]:
    """A task that host2 performs for every host: its file is named for who asks."""
    return at(folder / "for-{{ inventory_hostname }}", "{{ inventory_hostname }}", delegate_to="host2", register="told")


def test_another_host_performs_it_with_the_asking_hosts_values(site: Site, hosts: Path) -> None:
    folder = hosts.parent
    result = deploy(
        site,
        play(on_host2(folder), note("{{ told is changed }} {{ told.dest | basename }}")),
        hosts,
    ).wait(60)
    assert result.ok, result.to_json()
    assert [(folder / f"for-host{n}").read_text() for n in range(3)] == ["host0", "host1", "host2"]
    assert content(hosts) == [f"True for-host{n}" for n in range(3)]
    assert entries(hosts, "host2") == ["host0", "host1"]
    assert entries(hosts, "host0") == []
    assert {name: host.changed for name, host in result.hosts.items()} == {"host0": 2, "host1": 2, "host2": 2}


def test_a_rollback_takes_back_what_others_did(site: Site, hosts: Path) -> None:
    folder = hosts.parent
    (folder / "for-host0").write_text("before")
    handle = deploy(site, play(on_host2(folder)), hosts)
    assert handle.wait(60).ok
    assert handle.rollback().wait(60).status is D.ROLLED_BACK
    assert (folder / "for-host0").read_text() == "before"
    assert not (folder / "for-host1").exists()
    assert site.producer.redis.hlen(keys.delegated(handle.id)) == 0


def test_a_failure_takes_back_what_others_did(site: Site, hosts: Path) -> None:
    folder = hosts.parent
    plan = play(on_host2(folder), shell("test {{ inventory_hostname }} != host0"))
    result = deploy(site, plan, hosts, max_fail_percentage=50).wait(60)
    assert result.status is D.FAILED, result.to_json()
    assert [result.hosts[f"host{n}"].status.value for n in range(3)] == ["rolled_back", "succeeded", "succeeded"]
    assert not (folder / "for-host0").exists()
    assert (folder / "for-host1").read_text() == "host1"
    undo = result.hosts["host0"].undo
    assert undo is not None
    assert f"host2:{folder}/for-host0" in undo.undone


def test_what_somebody_changed_since_is_a_conflict_of_the_asking_host(site: Site, hosts: Path) -> None:
    folder = hosts.parent
    handle = deploy(site, play(on_host2(folder)), hosts)
    assert handle.wait(60).ok
    (folder / "for-host0").write_text("edited")
    result = handle.rollback().wait(60)
    assert result.status is D.FAILED, result.to_json()
    assert result.hosts["host0"].status.value == "undo_failed"
    error, undo = result.hosts["host0"].error, result.hosts["host0"].undo
    assert error is not None
    assert "host2: task t0 was not taken back completely" in error.message
    assert undo is not None
    assert [(item["host"], item["path"]) for item in undo.conflicted] == [("host2", str(folder / "for-host0"))]
    assert (folder / "for-host0").read_text() == "edited"
    assert result.hosts["host1"].status.value == "rolled_back"


def test_hosts_that_delegate_to_each_other_do_not_wait_for_each_other(site: Site, hosts: Path) -> None:
    folder = hosts.parent
    other = {"host0": "host1", "host1": "host2", "host2": "host0"}
    task = at(folder / "for-{{ inventory_hostname }}", "x", delegate_to="{{ other[inventory_hostname] }}")
    plan = play(*(task | {"id": f"d{n}"} for n in range(3)), vars={"other": other})
    assert deploy(site, plan, hosts, timeout_s=30).wait(60).ok
    assert [entries(hosts, f"host{n}") for n in range(3)] == [["host2"], ["host0"], ["host1"]]


def test_each_item_may_go_elsewhere(site: Site, hosts: Path) -> None:
    folder = hosts.parent
    words = "{{ item }} {{ inventory_hostname }}"
    task = shell(
        f"echo {words} > {folder}/on-{{{{ item }}}}; echo {{{{ item }}}}",
        loop=["host1", "host2"],
        delegate_to="{{ item }}",
        run_once=True,
        register="told",
    )
    plan = play(task, note("{{ told.results | map(attribute='stdout') | join(',') }}"))
    result = deploy(site, plan, hosts).wait(60)
    assert result.ok, result.to_json()
    assert content(hosts) == ["host1,host2"] * 3
    assert (folder / "on-host2").read_text() == "host2 host0\n"
    assert entries(hosts, "host1") == entries(hosts, "host2") == ["host0"]


def test_templates_are_written_with_the_asking_hosts_variables(
    site: Site, hosts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hosts.parent
    monkeypatch.chdir(folder)
    (folder / "t.j2").write_text("{{ greeting }} {{ inventory_hostname }} {{ told.stdout }} {{ home }}\n")
    plan = play(
        shell("echo own-{{ inventory_hostname }}", register="told"),
        {
            "module": "template",
            "args": {"src": "t.j2", "dest": f"{folder}/t-{{{{ inventory_hostname }}}}"},
            "delegate_to": "host2",
        },
        vars={"greeting": "hello"},
    )
    assert deploy(site, plan, hosts).wait(60).ok
    assert (folder / "t-host1").read_text() == f"hello host1 own-host1 {folder}/host1\n"


def test_localhost_is_the_workers_machine(site: Site, hosts: Path) -> None:
    folder = hosts.parent
    plan = play(at(folder / "for-{{ inventory_hostname }}", "x", delegate_to="localhost"))
    handle = deploy(site, plan, hosts)
    assert handle.wait(60).ok
    kept = site.settings.state_dir / "localhost" / "deployments"
    assert len([path for path in kept.iterdir() if path.name.startswith(f"{handle.id}~")]) == 3
    assert handle.rollback().wait(60).status is D.ROLLED_BACK
    assert not (folder / "for-host1").exists()


def test_what_changes_nothing_leaves_nothing(site: Site, hosts: Path) -> None:
    plan = play(
        shell("echo x", delegate_to="host2", changed_when=["false"], register="told"), note("{{ told.stdout }}")
    )
    assert deploy(site, plan, hosts).wait(60).ok
    assert content(hosts) == ["x"] * 3
    assert {name: folder for name in ("host0", "host1", "host2") if (folder := entries(hosts, name))} == {}


def test_the_result_is_judged_by_the_asking_host(site: Site, hosts: Path) -> None:
    plan = play(
        shell(
            "echo {{ inventory_hostname }}; exit 3",
            delegate_to="host2",
            register="told",
            changed_when=["told.stdout == 'host1'"],
            failed_when=["told.rc != 3"],
        ),
        note("{{ told.rc }} {{ told is changed }} {{ told is failed }}"),
    )
    assert deploy(site, plan, hosts).wait(60).ok
    assert content(hosts) == ["3 False False", "3 True False", "3 False False"]


def test_tries_go_on_until_it_is_as_wanted(site: Site, hosts: Path) -> None:
    count = hosts.parent / "count"
    task = shell(
        f"echo x >> {count}; wc -l < {count}",
        delegate_to="host2",
        run_once=True,
        register="told",
        until=["told.stdout | int == 3"],
        retries=5,
        delay=0,
    )
    assert deploy(site, play(task, note("{{ told.attempts }}")), hosts).wait(60).ok
    assert content(hosts) == ["3"] * 3


def unreachable_host(hosts: Path) -> None:
    with hosts.open("a") as file:
        file.write("[away]\ngone ansible_host=127.0.0.1 ansible_port=1\n")


def away(*tasks: dict[str, Any], **more: Any) -> Plan:
    return play(*tasks, hosts=("host0", "host1", "host2"), **more)


def test_a_host_out_of_reach_ends_the_asking_host_as_unreachable(site: Site, hosts: Path) -> None:
    unreachable_host(hosts)
    plan = away(note("x"), shell("true", delegate_to="gone"), note("never"))
    result = deploy(site, plan, hosts, timeout_s=60).wait(90)
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert content(hosts) == [None] * 3
    host = result.hosts["host0"]
    assert (host.unreachable, host.failed) == (1, 0)
    assert host.error is not None
    assert host.error.message.startswith("gone: ")


def test_ignore_unreachable_goes_on(site: Site, hosts: Path) -> None:
    unreachable_host(hosts)
    task = shell("true", delegate_to="gone", ignore_unreachable=True, register="told", run_once=True)
    result = deploy(site, away(task, note("{{ told.unreachable }} {{ told.failed is defined }}")), hosts).wait(90)
    assert result.ok, result.to_json()
    assert content(hosts) == ["True False"] * 3
    assert result.hosts["host0"].ok == 2


def test_only_hosts_of_the_inventory_are_asked(site: Site, hosts: Path) -> None:
    plan = play(
        shell("true", delegate_to="{{ 'elsewhere' }}.example", ignore_errors=True, register="told"),
        note("{{ told.msg }}"),
    )
    assert deploy(site, plan, hosts).wait(60).ok
    wanted = "delegate_to elsewhere.example: 'elsewhere.example' is no host of the inventory"
    assert content(hosts) == [wanted] * 3


def test_a_check_of_it_changes_nothing_anywhere(site: Site, hosts: Path) -> None:
    folder = hosts.parent
    handle = deploy(site, play(on_host2(folder)), hosts, check=True)
    result = handle.wait(60)
    assert result.ok, result.to_json()
    assert not (folder / "for-host0").exists()
    assert [host.changed for host in result.hosts.values()] == [1, 1, 1]
    assert site.producer.redis.hlen(keys.delegated(handle.id)) == 0


def test_the_platforms_of_those_who_only_help_are_compiled_for(hosts: Path) -> None:
    with hosts.open("a") as file:
        file.write("[helpers]\narm target_triple=aarch64-linux\n")
    plan = away(shell("true", delegate_to="arm"))
    assert prepare(Request(plan, hosts)).record.triples == ("x86_64-linux", "aarch64-linux")
    plan = away(shell("true", delegate_to="localhost"))
    assert prepare(Request(plan, hosts, target="aarch64-linux")).record.triples == ("aarch64-linux",)
    assert prepare(Request(plan, hosts)).record.helpers == (this_machine().triple,)
    assert prepare(Request(away(shell("true")), hosts)).record.helpers == ()
