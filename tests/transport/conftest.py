"""What the transport's tests share: endpoints of fleet hosts and of this machine, pools, shipments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.fleet import Fleet, Host
from deploy_tasks.transport import ConnectOptions, Endpoint, Pool, Shipment
from tests.support.runners import shipment

Ship = Callable[..., Shipment]


def endpoint_of(fleet: Fleet, host: Host, **changes: Any) -> Endpoint:
    """The endpoint of a fleet host; its key is to be looked up in known_hosts unless `changes` says otherwise."""
    facts: dict[str, Any] = {
        "name": host.name,
        "address": host.address,
        "port": host.port,
        "user": host.seat.user,
        "key_file": str(fleet.key_path),
    }
    return Endpoint(**{**facts, **changes})


def options_of(fleet: Fleet, **changes: Any) -> ConnectOptions:
    """Options that trust the fleet's known_hosts."""
    return ConnectOptions(**{"known_hosts": fleet.known_hosts_path, "use_agent": False, **changes})


@pytest.fixture
def make_pool(tmp_path: Path) -> Iterator[Callable[..., Pool]]:
    """Pools that are closed after the test."""
    made: list[Pool] = []

    def make(options: ConnectOptions | None = None) -> Pool:
        made.append(Pool(options or ConnectOptions(known_hosts=tmp_path / "known_hosts", use_agent=False)))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long way to every host: the runner travels packed, and parts one by one."""
    for kind in ("ssh.SshLink", "local.LocalLink"):
        monkeypatch.setattr(f"deploy_tasks.transport.{kind}.near", False)


@pytest.fixture
def ship(tmp_path: Path, far: None) -> Ship:
    """Shipments whose files lie in the test's folder. Their runners are scripts, which no artifact can begin with."""

    def make(*args: Any, **kwargs: Any) -> Shipment:
        folder = tmp_path / f"shipment-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return shipment(folder, *args, **kwargs)

    return make


@pytest.fixture(params=["local", "ssh"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, make_pool: Callable[..., Pool]
) -> tuple[Endpoint, Pool, Path]:
    """A host to push to, by each transport: endpoint, pool, and the runner's folder there as seen from here."""
    if request.param == "local":
        state = tmp_path / "state"
        return Endpoint("here", "localhost", connection="local", state_dir=str(state)), make_pool(), state
    fleet: Fleet = request.getfixturevalue("fleet")
    host = fleet["web-001"]
    state_dir = f"/var/lib/test-{tmp_path.name}"
    return endpoint_of(fleet, host, state_dir=state_dir), make_pool(options_of(fleet)), host.path(state_dir)
