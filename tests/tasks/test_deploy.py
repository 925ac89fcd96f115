"""Deployments from end to end: real Redis, real workers, the real runner on hosts that are folders of this machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.errors import PlanError, Refused
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Handle, Producer, Request, prepare
from deploy_tasks.rollout.record import Options
from tests.support.workers import Site, await_until, local_hosts, plan, shell, write

FAIL_ON_HOST1 = shell("test {{ inventory_hostname }} != host1")


def deploy(
    site: Site, tasks: list[dict[str, object]], inventory: Path, producer: Producer | None = None, **options: Any
) -> Handle:
    serial = options.pop("serial", ())
    request = Request(plan(*tasks), inventory, options=Options(**options), serial=serial)
    return (producer or site.producer).submit(prepare(request))


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    return local_hosts(tmp_path, 3)


def content(hosts: Path) -> list[str | None]:
    places = [hosts.parent / f"host{number}" / "out.txt" for number in range(3)]
    return [place.read_text() if place.exists() else None for place in places]


def test_a_plan_reaches_every_host(site: Site, hosts: Path) -> None:
    handle = deploy(site, [write("hello {{ inventory_hostname }}")], hosts)
    events = list(handle.events())
    result = handle.wait(30)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert content(hosts) == ["hello host0", "hello host1", "hello host2"]
    assert {host.changed for host in result.hosts.values()} == {1}
    assert [event.data["status"] for event in events if event.kind == "deployment"][-1] == "succeeded"
    assert {event.host for event in events if event.kind == "task"} == set(result.hosts)
    assert result.timings["total"] > 0
    assert result.artifacts["x86_64-linux"].size > 0


def test_the_document_has_what_the_command_line_promises(site: Site, hosts: Path) -> None:
    document = deploy(site, [write("x")], hosts).wait(30).to_json()
    assert json.loads(json.dumps(document)) == document
    assert set(document) >= {"deployment_id", "status", "hosts", "totals", "timings"}
    wanted = {"status", "changed", "ok", "failed", "skipped", "unreachable", "error", "duration_s", "bytes_sent"}
    assert set(document["hosts"]["host0"]) >= wanted
    assert set(document["timings"]) == {"validate", "compile", "push", "verify", "total"}


def test_one_failure_takes_every_host_back(site: Site, hosts: Path) -> None:
    assert deploy(site, [write("before")], hosts).wait(30).ok
    result = deploy(site, [write("after"), FAIL_ON_HOST1], hosts).wait(30)
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert content(hosts) == ["before"] * 3, json.dumps(result.to_json(), indent=1)
    assert {host.status.value for host in result.hosts.values()} <= {"rolled_back", "cancelled"}
    error = result.hosts["host1"].error
    assert error is not None
    assert error.task == "task 1"


def test_failures_within_the_budget_keep_the_others(site: Site, hosts: Path) -> None:
    result = deploy(site, [write("kept"), FAIL_ON_HOST1], hosts, max_fail_percentage=50).wait(30)
    assert result.status is D.FAILED
    assert content(hosts) == ["kept", None, "kept"]
    assert [result.hosts[f"host{n}"].status.value for n in range(3)] == ["succeeded", "rolled_back", "succeeded"]


def test_a_bad_canary_leaves_the_rest_untouched(site: Site, hosts: Path) -> None:
    result = deploy(site, [write("bad"), shell("false")], hosts, serial=[1, "100%"]).wait(30)
    assert result.status is D.ROLLED_BACK
    assert [result.hosts[f"host{n}"].status.value for n in range(3)] == ["rolled_back", "cancelled", "cancelled"]
    assert content(hosts) == [None] * 3
    assert not (hosts.parent / "host2" / "state").exists()


def test_batches_follow_each_other(site: Site, hosts: Path) -> None:
    handle = deploy(site, [write("x")], hosts, serial=[1, 2])
    seen = [event.data for event in handle.events() if event.kind == "deployment"]
    assert [data["batch"] for data in seen if data["status"] == "running" and "batch" in data] == [0, 1]
    assert handle.wait(5).ok


def test_a_deployment_may_limit_its_hosts_at_once(site: Site, hosts: Path) -> None:
    alone = f"mkdir {hosts.parent}/alone && sleep 0.1 && rmdir {hosts.parent}/alone"
    assert deploy(site, [shell(alone)], hosts, parallel=1).wait(30).ok


def test_without_undo_what_happened_stays(site: Site, hosts: Path) -> None:
    result = deploy(site, [write("stays"), FAIL_ON_HOST1], hosts, undo_failed=False).wait(30)
    assert result.status is D.FAILED
    assert result.hosts["host1"].status.value == "failed"
    assert content(hosts)[1] == "stays"


def test_a_rollback_by_hand_restores_what_was_there(site: Site, hosts: Path) -> None:
    assert deploy(site, [write("one")], hosts).wait(30).ok
    second = deploy(site, [write("two")], hosts)
    assert second.wait(30).ok
    assert content(hosts) == ["two"] * 3
    result = second.rollback().wait(30)
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert content(hosts) == ["one"] * 3


def test_check_mode_changes_nothing(site: Site, hosts: Path) -> None:
    result = deploy(site, [write("x")], hosts, check=True).wait(30)
    assert result.status is D.SUCCEEDED
    assert content(hosts) == [None] * 3
    assert result.hosts["host0"].changed == 1


def test_asking_twice_under_one_id_is_one_deployment(site: Site, hosts: Path) -> None:
    marks = hosts.parent / "marks"
    request = Request(plan(shell(f"echo x >> {marks}")), hosts, deployment_id="twice-1")
    prepared = prepare(request)
    first = site.producer.submit(prepared)
    assert site.producer.submit(prepared).id == first.id
    assert first.wait(30).ok
    assert site.producer.submit(prepared).wait(30).ok
    assert marks.read_text().split() == ["x"] * 3


def test_a_second_deployment_on_held_hosts_is_refused_and_named(site: Site, hosts: Path) -> None:
    gate = hosts.parent / "gate"
    first = deploy(site, [shell(f"while [ ! -e {gate} ]; do sleep 0.05; done")], hosts)
    with pytest.raises(Refused, match=first.id):
        deploy(site, [write("x")], hosts)
    gate.touch()
    assert first.wait(30).ok
    assert deploy(site, [write("x")], hosts).wait(30).ok


def test_cancelling_stops_and_takes_back(site: Site, hosts: Path) -> None:
    started = hosts.parent / "started"
    handle = deploy(site, [write("half"), shell(f"touch {started}; sleep 60")], hosts)
    await_until(started.exists, what="the sleeping task")
    handle.cancel()
    result = handle.wait(30)
    assert result.status is D.CANCELLED, result.to_json()
    assert content(hosts) == [None] * 3
    assert site.producer.cancel(handle.id) is D.CANCELLED


def test_failed_hosts_can_be_named_in_the_next_limit(site: Site, hosts: Path) -> None:
    handle = deploy(site, [FAIL_ON_HOST1], hosts, max_fail_percentage=50)
    handle.wait(30)
    producer = site.producer
    assert producer.limit(f"@{handle.id}.failed") == "host1"
    request = Request(plan(write("again")), hosts, limit=producer.limit(f"@{handle.id}.failed,host2"))
    assert list(prepare(request).record.hosts) == ["host1", "host2"]


def test_a_host_nobody_can_reach_is_unreachable_and_the_rest_is_known(site: Site, hosts: Path) -> None:
    with hosts.open("a") as file:
        file.write("gone ansible_host=127.0.0.1 ansible_port=1\n")
    result = deploy(site, [write("x")], hosts, max_fail_percentage=30).wait(60)
    gone = result.hosts["gone"]
    assert (result.status, gone.status.value, gone.unreachable, gone.touched) == (D.FAILED, "unreachable", 1, False)
    assert gone.error is not None
    assert gone.error.phase == "connecting"
    assert content(hosts) == ["x"] * 3


def test_a_host_that_takes_too_long_ends_at_its_deadline(site: Site, hosts: Path) -> None:
    result = deploy(site, [write("x"), shell("sleep 60")], hosts, timeout_s=3).wait(40)
    assert result.status in (D.ROLLED_BACK, D.FAILED)
    assert content(hosts) == [None] * 3


def test_a_plan_that_does_not_compile_ends_at_once_with_the_reason(site: Site, hosts: Path) -> None:
    ready = prepare(Request(plan(write("x")), hosts))
    # As a producer sends it that knows targets which the build worker does not know.
    targets = tuple(each.model_copy(update={"triple": "pdp11-unix"}) for each in ready.record.targets)
    ready = replace(ready, record=ready.record.model_copy(update={"targets": targets}))
    result = site.producer.submit(ready).wait(30)
    assert result.status is D.FAILED
    assert "pdp11-unix" in str(result.reason)
    assert {host.status.value for host in result.hosts.values()} == {"cancelled"}


def test_bad_input_is_refused_before_anything_is_recorded(site: Site, hosts: Path) -> None:
    before = site.producer.ledger.ids()
    with pytest.raises(PlanError, match="no_such_module"):
        deploy(site, [{"module": "no_such_module", "args": {}}], hosts)
    assert site.producer.ledger.ids() == before


def test_a_secret_is_seen_nowhere(site: Site, hosts: Path) -> None:
    secret = "s3ntinel-of-this-test"
    with hosts.open("a") as file:
        file.write(f"[all:vars]\ndb_password={secret}\n")
    with site.redis.client() as client, client.monitor() as monitor:
        tasks = [shell("echo {{ db_password }}; echo {{ db_password }} >&2; false")]
        handle = deploy(site, tasks, hosts)
        result = handle.wait(30)
        with site.redis.client() as other:
            other.set("end", "of the recording")
        seen = []
        for command in monitor.listen():
            seen.append(command["command"])
            if "of the recording" in seen[-1]:
                break
    assert any(handle.id in line for line in seen)
    assert result.hosts["host0"].error is not None
    places = {"Redis": "\n".join(seen), "logs": site.logs(), "result": json.dumps(result.to_json())}
    assert [name for name, text in places.items() if secret in text] == []
    assert [path for path in (site.folder / "state" / "store").glob("blobs/**/*") if path.stat().st_mode & 0o077] == []
