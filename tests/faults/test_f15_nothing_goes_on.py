"""What we give up on this side ends on the host too: nothing runs on behind our back, nothing happens twice."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from deploy_tasks.fleet import Host
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState
from tests.faults.conftest import MakeFaultSite
from tests.faults.hosts import commands, runner_pids
from tests.faults.support import truth
from tests.faults.support.plans import count, release, shell
from tests.faults.support.site import FaultSite

#: What the slow step is known by in the list of processes; it and all its children.
STEP = "sleep 47"
BEGUN = "/var/begun"


def installer(**more: Any) -> dict[str, Any]:
    """Takes long, half of it in a child in the background, and leaves its marker at the end."""
    return shell(f"echo x >> {BEGUN}; {STEP} & {STEP}; echo changed >> {truth.EFFECTS}", **more)


def still_running(host: Host) -> list[str]:
    """The step's processes and our own."""
    return [command for command in commands(host).values() if STEP in command] + truth.runners(host)


def step_pids(host: Host) -> list[int]:
    """The processes of the step."""
    return [pid for pid, command in commands(host).items() if STEP in command]


def check_quiet(site: FaultSite, marks: int = 0) -> None:
    """Nothing of the step runs on any host, at once, and it has not left more marks than it may."""
    assert {host.name: still_running(host) for host in site.hosts} == {host.name: [] for host in site.hosts}
    assert all(len(lines) <= marks for lines in truth.effects(site.hosts).values())
    site.check_hosts()


def begun(site: FaultSite, times: int = 1) -> bool:
    """Whether the step has begun so often on every host."""
    return all(len(truth.lines(host, BEGUN)) == times for host in site.hosts)


def test_a_step_that_takes_too_long_is_ended_each_time(fault_site: MakeFaultSite) -> None:
    site = fault_site(2)
    site.start()
    step = installer(timeout=2, register="r", until=["r.rc | default(1) == 0"], retries=1, delay=0)
    result = site.finish(site.deploy(release("2"), step))
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert {host.status for host in result.hosts.values()} == {HostState.ROLLED_BACK}
    assert all(host.error and "2" in host.error.message for host in result.hosts.values()), result.to_json()
    assert begun(site, 2)
    check_quiet(site)
    assert {truth.version(host) for host in site.hosts} == {None}


def test_the_deadline_of_a_host_ends_what_runs_there(fault_site: MakeFaultSite) -> None:
    site = fault_site(2)
    site.start()
    result = site.finish(site.deploy(release("2"), installer(), timeout_s=4))
    assert result.status is D.ROLLED_BACK, result.to_json()
    check_quiet(site)
    assert {truth.version(host) for host in site.hosts} == {None}


def test_cancelling_ends_what_runs_on_the_hosts(fault_site: MakeFaultSite) -> None:
    site = fault_site(2)
    site.start()
    handle = site.deploy(release("2"), installer())
    site.until(lambda: begun(site), "the step runs")
    handle.cancel()
    result = site.finish(handle)
    assert result.status in (D.CANCELLED, D.ROLLED_BACK), result.to_json()
    check_quiet(site)
    assert {truth.version(host) for host in site.hosts} == {None}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_step_goes_on_once_when_its_worker_ends(fault_site: MakeFaultSite, number: int) -> None:
    """The second worker finds the first one's run and waits for it; nothing is begun twice."""
    site = fault_site(2)
    _, _, first, _ = site.start()
    wait = shell(f"echo x >> {BEGUN}; while [ ! -e {truth.GATE} ]; do sleep 0.05; done")
    handle = site.deploy(wait, count(), release("2"))
    site.until(lambda: begun(site), "the step runs")
    first.signal(number)
    first.kill()
    (second,) = site.start("push")
    site.until(lambda: len(site.in_flight(handle, second)) == 2, "the other worker has the hosts")
    assert begun(site, 1)
    truth.open_gates(site.hosts)
    result = site.finish(handle)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert begun(site, 1)
    check_quiet(site, 1)
    assert {truth.version(host) for host in site.hosts} == {"2"}


def test_cancelling_without_the_worker_that_began_ends_the_step(fault_site: MakeFaultSite) -> None:
    site = fault_site(2)
    _, _, first, _ = site.start()
    handle = site.deploy(release("2"), installer(), timeout_s=20)
    site.until(lambda: begun(site), "the step runs")
    first.kill()
    handle.cancel()
    site.start("push")
    result = site.finish(handle)
    assert result.status in (D.CANCELLED, D.ROLLED_BACK), result.to_json()
    check_quiet(site)
    assert {truth.version(host) for host in site.hosts} == {None}


def test_a_runner_killed_on_the_host_leaves_no_step_behind(fault_site: MakeFaultSite) -> None:
    """What it had begun is ended and undone before it is begun again, so that there are never two."""
    site = fault_site(2)
    site.start()
    handle = site.deploy(release("2"), installer())
    site.until(lambda: begun(site), "the step runs")
    first = [pid for host in site.hosts for pid in step_pids(host)]
    for host in site.hosts:
        for pid in runner_pids(host):
            os.kill(pid, signal.SIGKILL)
    site.until(lambda: begun(site, 2), "the step is begun again")
    again = [pid for host in site.hosts for pid in step_pids(host)]
    assert first
    assert not set(first) & set(again)
    handle.cancel()
    result = site.finish(handle)
    assert result.status in (D.CANCELLED, D.ROLLED_BACK), result.to_json()
    check_quiet(site)
    assert {truth.version(host) for host in site.hosts} == {None}
