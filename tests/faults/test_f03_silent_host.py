"""Hosts that fall silent, each in another phase: they are given up in time and by name, and nobody else notices."""

from __future__ import annotations

from pathlib import Path

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState
from deploy_tasks.producer import Handle, Result
from tests.faults.conftest import MakeFaultSite
from tests.faults.hosts import Watch, arriving, copy, deploy_files, noise, stop_server, threads_and_descriptors
from tests.faults.support import truth
from tests.faults.support.plans import count, gate
from tests.faults.support.site import FaultSite

DEADLINE_S = 10.0
#: In which phase each host falls silent.
SILENT = {
    "web-001": "connecting",  # its kernel accepts, no banner ever comes
    "web-002": "connecting",  # every packet is lost
    "web-003": "sending",  # packets are lost in the middle of the upload
    "web-004": "running",  # packets are lost
    "web-005": "running",  # the server is stopped: TCP answers, the program goes on
}
HEALTHY = ("web-006", "web-007")


def test_silent_hosts_are_given_up_and_free_their_slots(fault_site: MakeFaultSite, tmp_path: Path) -> None:
    site = fault_site(7, silence_s=4, connect_timeout_s=3, warm_connections=0, parallel=7)
    _, _, push, _ = site.start()
    assert site.finish(site.deploy(count())).status is D.SUCCEEDED
    before = threads_and_descriptors([push])
    noise(tmp_path / "plan/large.bin", 16_000_000)
    try:
        result = fall_silent(site, tmp_path)
        check_silent(result)
    finally:
        for host in site.hosts:
            host.restore_packets()
            host.thaw()
    check_healthy(result, site)
    site.until(lambda: all_within(threads_and_descriptors([push]), before), "threads and descriptors are given back")
    truth.open_gates(site.hosts)
    check_slots(site)


def fall_silent(site: FaultSite, folder: Path) -> Result:
    """A deployment in which every host falls silent in its phase."""
    hosts = site.fleet.hosts
    hosts["web-001"].freeze()
    hosts["web-002"].drop_packets()
    upload = hosts["web-003"]

    def lose() -> None:
        upload.freeze()
        upload.drop_packets()

    with Watch(lambda: any(path.stat().st_size > 1 << 20 for path in arriving(upload)), lose) as watch:
        handle = deploy_files(
            site,
            folder / "plan",
            copy("large.bin", "/opt/large.bin"),
            gate(),
            timeout_s=DEADLINE_S,
            max_fail_percentage=100,
        )
        site.until(watch.done.is_set, "the middle of an upload")
    assert [path.stat().st_size < 20_000_000 for path in arriving(upload)] == [True]
    running = ["web-004", "web-005", *HEALTHY]
    site.until(lambda: truth.at_gate(hosts[name] for name in running) == running, "all others run")
    hosts["web-004"].drop_packets()
    stop_server(hosts["web-005"])
    truth.open_gates(hosts[name] for name in HEALTHY)
    return ended(site, handle)


def ended(site: FaultSite, handle: Handle) -> Result:
    """All hosts at once: the deadline of one host is the deadline of all of them."""
    return site.finish(handle, DEADLINE_S + 5)


def check_silent(result: Result) -> None:
    """Each silent host is told by its state, its phase and in words, and whether it may have been changed."""
    assert result.status is D.FAILED
    for name, phase in SILENT.items():
        host = result.hosts[name]
        assert host.status is HostState.UNREACHABLE, host
        assert host.error is not None
        assert host.error.phase == phase, host
        assert (phase != "running") or "not a byte for 4 s" in host.error.message, host
        assert host.touched == (phase == "running"), host
        assert host.duration_s < DEADLINE_S + 2


def check_healthy(result: Result, site: FaultSite) -> None:
    """The others are where they should be."""
    for name in HEALTHY:
        assert result.hosts[name].status is HostState.SUCCEEDED
        assert result.hosts[name].duration_s < DEADLINE_S
        assert site.fleet[name].path("/opt/large.bin").stat().st_size == 16_000_000


def check_slots(site: FaultSite) -> None:
    """Every slot takes a host again, all at the same time, and every host takes a deployment again."""
    site.until(lambda: not any(truth.runners(host) for host in site.hosts), "nothing of the first runs there")
    for host in site.hosts:
        for path in (truth.AT_GATE, truth.GATE):
            host.path(path).unlink(missing_ok=True)
    again = site.deploy(gate())
    site.until(lambda: len(truth.at_gate(site.hosts)) == len(site.hosts), "all slots are busy at once")
    truth.open_gates(site.hosts)
    assert site.finish(again).status is D.SUCCEEDED
    site.check_hosts()


def all_within(now: tuple[int, int], before: tuple[int, int]) -> bool:
    """No more threads or descriptors than before, but for one of each that something else may use."""
    return now[0] <= before[0] + 1 and now[1] <= before[1] + 1
