"""Redis ends or stands still in the middle: the deployment goes on, and what is told is what is on the hosts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState as S
from deploy_tasks.producer import Handle
from tests.faults.conftest import MakeFaultSite
from tests.faults.support import truth
from tests.faults.support.plans import count, gate, release, verify
from tests.faults.support.site import FaultSite

AOF = ("--appendonly", "yes", "--appendfsync", "everysec")


def check_done_once(site: FaultSite, handle: Handle) -> None:
    """It ends well, and each host was changed and verified once and says so itself."""
    result = site.finish(handle, 45)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.effects(site.hosts) == {host.name: ["changed"] for host in site.hosts}
    for host in site.hosts:
        assert len(truth.lines(host, truth.VERIFIED)) == 1
        assert truth.reports(host)[handle.id]["status"] == "succeeded"
    assert {host.status for host in result.hosts.values()} == {S.SUCCEEDED}
    site.check_hosts()


@contextlib.contextmanager
def in_the_middle(site: FaultSite) -> Iterator[Handle]:
    """A deployment with two of its hosts at the gate, two not begun; the gates are open afterwards."""
    with site.supervised():
        handle = site.deploy(count(), gate(), verify(), verify=True)
        site.until(lambda: len(truth.at_gate(site.hosts)) == 2, "two hosts are at the gate")
        yield handle
        truth.open_gates(site.hosts)
        check_done_once(site, handle)


@pytest.mark.parametrize("options", [(), AOF], ids=["empty", "everysec"])
def test_redis_is_killed_in_the_middle(fault_site: MakeFaultSite, options: tuple[str, ...]) -> None:
    site = fault_site(4, parallel=2)
    site.redis.kill()
    site.redis.options = options
    site.redis.start()
    with in_the_middle(site) as handle:
        site.redis.kill()
        site.redis.start()
        site.until(lambda: set(site.rows(handle)) == set(site.fleet.hosts), "the ledger knows the deployment again")


def test_hosts_end_while_redis_is_away(fault_site: MakeFaultSite) -> None:
    site = fault_site(4, parallel=2)
    with in_the_middle(site):
        site.redis.kill()
        truth.open_gates(site.hosts)
        site.until(lambda: sum(len(truth.reports(host)) for host in site.hosts) == 2, "two hosts end unheard")
        site.redis.start()


def test_redis_stands_still(fault_site: MakeFaultSite) -> None:
    """Longer than the leases and every timeout of a socket; time goes on in it, so all leases have run out then."""
    site = fault_site(4, parallel=2)
    with in_the_middle(site), site.redis.client() as client:
        client.execute_command("CLIENT", "PAUSE", 11_000, "ALL")


def test_a_rollback_goes_on_after_redis_lost_its_data(fault_site: MakeFaultSite) -> None:
    site = fault_site(3, parallel=2)
    with site.supervised():
        assert site.finish(site.deploy(release("1"))).ok
        second = site.deploy(release("2"))
        assert site.finish(second).ok
        second.rollback()
        site.redis.kill()
        site.redis.start()
        result = site.finish(second, 45)
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert {truth.version(host) for host in site.hosts} == {"1"}
