"""Uploads that end in the middle, and bytes that are not what was sent: nothing of that is ever run or kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_tasks.fleet import Host
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState
from deploy_tasks.producer import Handle
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.store import FolderStore
from tests.faults.conftest import MakeFaultSite
from tests.faults.hosts import Watch, arriving, copy, deploy_files, noise, runner_pids
from tests.faults.support import truth
from tests.faults.support.plans import count, gate, release
from tests.faults.support.site import FaultSite

LARGE = 32_000_000


def runner_half(host: Host) -> bool:
    """The runner is on its way."""
    return any(path.parent.name == "blobs" and path.stat().st_size > 0 for path in arriving(host))


def parts_half(host: Host) -> bool:
    """The files are on their way."""
    return any(path.parent.name == "artifacts" and path.stat().st_size > LARGE // 3 for path in arriving(host))


def parts_most(host: Host) -> bool:
    """Nearly all bytes are there, under a temporary name. Later moments pass too quickly to be caught for sure."""
    return any(path.parent.name == "artifacts" and path.stat().st_size > LARGE * 3 // 4 for path in arriving(host))


def renamed(host: Host) -> bool:
    """The artifact has its name, the deployment has not begun."""
    return any(path.stat().st_size > LARGE for path in host.state_dir.glob("artifacts/[0-9a-f]*"))


def old_release(site: FaultSite, folder: Path, *, forget: bool) -> None:
    """Version 1; with `forget` the runner has to be sent again."""
    handle = deploy_files(site, folder, release("1"))
    assert site.finish(handle).status is D.SUCCEEDED
    if forget:
        for host in site.hosts:
            host.run("rm -rf /var/lib/deploy-tasks/blobs /var/lib/deploy-tasks/artifacts")


@pytest.mark.parametrize("moment", [runner_half, parts_half, parts_most, renamed])
def test_a_worker_killed_while_it_sends(
    fault_site: MakeFaultSite, tmp_path: Path, moment: Callable[[Host], bool]
) -> None:
    site = fault_site(1, lease_s=2)
    _, _, first, _ = site.start()
    (host,) = site.hosts
    noise(tmp_path / "plan/large.bin", LARGE)
    old_release(site, tmp_path / "old", forget=moment is runner_half)
    with Watch(lambda: moment(host), host.freeze) as watch:
        tasks = (copy("large.bin", "/opt/large.bin"), release("2"), count())
        handle = deploy_files(site, tmp_path / "plan", *tasks)
        site.until(watch.done.is_set, "the moment of the upload")
    assert truth.version(host) == "1"
    first.kill()
    host.thaw()
    site.start("push")
    result = site.finish(handle)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.version(host) == "2"
    assert host.path("/opt/large.bin").read_bytes() == (tmp_path / "plan/large.bin").read_bytes()
    assert truth.effects([host]) == {host.name: ["changed"]}
    site.check_hosts()


@pytest.mark.parametrize("moment", [runner_half, parts_half, parts_most])
def test_the_host_s_side_killed_while_it_receives(
    fault_site: MakeFaultSite, tmp_path: Path, moment: Callable[[Host], bool]
) -> None:
    """Nobody cleans up there then; the next deployment does, of what has lain long enough to be nobody's."""
    site = fault_site(1, lease_s=2)
    site.start()
    (host,) = site.hosts
    noise(tmp_path / "plan/large.bin", LARGE)
    old_release(site, tmp_path / "old", forget=moment is runner_half)

    def pull_the_plug() -> None:
        host.freeze()
        host.stop()

    with Watch(lambda: moment(host), pull_the_plug) as watch:
        handle = deploy_files(site, tmp_path / "plan", copy("large.bin", "/opt/large.bin"), release("2"))
        site.until(watch.done.is_set, "the moment of the upload")
        result = site.finish(handle)
    host.start()
    assert result.status in (D.FAILED, D.ROLLED_BACK)
    assert {one.status for one in result.hosts.values()} == {HostState.UNREACHABLE}
    assert truth.version(host) == "1"
    assert not runner_pids(host)
    for path in arriving(host):
        os.utime(path, (0, 0))
    again = deploy_files(site, tmp_path / "plan", copy("large.bin", "/opt/large.bin"), release("2"))
    assert site.finish(again).status is D.SUCCEEDED
    assert truth.version(host) == "2"
    site.check_hosts()


@pytest.mark.parametrize("part", ["files", "program"])
def test_bytes_that_are_not_what_was_sent_are_refused(fault_site: MakeFaultSite, tmp_path: Path, part: str) -> None:
    """The worker has checked its copy already when that is damaged, so that only the host can see it."""
    site = fault_site(2)
    site.start()
    first, second = site.hosts
    noise(tmp_path / "plan/large.bin", 100_000)
    tasks = (copy("large.bin", "/opt/large.bin"), count(), gate())
    handle = deploy_files(site, tmp_path / "plan", *tasks, serial=[1, 1])
    site.until(lambda: truth.at_gate([first]), "the first host")
    flip(blob_of(site, handle, part))
    truth.open_gates(site.hosts)
    result = site.finish(handle)
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert result.hosts[first.name].status is HostState.ROLLED_BACK, "the undo needs nothing of the store"
    outcome = result.hosts[second.name]
    assert outcome.status is HostState.FAILED
    assert outcome.error is not None
    assert "arrived damaged" in outcome.error.message
    assert outcome.error.hint
    assert not outcome.touched
    assert truth.effects([second]) == {second.name: []}
    assert not second.path("/opt/large.bin").exists()
    site.check_hosts()
    assert not [path for path in second.state_dir.glob("artifacts/*") if path.is_file()]
    assert site.finish(deploy_files(site, tmp_path / "plan", *tasks)).status is D.SUCCEEDED


def blob_of(site: FaultSite, handle: Handle, part: str) -> Path:
    """Where a part of the deployment's artifact lies in the store."""
    with site.redis.client() as client:
        document = Ledger(client).head(handle.id).artifact("x86_64-linux")
    assert document
    digest = document["parts"][0 if part == "files" else -1]["digest"]
    return FolderStore(Path(site.settings.store)).path(digest)


def flip(path: Path) -> None:
    """Turn one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
