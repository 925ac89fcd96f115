"""A plan is one trip: with latency between worker and host, fifty tasks take as long as five."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_tasks.producer import Request, prepare
from deploy_tasks.rollout.record import Options
from tests.support.fleet import MakeFleet
from tests.support.relay import Relay, relayed
from tests.support.workers import Site, plan

pytestmark = pytest.mark.fleet

#: Of each direction: a round trip takes 100 ms longer.
DELAY_S = 0.05
ROUNDS, ALLOWED = 3, 1.1


@pytest.fixture
def far_away(make_fleet: MakeFleet, tmp_path: Path) -> Iterator[tuple[Relay, Path]]:
    """A host behind a relay, and its inventory."""
    fleet = make_fleet(1)
    (host,) = fleet.hosts.values()
    with relayed((host.address, host.port), DELAY_S) as relay:
        inventory = tmp_path / "far.ini"
        inventory.write_text(
            f"far ansible_host=127.0.0.1 ansible_port={relay.port} ansible_user=root "
            f'deploy_tasks_host_key="{host.seat.key}" ansible_ssh_private_key_file={fleet.key_path}\n'
        )
        yield relay, inventory


def seconds(site: Site, inventory: Path, count: int, salt: int) -> float:
    """How long a plan of so many tasks takes that the host has not seen yet, with what it registers and asks."""
    tasks = [
        {
            "module": "copy",
            "args": {"content": f"{salt} {number}\n", "dest": f"/srv/{number}"},
            "register": f"r{number}",
            "conditions": [{"variable": f"r{number - 1}", "operator": "Exists"}] if number else [],
        }
        for number in range(count)
    ]
    request = Request(plan(*tasks, name=f"plan-{count}-{salt}"), inventory, options=Options(timeout_s=60))
    ready = prepare(request)
    began = time.monotonic()
    result = site.producer.submit(ready).wait(60)
    took = time.monotonic() - began
    assert result.ok, result.reason
    assert result.hosts["far"].changed == count
    return took


def test_fifty_tasks_take_no_longer_than_five(site: Site, far_away: tuple[Relay, Path]) -> None:
    relay, inventory = far_away
    seconds(site, inventory, 1, 0)  # the runner is there, the connection is warm
    few, many = [], []
    for salt in range(1, ROUNDS + 1):
        few.append(seconds(site, inventory, 5, salt))
        many.append(seconds(site, inventory, 50, salt))
    assert relay.connections >= 1
    assert min(few) > 2 * DELAY_S, "there was no latency"
    assert min(many) <= ALLOWED * min(few), f"5 tasks {min(few):.2f} s, 50 tasks {min(many):.2f} s"
