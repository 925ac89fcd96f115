"""A worker is killed outright: its hosts are found by their leases, and each host is changed exactly once."""

from __future__ import annotations

import os
import random
import signal
from functools import partial

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState
from deploy_tasks.producer import Handle, Result
from tests.faults.conftest import MakeFaultSite
from tests.faults.support import truth
from tests.faults.support.plans import count, gate, release, verify
from tests.faults.support.site import FaultSite
from workers.allinone import Supervisor


def check_done_once(site: FaultSite, handle: Handle, result: Result) -> None:
    """All is well, every host was changed and verified, no host twice, and one decision was made."""
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.effects(site.hosts) == {host.name: ["changed"] for host in site.hosts}
    verified = {host.name: len(truth.lines(host, truth.VERIFIED)) for host in site.hosts}
    assert verified == dict.fromkeys(result.hosts, 1)
    notes = [note["status"] for note in site.notes(handle)]
    assert (notes.count("batch"), notes.count("succeeded")) == (1, 1)


def test_hosts_of_a_killed_worker_go_to_another(fault_site: MakeFaultSite) -> None:
    site = fault_site(20, parallel=5)
    _, _, first, _ = site.start()
    handle = site.deploy(count(), gate(), verify(), verify=True)
    site.until(lambda: len(truth.at_gate(site.hosts)) == 5 and len(site.in_flight(handle, first)) == 5, "five hosts")
    taken = site.in_flight(handle, first)
    first.kill()
    (second,) = site.start("push")
    site.until(lambda: len(site.in_flight(handle, second)) == 5, "five hosts in the second worker")
    truth.open_gates(site.hosts)
    result = site.finish(handle)
    check_done_once(site, handle, result)
    assert {name for name, host in result.hosts.items() if host.attempt > 1} >= set(taken)
    site.age_unacked()
    site.until(lambda: site.unacked() == 0, "the dead worker's messages are acknowledged")
    check_done_once(site, handle, result)
    site.check_hosts()


def test_fifty_hosts_and_the_push_workers_killed_twice(fault_site: MakeFaultSite) -> None:
    site = fault_site(50, parallel=8)
    chance = random.Random(4711)
    moments = (chance.randint(5, 20), chance.randint(25, 40))
    with site.supervised() as tree:
        handle = site.deploy(count(), release("2"), verify(), verify=True)
        for moment in moments:
            site.until(partial(_at_least, site, moment), f"{moment} hosts are changed", 60)
            _kill(tree, "push")
        result = site.finish(handle, 90)
    check_done_once(site, handle, result)
    assert {truth.version(host) for host in site.hosts} == {"2"}
    site.check_hosts()


def test_a_control_worker_killed_while_hosts_run(fault_site: MakeFaultSite) -> None:
    site = fault_site(3)
    control, *_ = site.start()
    handle = site.deploy(count(), gate(), verify(), verify=True)
    site.until(lambda: len(truth.at_gate(site.hosts)) == 3, "all hosts are at the gate")
    control.kill()
    truth.open_gates(site.hosts)
    site.until(lambda: _states(site, handle) == {HostState.SUCCEEDED}, "the hosts end without control")
    assert handle.status().status is D.RUNNING
    site.start("control")
    check_done_once(site, handle, site.finish(handle))
    site.check_hosts()


def _changed(site: FaultSite) -> int:
    return sum(bool(lines) for lines in truth.effects(site.hosts).values())


def _at_least(site: FaultSite, count: int) -> bool:
    return _changed(site) >= count


def _states(site: FaultSite, handle: Handle) -> set[HostState]:
    return {row.state for row in site.rows(handle).values()}


def _kill(tree: Supervisor, name: str) -> None:
    """SIGKILL the whole group of one of the tree's workers."""
    (child,) = [child for child in tree.children if child.name == name]
    assert child.process is not None
    os.killpg(child.process.pid, signal.SIGKILL)
