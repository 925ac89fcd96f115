"""A fleet of real SSH servers on this machine: `up`, `load`, `down`.

With root rights every host has an address, a root file system, processes and a host name of its own. Without, hosts
are SSH servers on addresses of their own which share this machine's root: only the runner's folder differs.
Everything lies in one folder; the hosts live on when the command that started them ends, until `down`.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_tasks.fleet import layout, network
from deploy_tasks.fleet.disk import SSHD, Disk
from deploy_tasks.fleet.errors import FleetError, FleetUnavailable, NoFleet
from deploy_tasks.fleet.host import Host
from deploy_tasks.fleet.keys import KeyPair, make_key
from deploy_tasks.fleet.layout import DROPPED, PIDS, PORT, Seat
from deploy_tasks.fleet.process import end, family, read_pids
from deploy_tasks.fleet.start import free_subnet, start_hosts

MOST_HOSTS = 5000
_RECORD, _DISKS = "fleet.json", "disks"


@dataclass(frozen=True)
class Fleet:
    """Hosts by name, and the files to reach them with. `isolated` is false when hosts share this machine's root."""

    root: Path
    isolated: bool
    hosts: dict[str, Host]

    @property
    def inventory_path(self) -> Path:
        """An Ansible inventory of the hosts, with their keys."""
        return self.root / "inventory.ini"

    @property
    def known_hosts_path(self) -> Path:
        """Their keys, for `ssh`."""
        return self.root / "known_hosts"

    @property
    def key_path(self) -> Path:
        """The private key that may log in."""
        return self.root / "id_ed25519"

    @property
    def notice(self) -> str | None:
        """What these hosts cannot show, or None when they are separate machines in all but the kernel."""
        if self.isolated:
            return None
        return "no root rights: the hosts share this machine's root, and plans change this machine"

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def down(self) -> None:
        """End the hosts and remove their files."""
        down(self.root)


def isolation() -> bool:
    """Whether hosts can have roots of their own here."""
    return os.geteuid() == 0 and sys.platform == "linux"


def missing() -> str | None:
    """What this machine lacks for any fleet, as words, or None."""
    if sys.platform != "linux":
        return "a local fleet needs Linux"
    if not Path(SSHD).exists():
        return f"a local fleet needs {SSHD} (apt-get install openssh-server)"
    return None


def up(
    count: int,
    root: Path,
    *,
    prefix: str = "web",
    names: Sequence[str] | None = None,
    isolated: bool | None = None,
    subnet: int | None = None,
    sshd_extra: str = "",
) -> Fleet:
    """Start `count` hosts whose files lie in the folder `root`, which must not hold a fleet already.

    `isolated=None` means: as far as rights allow. `subnet` is the x of 127.77.x.y; by default a free one is taken.
    `sshd_extra` are lines for sshd's configuration that beat its defaults. Raises FleetError, leaving nothing behind.
    """
    if (lack := missing()) is not None:
        raise FleetUnavailable(lack)
    if not 1 <= count <= MOST_HOSTS:
        raise FleetError(f"a fleet has 1 to {MOST_HOSTS} hosts, not {count}")
    root = root.resolve()
    if (root / _RECORD).exists():
        hint = f"take it down first: deploy-tasks fleet down --root {root}"
        raise FleetError(f"{root} holds a fleet already", hint=hint)
    isolated = isolation() if isolated is None else isolated
    chosen = list(names) if names is not None else layout.names(count, prefix)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        client, seats, host_keys = _seats(chosen, isolated, free_subnet(count) if subnet is None else subnet)
        _write_files(root, isolated, seats, client)
        fleet = _fleet(root, isolated, seats)
        for host, key in zip(fleet.hosts.values(), host_keys, strict=True):
            host.disk.prepare(host.seat, key, client.public, sshd_extra)
        start_hosts(root / PIDS, list(fleet.hosts.values()))
    except BaseException:
        down(root)
        raise
    return fleet


def load(root: Path) -> Fleet:
    """The fleet in this folder, running or not. Raises FleetError when there is none."""
    record = _read_record(root.resolve())
    return _fleet(root.resolve(), record["isolated"], [Seat(**seat) for seat in record["hosts"]])


def down(root: Path) -> None:
    """End exactly the processes of the fleet in this folder, unmount and remove what it wrote. None there: nothing."""
    root = root.resolve()
    if not (root / _RECORD).exists():
        return
    record = _read_record(root)
    if record["boot"] == _boot_id():
        stubborn = end(family(read_pids(root / PIDS).values()))
        if stubborn:
            raise FleetError(f"processes that do not end: {[process.pid for process in stubborn]}")
        if record["isolated"]:
            for seat in record["hosts"] if (root / DROPPED).exists() else ():
                network.restore(seat["address"], seat["port"])
            _unmount(root / _DISKS)
    shutil.rmtree(root / _DISKS, ignore_errors=True)
    for name in ("inventory.ini", "known_hosts", "id_ed25519", "id_ed25519.pub", DROPPED, PIDS, _RECORD):
        (root / name).unlink(missing_ok=True)
    if not any(root.iterdir()):
        root.rmdir()


def _seats(names: Sequence[str], isolated: bool, subnet: int) -> tuple[KeyPair, list[Seat], list[KeyPair]]:
    user = "root" if isolated else getpass.getuser()
    keys = [make_key() for _ in names]
    places = layout.addresses(len(names), subnet)
    seats = [
        Seat(name, address, PORT, user, key.public) for name, address, key in zip(names, places, keys, strict=True)
    ]
    return make_key(), seats, keys


def _write_files(root: Path, isolated: bool, seats: Sequence[Seat], client: KeyPair) -> None:
    """The record first: from then on `down` can clean up whatever follows."""
    record = {"boot": _boot_id(), "isolated": isolated, "hosts": [seat.to_json() for seat in seats]}
    (root / _RECORD).write_text(json.dumps(record))
    disks = root / _DISKS
    disks.mkdir(mode=0o755)
    if isolated:
        _run("mount", "-t", "tmpfs", "-o", "mode=0755", "deploy-tasks-fleet", str(disks))
    client.write(root / "id_ed25519")
    states = {seat.name: state for seat in seats if (state := Disk(disks / seat.name, isolated).state_dir)}
    (root / "inventory.ini").write_text(layout.inventory(seats, root / "id_ed25519", states))
    (root / "known_hosts").write_text(layout.known_hosts(seats))


def _fleet(root: Path, isolated: bool, seats: Sequence[Seat]) -> Fleet:
    def start(hosts: Sequence[Host]) -> None:
        start_hosts(root / PIDS, hosts)

    return Fleet(
        root,
        isolated,
        {seat.name: Host(seat, Disk(root / _DISKS / seat.name, isolated), root, start) for seat in seats},
    )


def _unmount(folder: Path) -> None:
    """Unmount the fleet's disks; the kernel may need a moment to let go of the hosts' namespaces."""
    for _ in range(100):
        if not folder.is_mount():
            return
        if subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode != 0:
            time.sleep(0.02)
    _run("umount", "--lazy", str(folder))


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FleetError(f"{' '.join(argv)}: {done.stderr.strip()}")


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _read_record(root: Path) -> dict[str, Any]:
    try:
        record = json.loads((root / _RECORD).read_text())
    except FileNotFoundError:
        raise NoFleet(f"no fleet in {root}", hint="deploy-tasks fleet up 3") from None
    except (OSError, ValueError) as error:
        raise FleetError(f"no fleet in {root}: {error}") from None
    if not isinstance(record, dict) or not isinstance(record.get("hosts"), list):
        raise FleetError(f"{root / _RECORD} is not the record of a fleet")
    return record
