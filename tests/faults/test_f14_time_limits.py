"""Deadlines hold on every pool that is accepted, whatever a host is blocked in; other pools are refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState
from tests.faults.conftest import MakeFaultSite
from tests.faults.hosts import Watch, arriving, copy, deploy_files, noise, stop_server
from tests.faults.pool_worker import SLOTS
from tests.faults.support import truth
from tests.faults.support.plans import gate, shell
from tests.faults.support.site import FaultSite

DEADLINE_S = 5.0
#: A host's share of time, the grace in which it is told, and a slow machine's due.
REPORTED_S = 10.0
#: What each host is blocked in; the phase that is told.
BLOCKED = {
    "web-001": "connecting",  # no banner
    "web-002": "sending",  # stopped in the middle of the upload
    "web-003": "running",  # the server is stopped
    "web-004": "running",  # a step that does not end
    "web-005": "verifying",  # a check that does not end
}
#: Silence is no help here: only the deadline ends it.
PATIENT = {"silence_s": 60, "connect_timeout_s": 60, "warm_connections": 0}


@pytest.mark.parametrize("pool", ["solo", "gevent", "eventlet"])
def test_a_pool_without_limits_takes_no_host(fault_site: MakeFaultSite, pool: str) -> None:
    if pool == "eventlet":
        pytest.importorskip("eventlet", reason="without eventlet Celery itself refuses that pool")
    site = fault_site(1)
    site.start("control", "build")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.pool_worker", pool, "--ready-fd", "1"],
        env=site.site.environment() | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0
    assert f"is not served by pool {pool}" in done.stderr + done.stdout
    handle = site.deploy(gate())
    site.until(lambda: site.waiting("push") == 1, "the message of the host")
    assert not truth.at_gate(site.hosts)
    handle.cancel()


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_host_blocked_in_any_phase_frees_its_slot(fault_site: MakeFaultSite, tmp_path: Path, pool: str) -> None:
    site = fault_site(len(BLOCKED), parallel=SLOTS, **PATIENT)
    site.start("control", "build")
    site.start(pool, module="tests.faults.pool_worker")
    noise(tmp_path / "plan/large.bin", 16_000_000)
    hosts = site.fleet.hosts
    upload = hosts["web-002"]
    hosts["web-001"].freeze()

    def half() -> bool:
        return any(path.stat().st_size > 1 << 20 for path in arriving(upload))

    with Watch(half, upload.freeze) as watch:
        handle = deploy_files(
            site, tmp_path / "plan", *blocking(), verify=True, timeout_s=DEADLINE_S, max_fail_percentage=100
        )
        site.until(watch.done.is_set, "the middle of an upload")
    site.until(lambda: truth.at_gate([hosts["web-003"]]), "a host runs")
    stop_server(hosts["web-003"])
    result = site.finish(handle, REPORTED_S + 5)
    assert result.status is D.FAILED
    for name, phase in BLOCKED.items():
        outcome = result.hosts[name]
        assert outcome.status is not HostState.SUCCEEDED
        assert outcome.error is not None
        assert outcome.error.phase == phase, outcome
        assert outcome.duration_s < REPORTED_S
    check_slots(site)


def blocking() -> list[dict[str, object]]:
    """Each host gets stuck in another place."""
    case = "case {{ inventory_hostname }} in"
    return [
        copy("large.bin", "/opt/large.bin"),
        shell(f"{case} web-003) touch {truth.AT_GATE}; while [ ! -e {truth.GATE} ]; do sleep 0.05; done;; esac"),
        shell(f"{case} web-004) sleep 47;; esac"),
        shell(f"{case} web-005) sleep 47;; esac", tags=["verify"]),
    ]


def check_slots(site: FaultSite) -> None:
    """Every slot of the worker takes a host again, all at the same time."""
    for host in site.hosts:
        host.thaw()
        host.path(truth.GATE).touch()
    site.until(lambda: not any(truth.runners(host) for host in site.hosts), "nothing of the first runs there")
    for host in site.hosts:
        for path in (truth.AT_GATE, truth.GATE):
            host.path(path).unlink(missing_ok=True)
    again = site.deploy(gate())
    site.until(lambda: len(truth.at_gate(site.hosts)) == SLOTS, "all slots are busy at once")
    truth.open_gates(site.hosts)
    assert site.finish(again).status is D.SUCCEEDED
    site.check_hosts()
