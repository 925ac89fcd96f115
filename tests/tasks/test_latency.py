"""A plan is one trip: with latency between worker and host, fifty tasks wait for it no oftener than five."""

from __future__ import annotations

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
#: The host's signs of life are answered; a slow machine sees one more of them.
ROOM = 2


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


def turns(site: Site, relay: Relay, inventory: Path, count: int) -> int:
    """How often the worker waits for the host during a plan of so many tasks that the host has not seen yet."""
    tasks = [
        {
            "module": "copy",
            "args": {"content": f"{number} of {count}\n", "dest": f"/srv/{number}"},
            "register": f"r{number}",
            "conditions": [{"variable": f"r{number - 1}", "operator": "Exists"}] if number else [],
        }
        for number in range(count)
    ]
    request = Request(plan(*tasks, name=f"plan-{count}"), inventory, options=Options(timeout_s=60))
    ready = prepare(request)
    before = relay.turns
    result = site.producer.submit(ready).wait(60)
    assert result.ok, result.reason
    assert result.hosts["far"].changed == count
    return relay.turns - before


def test_fifty_tasks_wait_for_the_host_no_oftener_than_five(site: Site, far_away: tuple[Relay, Path]) -> None:
    relay, inventory = far_away
    turns(site, relay, inventory, 1)  # the runner is there, the connection is warm
    few = turns(site, relay, inventory, 5)
    assert 0 < few < 12
    assert turns(site, relay, inventory, 50) <= few + ROOM
