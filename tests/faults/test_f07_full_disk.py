"""Disks that are full, without inodes, or fill up while we write: what runs there goes on, and the report says why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_tasks.fleet import Host
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState
from deploy_tasks.producer import Handle
from tests.faults.conftest import MakeFaultSite
from tests.faults.hosts import Service, Watch, arriving, copy, deploy_files, noise
from tests.faults.support.site import FaultSite

APP, STATE = "/opt/app", "/var/lib/deploy-tasks"
NEED_AND_HAVE = re.compile(r"no space (?:in|on) (\S+): need (\d+) (bytes|KiB|inodes), have (\d+)")
LARGE = 6_000_000
GENEROUS = "size=64m,nr_inodes=1000"


def fill(host: Host, folder: str) -> None:
    """Write there until nothing more fits."""
    host.run(f"cat /dev/zero > {folder}/filler", check=False)


def use_up_inodes(host: Host, folder: str) -> None:
    """Make files there until there can be no more."""
    host.run(f"i=0; while : > {folder}/filler-$i; do i=$((i+1)); done", check=False)


@pytest.fixture
def site(fault_site: MakeFaultSite) -> FaultSite:
    made = fault_site(2)
    made.start()
    return made


class Scene:
    """A first release that runs on both hosts, one folder of the first host on its own disk; and a large second one."""

    def __init__(self, site: FaultSite, folder: Path, limited: str) -> None:
        self.site = site
        self.folder = folder
        self.limited = limited
        self.host, self.other = site.hosts
        self.host.mount_tmpfs(limited, GENEROUS)
        folder.mkdir()
        program = Path(shutil.which("sleep") or "/bin/sleep").resolve().read_bytes()
        (folder / "one").write_bytes(program + bytes(300_000 - len(program)))
        noise(folder / "two", LARGE)
        assert site.finish(self.release("one")).status is D.SUCCEEDED
        self.services = [Service.start(host, f"{APP}/server", "600") for host in site.hosts]
        self.before = self.files()

    def release(self, which: str) -> Handle:
        """Deploy one or two; a host that fails does not take the other back."""
        task = copy(which, f"{APP}/server", mode="0755")
        make = {"module": "file", "args": {"path": APP, "state": "directory"}}
        return deploy_files(self.site, self.folder, make, task, max_fail_percentage=50, timeout_s=20)

    def files(self) -> set[str]:
        """Everything in the folder of the limited host."""
        root = self.host.path(self.limited)
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.name[:6] != "filler"}

    def check_refused(self, handle: Handle) -> None:
        """The disk is named, what is needed and what there is; the first release runs on, the other host went on."""
        result = self.site.finish(handle)
        assert result.status is D.FAILED, result.to_json()
        told = result.hosts[self.host.name]
        assert told.status in (HostState.FAILED, HostState.ROLLED_BACK), told
        assert told.error is not None
        words = NEED_AND_HAVE.search(told.error.message)
        assert words, told.error.message
        assert words[1].startswith(self.limited), words[0]
        assert int(words[2]) > int(words[4]), words[0]
        self.services[0].check_untouched()
        assert result.hosts[self.other.name].status is HostState.SUCCEEDED
        assert self.other.path(f"{APP}/server").stat().st_size == LARGE

    def check_nothing_partial(self, ignored: str = r"deployments/.*|deployments") -> None:
        """Nothing of the second release lies on the disk; the records of deployments are allowed to."""
        left = {name for name in self.files() - self.before if not re.fullmatch(ignored, name)}
        assert left == set()
        assert not arriving(self.host)

    def check_retry(self) -> None:
        """With space again the same deployment goes through."""
        self.host.run(f"rm -f {self.limited}/filler*; mount -o remount,{GENEROUS} {self.limited}")
        assert self.site.finish(self.release("two")).status is D.SUCCEEDED
        assert self.host.path(f"{APP}/server").stat().st_size == LARGE
        self.site.check_hosts()


@pytest.mark.parametrize("limited", [APP, STATE])
@pytest.mark.parametrize("use_up", [fill, use_up_inodes])
def test_a_disk_that_is_full(
    site: FaultSite, tmp_path: Path, limited: str, use_up: Callable[[Host, str], None]
) -> None:
    scene = Scene(site, tmp_path / "plan", limited)
    use_up(scene.host, limited)
    scene.check_refused(scene.release("two"))
    scene.check_nothing_partial()
    scene.check_retry()


@pytest.mark.parametrize("limited", [APP, STATE])
def test_a_disk_that_fills_up_after_the_check(site: FaultSite, tmp_path: Path, limited: str) -> None:
    scene = Scene(site, tmp_path / "plan", limited)
    host, root = scene.host, scene.host.path(limited)

    def being_written() -> list[Path]:
        found = arriving(host) if limited == STATE else [path for path in root.iterdir() if path.name != "server"]
        return [path for path in found if path.stat().st_size > 0]

    def fill_now() -> None:
        host.freeze()
        fill(host, limited)
        host.thaw()

    with Watch(being_written, fill_now) as watch:
        handle = scene.release("two")
        site.until(watch.done.is_set, "the middle of writing")
    scene.check_refused(handle)
    scene.check_nothing_partial()
    scene.check_retry()
