"""Every fact of a host, gathered by Ansible and by deploy-tasks one after the other: they agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.fleet import Host
from tests.support.fleet import MakeFleet
from tests.twin import ours
from tests.twin.twins import Twins

pytestmark = pytest.mark.fleet

_PLAYBOOK = """\
- hosts: web
  tasks:
    - name: What is known
      copy:
        content: "{{ ansible_facts | to_json }}"
        dest: /srv/{{ side }}.json
"""
#: Two gatherings on a slow machine lie this far apart at most.
_APART_S = 600


def test_every_fact_agrees(twins: Twins, make_fleet: MakeFleet, tmp_path: Path) -> None:
    (host,) = make_fleet(1).hosts.values()
    host.run((Path(__file__).parent / "facts_host.sh").read_text())
    theirs, mine = gathered(twins, host, tmp_path)
    assert len(theirs) > 100
    told = [*only(theirs, mine), *(line for name in mine if name in theirs for line in differs(name, theirs, mine))]
    assert not told, "\n".join(told)


def gathered(twins: Twins, host: Host, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Ansible knows of the host, and what we do."""
    fleet_key = host.fleet_root / "id_ed25519"
    (folder / "site.yml").write_text(_PLAYBOOK)
    (folder / "hosts.ini").write_text(
        f"[web]\nweb ansible_host={host.address} ansible_port={host.port} ansible_user=root "
        f'deploy_tasks_host_key="{host.seat.key}" ansible_ssh_private_key_file={fleet_key} '
        "ansible_python_interpreter=/usr/bin/python3\n"
    )
    with twins.theirs.fleet.known_hosts_path.open("a") as known:
        known.write(f"[{host.address}]:{host.port} {host.seat.key}\n")
    twins.ansible.begin(folder, ["-i", "hosts.ini", "site.yml", "-e", "side=theirs"], {})
    wanted = twins.ansible.finish()
    assert wanted.recap["web"]["changed"] == 1, wanted.log
    got = ours.deployed(twins.producer, folder, ["-e", "side=ours"])
    assert got.recap.get("web", {}).get("changed") == 1, got.refused or got.log
    theirs, mine = (json.loads(host.path(f"/srv/{side}.json").read_text()) for side in ("theirs", "ours"))
    return theirs, mine


#: What Ansible keeps among the facts for itself.
_THEIR_OWN = {"_ansible_facts_gathered"}
#: What only Ansible tells: the runner has nothing that looks at disks.
_NOT_OURS = {"devices", "device_links", "lvm"}


def only(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    """Facts that one of the two does not give."""
    return [
        *(
            f"{name}: only Ansible gives it: {theirs[name]}"
            for name in theirs.keys() - mine.keys() - _THEIR_OWN - _NOT_OURS
        ),
        *(f"{name}: only deploy-tasks gives it: {mine[name]}" for name in mine.keys() - theirs.keys()),
    ]


def differs(name: str, theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    """What the two say of one fact, when it is not the same."""
    wanted, got = theirs[name], mine[name]
    if name in _MOVING:
        return [] if _MOVING[name](wanted, got) else [f"{name}: {got}, with Ansible {wanted}"]
    if name in _UNORDERED:
        wanted, got = (sorted(each, key=_UNORDERED[name]) for each in (wanted, got))
    return list(within(name, wanted, got))


def within(where: str, wanted: Any, got: Any) -> list[str]:
    """The innermost places that differ, so that a failure can be read."""
    if isinstance(wanted, dict) and isinstance(got, dict) and wanted.keys() == got.keys():
        return [line for key in wanted for line in within(f"{where}.{key}", wanted[key], got[key])]
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        pairs = zip(wanted, got, strict=True)
        return [line for at, (one, other) in enumerate(pairs) for line in within(f"{where}[{at}]", one, other)]
    same = type(wanted) is type(got) and wanted == got
    return [] if same else [f"{where}: {got!r}, with Ansible {wanted!r}"]


def _near(room: float) -> Callable[[Any, Any], bool]:
    return lambda wanted, got: type(wanted) is type(got) and abs(wanted - got) <= room


def _clock(wanted: dict[str, str], got: dict[str, str]) -> bool:
    """Of the clock, the zone and the form of each part stay; epoch says that both mean the same time."""
    zone = all(wanted[name] == got[name] for name in ("tz", "tz_dst", "tz_offset"))
    forms = [{name: "".join("0" if c.isdigit() else c for c in text) for name, text in each.items()}
             for each in (wanted, got)]  # fmt: skip
    for form in forms:
        assert form.pop("weekday").endswith("day")
    apart = abs(int(wanted["epoch"]) - int(got["epoch"]))
    return zone and forms[0] == forms[1] and apart <= _APART_S and got["epoch"] == got["epoch_int"]


def _memory(wanted: dict[str, dict[str, int]], got: dict[str, dict[str, int]]) -> bool:
    """What there is stays; what is free moves, but free and used of each kind make up the same whole."""

    def steady(memory: dict[str, dict[str, int]]) -> dict[str, Any]:
        whole = {kind: sizes["free"] + sizes["used"] for kind, sizes in memory.items()}
        return {"keys": {kind: set(sizes) for kind, sizes in memory.items()}, "whole": whole}

    return steady(wanted) == steady(got)


def _environment(wanted: dict[str, str], got: dict[str, str]) -> bool:
    """The port of the connection is another, and Python sets what Ansible's module then sees."""
    moving = {"SSH_CLIENT", "SSH_CONNECTION", "_", "LC_CTYPE"}
    for name in ("SSH_CLIENT", "SSH_CONNECTION"):
        assert len(wanted[name].split()) == len(got[name].split())
    return {k: v for k, v in wanted.items() if k not in moving} == {k: v for k, v in got.items() if k not in moving}


def _mounts(wanted: list[dict[str, Any]], got: list[dict[str, Any]]) -> bool:
    """Others write to the machine's disk meanwhile: what is left of it moves. Ansible lists who answers first."""
    moving = {"size_available", "block_available", "block_used", "inode_available", "inode_used"}

    def steady(mounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        told = [{k: type(v) if k in moving else v for k, v in mount.items()} for mount in mounts]
        return sorted(told, key=lambda mount: str(mount["mount"]))

    whole = all(m["block_available"] + m["block_used"] == m["block_total"] for m in got)
    return whole and steady(wanted) == steady(got)


#: What moves between two gatherings by its nature, and what must hold nevertheless.
_MOVING: dict[str, Callable[[Any, Any], bool]] = {
    "date_time": _clock,
    "uptime_seconds": _near(_APART_S),
    "loadavg": lambda wanted, got: wanted.keys() == got.keys() and all(type(got[key]) is float for key in got),
    "memfree_mb": lambda wanted, got: type(wanted) is type(got) and got > 0,
    "swapfree_mb": lambda wanted, got: type(wanted) is type(got) and got >= 0,
    "memory_mb": _memory,
    "env": _environment,
    "mounts": _mounts,
}
#: Lists that are sets: Ansible gives them in the order of the folder or of Python's sets.
_UNORDERED: dict[str, Callable[[Any], Any]] = {
    "interfaces": str,
    "all_ipv4_addresses": str,
    "all_ipv6_addresses": str,
    "virtualization_tech_guest": str,
    "virtualization_tech_host": str,
}
