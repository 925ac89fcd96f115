"""Twelve hosts, four of them broken in different ways: what is reported of each is what its disk says."""

from __future__ import annotations

import pytest

from deploy_tasks.fleet import Host
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState as S
from deploy_tasks.producer import Result
from tests.faults.conftest import MakeFaultSite
from tests.faults.support import truth
from tests.faults.support.plans import release, verify
from tests.faults.support.site import FaultSite

#: The hosts by what goes wrong on them.
FULL, GONE, DAMAGED, CRASHING = "web-002", "web-005", "web-008", "web-011"
BROKEN = {FULL, GONE, DAMAGED, CRASHING}
NEW = {S.SUCCEEDED}
_LYING_DIGEST = "#!/bin/sh\nprintf '%064d *stdin\\n' 0\n"


@pytest.fixture
def site(fault_site: MakeFaultSite) -> FaultSite:
    """Twelve hosts on version 1; then four of them break."""
    site = fault_site(12)
    site.start()
    assert site.finish(site.deploy(release("1"))).ok
    return site


def break_four(site: FaultSite) -> None:
    """A full disk, a host that is off, one that damages what it gets, one whose program does not stay up."""
    hosts = site.fleet.hosts
    hosts[FULL].mount_tmpfs(truth.STATE_DIR, "size=200k")
    _forget_runner(hosts[DAMAGED])
    for name in ("openssl", "sha256sum"):
        tool = hosts[DAMAGED].path(f"/usr/bin/{name}")
        tool.unlink(missing_ok=True)
        tool.write_text(_LYING_DIGEST)
        tool.chmod(0o755)
    hosts[CRASHING].path("/var/crashes").touch()
    hosts[GONE].stop()


def check_report(site: FaultSite, result: Result) -> None:
    """Every host is in the report, with the version that is on its disk."""
    assert set(result.hosts) == set(site.fleet.hosts)
    told = {name: "2" if host.status in NEW else "1" for name, host in result.hosts.items()}
    assert {name: truth.version(host) for name, host in site.fleet.hosts.items()} == told
    reasons = {name: host.error for name, host in result.hosts.items() if name in BROKEN}
    assert all(error is not None and error.message for error in reasons.values()), reasons


@pytest.mark.parametrize("tolerated", [0, 25], ids=["all", "three quarters"])
def test_too_many_fail(site: FaultSite, tolerated: int) -> None:
    break_four(site)
    options = {"verify": True, "max_fail_percentage": tolerated}
    result = site.finish(site.deploy(release("2"), verify("test ! -e /var/crashes"), **options), 60)
    assert result.status is D.ROLLED_BACK, result.to_json()
    check_report(site, result)
    assert {truth.version(host) for host in site.hosts} == {"1"}
    site.check_hosts()


def test_a_third_may_fail(site: FaultSite) -> None:
    break_four(site)
    options = {"verify": True, "max_fail_percentage": 34}
    result = site.finish(site.deploy(release("2"), verify("test ! -e /var/crashes"), **options), 60)
    assert result.status is D.FAILED, result.to_json()
    check_report(site, result)
    assert {name for name, host in result.hosts.items() if host.status is not S.SUCCEEDED} == BROKEN
    ends = {name: result.hosts[name].status for name in BROKEN}
    assert ends == {FULL: S.FAILED, GONE: S.UNREACHABLE, DAMAGED: S.FAILED, CRASHING: S.ROLLED_BACK}
    assert "space" in str(result.hosts[FULL].error)
    assert "digest" in str(result.hosts[DAMAGED].error)
    site.check_hosts()


def test_a_bad_build_touches_only_the_canaries(site: FaultSite) -> None:
    before = {host.name: set(truth.reports(host)) for host in site.hosts}
    result = site.finish(site.deploy(release("2"), verify("false"), verify=True, serial=[2, "100%"]))
    assert result.status is D.ROLLED_BACK, result.to_json()
    touched = {host.name for host in site.hosts if set(truth.reports(host)) != before[host.name]}
    assert touched == {"web-001", "web-002"}
    ends = [host.status for host in result.hosts.values()]
    assert ends == [S.ROLLED_BACK] * 2 + [S.CANCELLED] * 10
    assert {truth.version(host) for host in site.hosts} == {"1"}
    site.check_hosts()


def _forget_runner(host: Host) -> None:
    """As after a reinstallation: the runner has to be sent again."""
    for blob in (host.state_dir / "blobs").iterdir():
        blob.unlink()
