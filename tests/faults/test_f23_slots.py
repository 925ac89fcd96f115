"""Faults while only so many hosts may perform a task: workers and hosts that die with a slot, while others wait."""

from __future__ import annotations

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Handle
from deploy_tasks.rollout import keys
from tests.faults.conftest import MakeFaultSite
from tests.faults.support import truth
from tests.faults.support.site import FaultSite
from tests.faults.support.truth import AT_GATE, EFFECTS, GATE
from tests.support.workers import shell

COME = shell("true")
HELD = f"touch {AT_GATE}; while [ ! -e {GATE} ]; do sleep 0.05; done; echo done >> {EFFECTS}"


def held(site: FaultSite, handle: Handle) -> bool:
    """Whether one host is at it and all the others have a worker."""
    with site.redis.client() as client:
        there = bool(client.exists(keys.slots(handle.id)))
    return there and len(truth.at_gate(site.hosts)) == 1 and len(site.in_flight(handle)) == len(site.hosts)


def test_a_worker_killed_while_hosts_wait_for_a_slot(fault_site: MakeFaultSite) -> None:
    """The host goes on with it, and the next worker hears that it is done. Nothing is done twice."""
    site = fault_site(3, lease_s=2)
    _, _, first, _ = site.start()
    handle = site.play(COME, shell(HELD, throttle=1), max_fail_percentage=0)
    site.until(lambda: held(site, handle), "one is at it, two wait")
    first.kill()
    site.start("push")
    site.until(lambda: len(site.in_flight(handle)) == 3, "the second worker has the hosts")
    truth.open_gates(site.hosts)
    result = site.finish(handle, 60)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.effects(site.hosts) == {host.name: ["done"] for host in site.hosts}
    site.check_hosts()


def test_a_restart_that_kills_its_host_is_the_last_one(fault_site: MakeFaultSite) -> None:
    site = fault_site(3, lease_s=2)
    site.start()
    handle = site.play(COME, shell(HELD, serial=1), timeout_s=60, undo_failed=False)
    site.until(lambda: held(site, handle), "the first is at it, two wait")
    (holder,) = truth.at_gate(site.hosts)
    assert holder == site.hosts[0].name
    others = site.hosts[1:]
    truth.open_gates(others)
    site.fleet[holder].stop()
    result = site.finish(handle, 90)
    assert result.status is D.FAILED, result.to_json()
    assert truth.effects(others) == {host.name: [] for host in others}
    told = [error.message for host in others if (error := result.hosts[host.name].error)]
    assert told == [f"serial: not begun on this host: it failed on {holder}"] * 2
