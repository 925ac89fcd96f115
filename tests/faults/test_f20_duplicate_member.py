"""A member of the chord comes twice, or its conclusion too early: there is one verdict, after the slowest host."""

from __future__ import annotations

import json

from deploy_tasks import broker
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Handle
from tests.faults.conftest import MakeFaultSite
from tests.faults.support import truth
from tests.faults.support.plans import count, gate, verify
from tests.faults.support.site import FaultSite


def test_a_copied_message_neither_repeats_a_host_nor_hurries_the_end(fault_site: MakeFaultSite) -> None:
    site = fault_site(3, parallel=6)
    site.start("control", "build")
    slow, *quick = site.hosts
    truth.open_gates(quick)
    handle = site.deploy(count(), gate(), verify(), verify=True)
    site.until(lambda: site.waiting(broker.PUSH) == 3, "a message for each host")
    copied = _copy(site, quick[0].name, 2)
    site.start("push")
    done = f"Task {broker.PUSH_HOST}[{copied}] succeeded"
    site.until(lambda: site.site.logs().count(done) == 3, "the message and its copies are done")
    _await_slow_host_only(site, handle)
    truth.open_gates([slow])
    _check_one_verdict(site, handle)


def test_conclusions_that_come_too_early_and_too_often(fault_site: MakeFaultSite) -> None:
    site = fault_site(3, parallel=6)
    site.start()
    slow, *quick = site.hosts
    truth.open_gates(quick)
    handle = site.deploy(count(), gate(), verify(), verify=True)
    site.until(lambda: truth.at_gate([slow]), "the slow host is at its gate")
    _conclude(site, handle, 3)
    _await_slow_host_only(site, handle)
    truth.open_gates([slow])
    site.finish(handle)
    _conclude(site, handle, 3)
    site.until(lambda: site.unacked() == 0 and not site.waiting(broker.CONTROL), "late conclusions are done")
    _check_one_verdict(site, handle)


def _copy(site: FaultSite, host: str, times: int) -> str:
    """Put copies of a host's message into the queue; returns the task's id."""
    with site.redis.client() as client:
        texts = client.lrange(broker.PUSH, 0, -1)
        (text,) = [text for text in texts if repr(host) in json.loads(text)["headers"]["kwargsrepr"]]
        client.lpush(broker.PUSH, *[text] * times)
    return str(json.loads(text)["headers"]["id"])


def _conclude(site: FaultSite, handle: Handle, times: int) -> None:
    """Send the conclusion of the batch, as a chord that counts wrong would."""
    application = broker.make_celery(site.settings)
    for _ in range(times):
        application.send_task(broker.CONCLUDE, kwargs={"deployment": handle.id, "batch": 0}, ignore_result=True)


def _await_slow_host_only(site: FaultSite, handle: Handle) -> None:
    """All messages but the slow host's are done, and nothing is decided."""

    def idle() -> bool:
        return site.unacked() == 1 and not site.waiting(broker.CONTROL) and len(site.in_flight(handle)) == 1

    site.until(idle, "only the slow host is left")
    assert [note["status"] for note in site.notes(handle)] == ["queued", "running", "running"]
    assert handle.status().status is D.RUNNING


def _check_one_verdict(site: FaultSite, handle: Handle) -> None:
    """All hosts, each once; one verdict over the batch, one end, both after the last host."""
    result = site.finish(handle)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.effects(site.hosts) == {host.name: ["changed"] for host in site.hosts}
    assert [len(truth.lines(host, truth.VERIFIED)) for host in site.hosts] == [1, 1, 1]
    notes = site.notes(handle)
    assert [note["status"] for note in notes] == ["queued", "running", "running", "batch", "succeeded"]
    last = max(float(line) for host in site.hosts for line in truth.lines(host, truth.VERIFIED))
    assert notes[-2]["at"] / 1000 >= last
    site.check_hosts()
