"""Faults while hosts ask: workers and hosts that die, with one host performing for the others and others for it."""

from __future__ import annotations

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Handle
from deploy_tasks.rollout import keys
from tests.faults.conftest import MakeFaultSite
from tests.faults.support import truth
from tests.faults.support.plans import release
from tests.faults.support.site import FaultSite
from tests.faults.support.truth import AT_GATE, EFFECTS, GATE
from tests.support.workers import shell

ONCE = shell(
    f"touch {AT_GATE}; while [ ! -e {GATE} ]; do sleep 0.05; done; "
    f"echo {{{{ inventory_hostname }}}} | tee -a {EFFECTS}",
    run_once=True,
    register="told",
)
TOLD = release("{{ told.stdout }}")


def asked(site: FaultSite, handle: Handle) -> bool:
    """Whether a host performs it and the others wait."""
    with site.redis.client() as client:
        return bool(client.exists(keys.once(handle.id))) and len(truth.at_gate(site.hosts)) == 1


def versions(site: FaultSite) -> set[str | None]:
    return {truth.version(host) for host in site.hosts}


def test_a_worker_killed_while_hosts_wait_for_one_of_them(fault_site: MakeFaultSite) -> None:
    site = fault_site(3, lease_s=2)
    _, _, first, _ = site.start()
    handle = site.play(release("before"), ONCE, TOLD)
    site.until(lambda: asked(site, handle) and len(site.in_flight(handle, first)) == 3, "one performs, two wait")
    first.kill()
    site.start("push")
    site.until(lambda: len(site.in_flight(handle)) == 3, "the second worker has the hosts")
    truth.open_gates(site.hosts)
    result = site.finish(handle, 60)
    assert result.status is D.SUCCEEDED, result.to_json()
    (performer,) = truth.at_gate(site.hosts)
    assert versions(site) == {performer}
    assert truth.effects(site.hosts) == {host.name: [performer] * (host.name == performer) for host in site.hosts}
    site.check_hosts()


def test_the_performing_host_dies(fault_site: MakeFaultSite) -> None:
    site = fault_site(3, lease_s=2)
    site.start()
    handle = site.play(ONCE, TOLD, max_fail_percentage=40, timeout_s=60)
    site.until(lambda: asked(site, handle), "one performs")
    (performer,) = truth.at_gate(site.hosts)
    others = [host for host in site.hosts if host.name != performer]
    site.fleet[performer].stop()
    truth.open_gates(others)
    result = site.finish(handle, 90)
    assert result.status is D.FAILED, result.to_json()
    assert result.hosts[performer].status.value in ("unreachable", "failed")
    assert {truth.version(host) for host in others} == {others[0].name}


def test_a_cancel_while_hosts_wait(fault_site: MakeFaultSite) -> None:
    site = fault_site(3)
    site.start()
    handle = site.play(release("never"), ONCE, TOLD)
    site.until(lambda: asked(site, handle), "one performs, two wait")
    handle.cancel()
    result = site.finish(handle)
    assert result.status is D.CANCELLED, result.to_json()
    assert versions(site) == {None}
    site.check_hosts()


def test_a_worker_killed_while_a_host_performs_for_another(fault_site: MakeFaultSite) -> None:
    """The other host goes on; the next worker hears what it did, and it is not done again."""
    site = fault_site(2, lease_s=2)
    _, _, first, _ = site.start()
    one, other = (host.name for host in site.hosts)
    before = shell(f"echo before >> {EFFECTS}", delegate_to=other)
    handle = site.play(before, {**ONCE, "delegate_to": other}, TOLD)
    site.until(lambda: asked(site, handle) and len(site.in_flight(handle, first)) == 2, "one performs for the other")
    first.kill()
    site.start("push")
    site.until(lambda: len(site.in_flight(handle)) == 2, "the second worker has the hosts")
    truth.open_gates(site.hosts)
    result = site.finish(handle, 60)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.effects(site.hosts)[other] == ["before", "before", one]
    assert truth.effects(site.hosts)[one] == []
    assert versions(site) == {one}
    site.check_hosts()
