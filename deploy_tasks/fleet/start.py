"""Starting hosts: finding addresses for them, handing them to the launcher, waiting until they listen."""

from __future__ import annotations

import json
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy_tasks.fleet import launch, layout
from deploy_tasks.fleet.errors import FleetError
from deploy_tasks.fleet.host import Host
from deploy_tasks.fleet.layout import PORT
from deploy_tasks.fleet.process import listening

_START_S = 20.0


def free_subnet(count: int) -> int:
    """An x such that 127.77.x.y is free for so many hosts. Chosen at random: fleets keep out of each other's way."""
    wanted = layout.subnets(count)
    candidates = list(range(1, 255 - wanted))
    random.Random(secrets.randbits(64)).shuffle(candidates)  # noqa: S311 - spreads fleets, protects nothing
    for subnet in candidates:
        if all(_is_free(address) for address in layout.addresses(count, subnet)):
            return subnet
    raise FleetError("no free range of addresses 127.77.x.y", hint="take another fleet down")


def _is_free(address: str) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, PORT))
        except OSError:
            return False
    return True


def start_hosts(pids: Path, hosts: Sequence[Host]) -> None:
    """Start these hosts and wait until each listens. Raises FleetError with the log of one that does not."""
    request = {
        "pids": str(pids),
        "hosts": [
            {
                "name": host.name,
                "argv": host.disk.argv,
                "log": str(host.disk.log),
                "isolated": host.disk.isolated,
                "hostname": host.name,
                "disk": str(host.disk.path),
            }
            for host in hosts
        ],
    }
    argv = [sys.executable, "-I", "-S", str(Path(launch.__file__))]
    done = subprocess.run(argv, input=json.dumps(request), capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stdout:
        raise FleetError(f"hosts cannot be started: {(done.stdout or done.stderr).strip()}")
    _wait_until_listening(hosts)


def _wait_until_listening(hosts: Sequence[Host]) -> None:
    waiting = {(host.address, host.port): host for host in hosts}
    deadline = time.monotonic() + _START_S
    while waiting:
        for place in listening() & waiting.keys():
            del waiting[place]
        if not waiting:
            return
        host = next(iter(waiting.values()))
        if time.monotonic() > deadline or not host.alive:
            raise FleetError(f"{host.name} does not start: {host.log[-500:].strip() or 'no word from it'}")
        time.sleep(0.01)
