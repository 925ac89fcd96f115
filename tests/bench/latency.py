"""Latency between worker and host: a plan of 50 tasks beside one of 5, with 100 ms for every round trip."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.bench import plans
from tests.bench.site import Site, a_site
from tests.support.relay import relayed

DELAY_S, ROUNDS, ALLOWED = 0.05, 5, 1.1


def main() -> bool:
    """Print the best times; true when the limit holds."""
    with a_site(1) as site, tempfile.TemporaryDirectory(prefix="deploy-tasks-bench-") as name:
        (host,) = site.fleet.hosts.values()
        with relayed((host.address, host.port), DELAY_S) as relay:
            inventory = Path(name) / "far.ini"
            inventory.write_text(
                f"far ansible_host=127.0.0.1 ansible_port={relay.port} ansible_user=root "
                f'deploy_tasks_host_key="{host.seat.key}" ansible_ssh_private_key_file={site.fleet.key_path}\n'
            )
            _seconds(site, inventory, Path(name), 1, 0)
            few = min(_seconds(site, inventory, Path(name), 5, salt) for salt in range(ROUNDS))
            many = min(_seconds(site, inventory, Path(name), 50, salt) for salt in range(ROUNDS))
    print(f"latency        {few:.2f} s for 5 tasks, {many:.2f} s for 50 (at most {ALLOWED:g} times)")
    return many <= ALLOWED * few


def _seconds(site: Site, inventory: Path, folder: Path, count: int, salt: int) -> float:
    tasks = [
        plans.task(
            number, f"piece {number}", "copy", {"content": f"{salt} {number} of {count}\n", "dest": f"/srv/{number}"}
        )
        for number in range(count)
    ]
    path = folder / f"plan-{count}-{salt}.json"
    path.write_text(json.dumps(plans.document(tasks, f"plan-{count}-{salt}")))
    took, result = site.deploy(path, inventory=inventory)
    assert result.ok, result.reason
    return took
