"""What is measured on: local SSH hosts, and the whole pipeline in its own processes."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy_tasks import fleet as local_fleet
from deploy_tasks.fleet import Fleet
from deploy_tasks.producer import Producer, Request, Result, prepare
from deploy_tasks.rollout.record import Options
from deploy_tasks.settings import Settings, load
from tests.bench.floor import Address
from tests.support import janitor
from workers.allinone import Supervisor


@dataclass(frozen=True)
class Site:
    """A fleet, and settings with which producer and workers find each other."""

    fleet: Fleet
    settings: Settings
    folder: Path
    tree: Supervisor

    def worker_mb(self, role: str) -> float:
        """Resident memory of the worker of this role, in MB of 2^20 bytes, with what it shares with others."""
        (pid,) = [child.process.pid for child in self.tree.children if child.name == role and child.process]
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def addresses(self) -> list[Address]:
        """The hosts for bare Fabric."""
        seats = [host.seat for host in self.fleet.hosts.values()]
        return [Address(seat.address, seat.port, seat.user, str(self.fleet.key_path)) for seat in seats]

    def deploy(self, plan: Path, inventory: Path | None = None, **options: object) -> tuple[float, Result]:
        """Seconds from the request to the end, and what became of it. All hosts, unless an inventory is given."""
        start = time.perf_counter()
        request = Request(plan, inventory or self.fleet.inventory_path, options=Options.model_validate(options))
        result = Producer(self.settings).submit(prepare(request)).wait(300)
        return time.perf_counter() - start, result


@contextlib.contextmanager
def a_site(count: int, *, cache: Path | None = None, parallel: int = 16) -> Iterator[Site]:
    """Hosts, Redis and a worker of every role; all of it is gone afterwards. `cache` may be one that is warm."""
    with tempfile.TemporaryDirectory(prefix="deploy-tasks-bench-") as name:
        folder = Path(name)
        janitor.watch_fleet(folder / "fleet")
        fleet = local_fleet.up(count, folder / "fleet")
        try:
            settings = load(
                state_dir=folder / "state",
                cache_dir=cache or folder / "cache",
                known_hosts=fleet.known_hosts_path,
                parallel=parallel,
                log_level="WARNING",
            )
            with Supervisor(settings, log_dir=folder / "log") as tree:
                tree.wait_ready()
                yield Site(fleet, settings, folder, tree)
        finally:
            fleet.down()
