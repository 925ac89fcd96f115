"""Taking deployments back: said before, older ones under later ones, and what cannot be undone is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.errors import BadInput, NotTakenBack, Refused
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Handle, Request, prepare
from deploy_tasks.rollout.record import Options
from tests.support.workers import Site, local_hosts, plan, shell, states, write


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    return local_hosts(tmp_path, 2)


def deploy(site: Site, hosts: Path, *tasks: dict[str, object], limit: str | None = None) -> Handle:
    handle = site.producer.submit(prepare(Request(plan(*tasks), hosts, limit, options=Options())))
    ended = handle.wait(60)
    assert ended.ok, ended.to_json()
    return handle


def out(hosts: Path, number: int) -> Path:
    return hosts.parent / f"host{number}" / "out.txt"


def test_a_dry_run_says_what_the_rollback_then_does(site: Site, hosts: Path) -> None:
    handle = deploy(site, hosts, write("ours"), write("gone", "{{ home }}/extra"), shell("mail everybody || true"))
    assert handle.status().hosts["host0"].irreversible == 1
    out(hosts, 1).write_text("theirs")
    said = site.producer.preview(handle.id, timeout_s=60)
    assert (said["deployment_id"], said["status"], said["dry_run"]) == (handle.id, "succeeded", True)
    assert said["hosts"]["host0"]["status"] == "succeeded"
    assert out(hosts, 0).read_text() == "ours"
    done = handle.rollback().wait(60)
    assert states(("host0", "host1"), done) == ["rolled_back", "undo_failed"]
    for name, host in done.hosts.items():
        told = said["hosts"][name]["undo"]
        assert host.undo is not None
        assert list(host.undo.undone) == told["undone"]
        assert list(host.undo.conflicted) == told["conflicted"]
        assert list(host.undo.irreversible) == told["irreversible"]
        assert host.undo.counts == {kind: len(items) for kind, items in told.items()}
    assert [item["why"] for item in said["hosts"]["host1"]["undo"]["conflicted"]] == ["content changed since"]
    assert out(hosts, 1).read_text() == "theirs"


def test_an_older_deployment_waits_for_the_later_ones(site: Site, hosts: Path) -> None:
    one = deploy(site, hosts, write("one"))
    two = deploy(site, hosts, write("two"), limit="host0")
    three = deploy(site, hosts, write("three"))
    with pytest.raises(Refused, match=f"after {one.id} came {three.id}, {two.id}") as refused:
        one.rollback()
    assert refused.value.hint == f"deploy-tasks rollback {one.id} --with-later"
    assert out(hosts, 0).read_text() == "three"
    said = site.producer.preview(one.id, timeout_s=60)["hosts"]["host0"]
    assert [item["deployment"] for item in said["later"]] == [three.id, two.id]
    assert said["undo"]["conflicted"] == []

    told: list[tuple[str, tuple[str, ...]]] = []
    done = site.producer.rollback(one.id, with_later=True, tell=told.append).wait(60)
    assert told == [(three.id, ("host0", "host1")), (two.id, ("host0",))]
    assert done.status is D.ROLLED_BACK, done.to_json()
    assert [each.status().status for each in (two, three)] == [D.ROLLED_BACK] * 2
    assert not out(hosts, 0).exists()
    assert not out(hosts, 1).exists()


def test_a_later_deployment_stays_on_its_other_hosts(site: Site, hosts: Path) -> None:
    one = deploy(site, hosts, write("one"), limit="host0")
    two = deploy(site, hosts, write("two"))
    assert site.producer.rollback(one.id, with_later=True).wait(60).status is D.ROLLED_BACK
    left = two.status()
    assert left.status is D.FAILED
    assert left.reason == f"taken back before {one.id}; 1 host still on it"
    assert states(("host0", "host1"), left) == ["rolled_back", "succeeded"]
    assert out(hosts, 1).read_text() == "two"
    assert two.rollback().wait(60).status is D.ROLLED_BACK
    assert not out(hosts, 1).exists()


def test_a_conflict_in_a_later_one_leaves_the_older_alone(site: Site, hosts: Path) -> None:
    one = deploy(site, hosts, write("one"))
    two = deploy(site, hosts, write("two"))
    out(hosts, 0).write_text("theirs")
    with pytest.raises(NotTakenBack, match=f"{two.id} could not be taken back on host0; {one.id} was left as it is"):
        site.producer.rollback(one.id, with_later=True)
    assert one.status().ok


def test_there_is_nothing_to_say_of_what_is_back(site: Site, hosts: Path) -> None:
    one = deploy(site, hosts, write("one"))
    assert one.rollback().wait(60).status is D.ROLLED_BACK
    with pytest.raises(BadInput, match="nothing to take back"):
        site.producer.preview(one.id)
