"""A host takes longer than the broker waits for a message: the copies that other workers get change nothing."""

from __future__ import annotations

import pytest

from deploy_tasks.outcome import DeploymentStatus as D
from tests.faults.conftest import MakeFaultSite
from tests.faults.support import impatient, truth
from tests.faults.support.plans import slow, verify

ORDINARY, IMPATIENT = "workers.run", impatient.__name__


@pytest.mark.parametrize("second", [IMPATIENT, ORDINARY])
def test_a_host_longer_than_the_visibility_timeout(fault_site: MakeFaultSite, second: str) -> None:
    site = fault_site(2, parallel=4, lease_s=20)  # only the messages come back, no lease runs out
    site.start("control", "build")
    site.start("push", module=IMPATIENT, **{impatient.SECONDS: 2})
    site.start("push", module=second, **{impatient.SECONDS: 2})
    handle = site.deploy(slow(6), verify(), verify=True)
    most: dict[str, list[str]] = {}

    def ended() -> bool:
        for host in site.hosts:
            most[host.name] = max(most.get(host.name, []), truth.sessions(host), key=len)
        return handle.status().status.final

    site.until(ended, "the end")
    result = handle.status()
    assert result.status is D.SUCCEEDED, result.to_json()
    assert "'note': 'held'" in site.site.logs(), "no message came back: this test shows nothing"
    assert [len(found) for found in most.values()] == [1, 1], most
    for host in site.hosts:
        (done,), (checked,) = truth.lines(host, truth.EFFECTS), truth.lines(host, truth.VERIFIED)
        assert float(checked) > float(done)
        assert truth.lines(host, truth.OVERLAPS) == []
        assert list(truth.reports(host)) == [handle.id]
    assert {host.attempt for host in result.hosts.values()} == {1}
    notes = [note["status"] for note in site.notes(handle)]
    assert (notes.count("batch"), notes.count("succeeded")) == (1, 1)
    site.check_hosts()
