"""Plays of different hosts from end to end: one after another over all their hosts, as one deployment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState as S
from deploy_tasks.producer import Handle, Request, prepare
from deploy_tasks.rollout.record import Options
from tests.support.workers import Site

NAMES = ("db0", "db1", "web0", "web1")


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    lines = []
    for name in NAMES:
        home = tmp_path / name
        home.mkdir()
        lines.append(
            f"{name} ansible_connection=local deploy_tasks_state_dir={home}/state home={home} port=80{name[-1]}"
        )
    groups = ["[all:vars]", f"log={tmp_path}/log", "[db]", "db0", "db1", "[web]", "web0", "web1"]
    path = tmp_path / "hosts.ini"
    path.write_text("\n".join([*lines, *groups]) + "\n")
    return path


def play(hosts: str, *tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A play in rustle-plan's form."""
    name = more.pop("name", hosts)
    numbered = [
        {"task_id": f"{name}-{number}", "name": f"{name} {number}", "args": {}, "execution_order": number, **task}
        for number, task in enumerate(tasks)
    ]
    return {
        "play_id": name,
        "name": name,
        "hosts": [hosts],
        "batches": [{"batch_id": f"{name}-b", "tasks": numbered}],
        **more,
    }


def note(word: str, **more: Any) -> dict[str, Any]:
    """A task that says in the common log that this host came by."""
    text = f"echo {word} {{{{ inventory_hostname }}}} >> {{{{ log }}}}"
    return {"module": "shell", "args": {"_raw_params": text}, **more}


def write(content: str, name: str) -> dict[str, Any]:
    return {"module": "copy", "args": {"content": content, "dest": f"{{{{ home }}}}/{name}"}}


def fail_on(host: str, **more: Any) -> dict[str, Any]:
    return {"module": "shell", "args": {"_raw_params": f"test {{{{ inventory_hostname }}}} != {host}"}, **more}


def deploy(site: Site, hosts: Path, *plays: dict[str, Any], **options: Any) -> Handle:
    serial = options.pop("serial", ())
    document = {"metadata": {}, "plays": list(plays)}
    request = Request(document, hosts, options=Options(**options), serial=serial)
    return site.producer.submit(prepare(request))


def log(hosts: Path) -> list[str]:
    path = hosts.parent / "log"
    return path.read_text().splitlines() if path.exists() else []


def content(hosts: Path, name: str) -> list[str | None]:
    places = [hosts.parent / host / name for host in NAMES]
    return [place.read_text() if place.exists() else None for place in places]


def test_plays_follow_each_other_over_all_their_hosts(site: Site, hosts: Path) -> None:
    plays = play("db", note("db")), play("web", note("web")), play("all", note("all"))
    handle = deploy(site, hosts, *plays)
    begun = [event.data for event in handle.events() if event.kind == "deployment" and "batch" in event.data]
    result = handle.wait(60)
    assert result.status is D.SUCCEEDED, result.to_json()
    words = [line.split()[0] for line in log(hosts)]
    assert words == ["db"] * 2 + ["web"] * 2 + ["all"] * 4
    assert [data["play"] for data in begun if data["status"] == "running"] == ["db", "web", "all"]
    assert [data["batch"] for data in begun if data["status"] == "running"] == [0, 1, 2]
    assert {name: (host.ok, host.changed) for name, host in result.hosts.items()} == dict.fromkeys(NAMES, (2, 2))
    assert all(host.bytes_sent > 0 for host in result.hosts.values())


def test_each_play_has_batches_of_its_own(site: Site, hosts: Path) -> None:
    plays = play("db", note("db"), serial=1), play("web", note("web")), play("all", note("all"), serial="50%")
    result = deploy(site, hosts, *plays).wait(60)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert result.batches == (1, 1, 2, 2, 2)
    assert log(hosts)[:2] == ["db db0", "db db1"]
    assert set(log(hosts)[4:6]) == {"all db0", "all db1"}


def test_a_failure_in_a_later_stage_takes_every_host_of_all_stages_back(site: Site, hosts: Path) -> None:
    assert deploy(site, hosts, play("all", write("old", "a"))).wait(60).ok
    plays = (
        play("db", write("new", "a"), write("db", "b")),
        play("all", write("all", "c"), name="every"),
        play("web", write("new", "a"), fail_on("web1")),
    )
    result = deploy(site, hosts, *plays).wait(60)
    assert result.status is D.ROLLED_BACK, json.dumps(result.to_json(), indent=1)
    assert {host.status for host in result.hosts.values()} == {S.ROLLED_BACK}
    assert content(hosts, "a") == ["old"] * 4
    assert content(hosts, "b") == content(hosts, "c") == [None] * 4
    error = result.hosts["web1"].error
    assert error is not None
    assert error.task == "web 1"
    assert result.hosts["web1"].changed == 2  # of both stages, as counted before it was undone


def test_a_host_that_failed_takes_no_part_in_later_stages(site: Site, hosts: Path) -> None:
    plays = (
        play("all", write("kept", "a"), fail_on("db1")),
        play("db", note("db")),
        play("all", note("all"), name="last"),
    )
    result = deploy(site, hosts, *plays, max_fail_percentage=50).wait(60)
    assert result.status is D.FAILED, result.to_json()
    assert content(hosts, "a") == ["kept", None, "kept", "kept"]
    assert log(hosts)[0] == "db db0"
    assert sorted(log(hosts)[1:]) == ["all db0", "all web0", "all web1"]
    assert result.hosts["db1"].status is S.ROLLED_BACK
    assert result.hosts["db0"].status is S.SUCCEEDED


def test_a_task_may_be_fatal_for_all(site: Site, hosts: Path) -> None:
    fatal = fail_on("db1") | {"any_errors_fatal": True}
    plays = play("all", fatal), play("db", note("db"))
    result = deploy(site, hosts, *plays, max_fail_percentage=50, undo_failed=False).wait(60)
    assert result.status is D.FAILED, result.to_json()
    assert "fatal for all" in str(result.reason)
    assert log(hosts) == []


def test_what_one_play_learns_the_next_knows(site: Site, hosts: Path) -> None:
    learn = [
        {"module": "set_fact", "args": {"colour": "red-{{ inventory_hostname }}", "parts": [1, 2.5, None, {"a": "é"}]}},
        {"module": "shell", "args": {"_raw_params": "echo told"}, "register": "said", "changed_when": "false"},
    ]
    tell = write("{{ colour }} {{ parts }} {{ said.stdout }} {{ said.rc + 1 }}", "told")
    result = deploy(site, hosts, play("all", *learn), play("web", tell)).wait(60)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert content(hosts, "told")[2:] == [f"red-{name} [1, 2.5, None, {{'a': 'é'}}] told 1" for name in NAMES[2:]]
    kept = [path.name for path in hosts.parent.glob("web0/state/deployments/*/*.json")]
    assert [name for name in kept if name.startswith("state")] == []


def test_hosts_read_what_others_have_set(site: Site, hosts: Path) -> None:
    token = {"module": "set_fact", "args": {"token": "secret-of-{{ inventory_hostname }}"}}
    read = write("{% for h in groups['db'] %}{{ hostvars[h].token }}:{{ hostvars[h].port }} {% endfor %}", "seen")
    with site.redis.client() as client, client.monitor() as monitor:
        result = deploy(site, hosts, play("db", token), play("web", read)).wait(60)
        with site.redis.client() as other:
            other.set("end", "of the recording")
        seen = []
        for command in monitor.listen():
            seen.append(command["command"])
            if "of the recording" in seen[-1]:
                break
    assert result.status is D.SUCCEEDED, result.to_json()
    assert content(hosts, "seen")[2:] == ["secret-of-db0:800 secret-of-db1:801 "] * 2
    assert not any("secret-of-db0" in line for line in seen)


def test_a_play_is_cut_where_it_reads_what_others_set_in_it(site: Site, hosts: Path) -> None:
    plan = play(
        "all",
        {"module": "set_fact", "args": {"number": "{{ inventory_hostname[-1] }}"}},
        write("{{ groups['all'] | map('extract', hostvars, 'number') | join(',') }}", "seen"),
        note("task", notify=["last"]),
        handlers=[{"handler_id": "last", "name": "last", **note("handler")}],
    )
    handle = deploy(site, hosts, plan)
    result = handle.wait(60)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert result.batches == (4, 4)
    assert content(hosts, "seen") == ["0,1,0,1"] * 4
    assert sorted(log(hosts)) == sorted(f"{word} {name}" for word in ("task", "handler") for name in NAMES)


def test_handlers_wait_for_the_end_of_a_play_that_was_cut(site: Site, hosts: Path) -> None:
    plan = play(
        "all",
        {**write("x", "file"), "notify": ["last"]},
        {"module": "set_fact", "args": {"number": "{{ inventory_hostname[-1] }}"}},
        note("{{ groups['all'] | map('extract', hostvars, 'number') | join }}"),
        handlers=[{"handler_id": "last", "name": "last", **note("handler")}],
    )
    result = deploy(site, hosts, plan, verify=True).wait(60)
    assert result.status is D.SUCCEEDED, result.to_json()
    for name in NAMES:
        assert [line.split()[0] for line in log(hosts) if line.endswith(name)] == ["0101", "handler"]


def test_verifying_comes_after_the_last_stage_and_covers_all(site: Site, hosts: Path) -> None:
    plays = (
        play("all", write("1", "a"), {"module": "set_fact", "args": {"colour": "red"}}),
        play("db", write("{{ colour }}", "b")),
        play("web", {"module": "shell", "args": {"_raw_params": "test -e {{ home }}/a"}, "tags": ["verify"]}),
    )
    result = deploy(site, hosts, *plays, verify=True).wait(60)
    assert result.status is D.SUCCEEDED, json.dumps(result.to_json(), indent=1)
    assert all(host.verify_s > 0 for host in result.hosts.values())


def test_check_mode_goes_through_all_stages_and_changes_nothing(site: Site, hosts: Path) -> None:
    plays = (
        play("all", {"module": "set_fact", "args": {"colour": "red"}}, write("{{ colour }}", "a")),
        play("web", write("{{ colour }}", "b")),
    )
    result = deploy(site, hosts, *plays, check=True).wait(60)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert content(hosts, "a") == content(hosts, "b") == [None] * 4
    assert (result.hosts["web0"].changed, result.hosts["db0"].changed) == (2, 1)
    assert [path.name for path in hosts.parent.glob("*/state/deployments/*/state-*")] == []


def test_a_rollback_by_hand_takes_all_stages_back(site: Site, hosts: Path) -> None:
    handle = deploy(site, hosts, play("db", write("1", "a")), play("all", write("2", "a"), write("3", "b")))
    assert handle.wait(60).ok
    assert content(hosts, "a") == ["2"] * 4
    result = handle.rollback().wait(60)
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert content(hosts, "a") == content(hosts, "b") == [None] * 4


def test_plays_of_the_same_hosts_stay_one_trip(site: Site, hosts: Path) -> None:
    handle = deploy(site, hosts, play("all", note("one"), name="one"), play("all", note("two"), name="two"))
    result = handle.wait(60)
    assert result.status is D.SUCCEEDED
    assert result.batches == (4,)
    record = site.producer.ledger.record(handle.id)
    assert record.stages == ()
    assert "stages" not in record.dump()
