"""Whoever sends the messages dies, or is refused, halfway: no host is forgotten and none is done twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy_tasks.errors import BrokerLost, NotFound
from deploy_tasks.fleet import Host
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Handle
from deploy_tasks.rollout import keys
from tests.faults.conftest import MakeFaultSite
from tests.faults.support import dying, truth
from tests.faults.support.plans import count, gate, plan
from tests.faults.support.site import FaultSite
from tests.support.workers import ROOT, WorkerProcess


def check_done_once(site: FaultSite, handle: Handle, hosts: Sequence[Host] | None = None) -> None:
    """The deployment ends well, and each of these hosts (default: every one) was changed once."""
    result = site.finish(handle)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.effects(hosts or site.hosts) == {host.name: ["changed"] for host in hosts or site.hosts}
    notes = [note["status"] for note in site.notes(handle)]
    assert notes.count("succeeded") == 1
    site.check_hosts()


def test_the_sender_dies_after_two_of_six_messages(fault_site: MakeFaultSite) -> None:
    site = fault_site(6)
    site.start("push")
    # Either may be the one that sends the batch: control, or the build worker whose artifact was the last to come.
    senders = site.start("control", "build", module=dying.__name__, **{dying.SENDS: 2})
    handle = site.deploy(count())
    site.until(lambda: sum(map(bool, truth.effects(site.hosts).values())) == 2, "two hosts are changed")
    site.until(lambda: _dead(site, senders[0]), "the sender is dead")
    for sender in senders:
        sender.kill()
    site.start("control", "build")
    check_done_once(site, handle)


@pytest.mark.parametrize("place", [dying.BEFORE_RECORD, dying.BEFORE_MESSAGE])
def test_a_producer_dies(fault_site: MakeFaultSite, tmp_path: Path, place: str) -> None:
    site = fault_site(2)
    site.start()
    _ask(site, tmp_path, place)
    handle = Handle("half-asked", site.site.producer)
    if place == dying.BEFORE_RECORD:
        with pytest.raises(NotFound):
            handle.status()
        assert truth.effects(site.hosts) == {host.name: [] for host in site.hosts}
        assert site.site.producer.submit(site.prepare([count()], deployment_id="half-asked")).id == handle.id
    check_done_once(site, handle)
    assert site.site.producer.submit(site.prepare([count()], deployment_id="half-asked")).wait(5).ok
    check_done_once(site, handle)


def test_a_deployment_that_was_never_accepted_is_not_carried_out_later(
    fault_site: MakeFaultSite, tmp_path: Path
) -> None:
    site = fault_site(1)
    _ask(site, tmp_path, dying.BEFORE_RECORD)
    site.redis.kill()
    site.redis.start()
    site.start("control", "build", "push")
    site.until(lambda: _holds(site, keys.EPOCH), "the sweeper has looked what Redis lost")
    check_done_once(site, site.deploy(count()))
    with pytest.raises(NotFound):
        site.site.producer.status("half-asked")


def test_redis_is_full_in_the_middle(fault_site: MakeFaultSite) -> None:
    site = fault_site(4)
    *ours, free = site.hosts
    with site.supervised():
        handle = site.deploy(count(), gate(), serial=[1, 2], limit=f"!{free.name}")
        site.until(lambda: len(truth.at_gate(site.hosts)) == 1, "the first host is at the gate")
        _memory(site, 1)
        with pytest.raises(BrokerLost, match="full"):
            site.deploy(count(), deployment_id="refused", limit=free.name)
        truth.open_gates(site.hosts)
        site.until(lambda: "cannot be written" in _log(site, "push"), "the push worker meets the full Redis")
        assert sum(map(bool, truth.effects(site.hosts).values())) == 1
        _memory(site, 0)
        check_done_once(site, handle, ours)
        with pytest.raises(NotFound):
            site.site.producer.status("refused")
        assert truth.lines(free, truth.EFFECTS) == []


def _dead(site: FaultSite, control: WorkerProcess) -> bool:
    """A worker with processes for its tasks lives on and says which one it lost."""
    assert control.process is not None
    return control.process.poll() == dying.KILLED or "WorkerLostError" in site.site.logs()


def _ask(site: FaultSite, folder: Path, place: str) -> None:
    path = folder / "plan.json"
    path.write_text(json.dumps(plan(count())))
    asked = [sys.executable, "-m", dying.__name__, "ask", str(path), str(site.fleet.inventory_path), "half-asked"]
    environment = site.site.environment() | {dying.DIES_AT: place}
    done = subprocess.run(asked, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == dying.KILLED, done.stderr


def _holds(site: FaultSite, key: str) -> bool:
    with site.redis.client() as client:
        return bool(client.exists(key))


def _memory(site: FaultSite, limit: int) -> None:
    with site.redis.client() as client:
        client.config_set("maxmemory", limit)


def _log(site: FaultSite, role: str) -> str:
    return (site.site.folder / "tree" / f"{role}.log").read_text()
