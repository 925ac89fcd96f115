"""What is true on a host, read from its disk and its processes, whatever anybody reports."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from deploy_tasks.fleet import Host
from deploy_tasks.fleet.layout import STATE_DIR as STATE_DIR

EFFECTS, VERIFIED, OVERLAPS, BUSY, AT_GATE, GATE = (
    f"/var/{name}" for name in ("effects", "verified", "overlaps", "busy", "at-gate", "gate")
)
VERSION = "/etc/app-version"


def lines(host: Host, path: str) -> list[str]:
    """The lines of a file there; none when there is no file."""
    try:
        return host.path(path).read_text().splitlines()
    except FileNotFoundError:
        return []


def effects(hosts: Iterable[Host]) -> dict[str, list[str]]:
    """What each host wrote down when it was changed."""
    return {host.name: lines(host, EFFECTS) for host in hosts}


def version(host: Host) -> str | None:
    """The version that the host's disk holds; readable of a stopped host too."""
    place = host.path(VERSION) if host.alive else host.disk.upper / VERSION.lstrip("/")
    return place.read_text().strip() if place.exists() else None


def runners(host: Host) -> list[str]:
    """Command lines of our own processes there: what runs from the state folder, and shells that install it."""
    return [
        command
        for _, executable, command in _processes(host)
        if "/deploy-tasks/" in executable or "need_runner" in command
    ]


def sessions(host: Host) -> list[str]:
    """The SSH connections that are open to the host.

    A connection that starts a command is two processes of one name until the new one has become the command.
    """
    found = {pid: command for pid, _, command in _processes(host) if "@notty" in command}
    parents = {pid: _parent(pid) for pid in found}
    return [
        command
        for pid, command in found.items()
        if command.startswith("sshd:") and parents[pid] is not None and parents[pid] not in found
    ]


def _processes(host: Host) -> Iterator[tuple[int, str, str]]:
    """Number, executable and command line of all that runs there."""
    for pid in host.pids():
        with contextlib.suppress(OSError):  # it has ended
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield pid, os.readlink(f"/proc/{pid}/exe"), command


def _parent(pid: int) -> int | None:
    """The process that started this one; none when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def leftovers(host: Host) -> list[str]:
    """Unfinished files in the state folder, and our processes: nothing of that may stay."""
    unfinished = [str(path) for path in host.state_dir.rglob(".*")]
    return unfinished + runners(host)


def reports(host: Host) -> dict[str, dict[str, Any]]:
    """The reports of ended deployments that the host keeps, by deployment."""
    return {path.parent.name: json.loads(path.read_text()) for path in host.state_dir.glob("deployments/*/report.json")}


def open_gates(hosts: Iterable[Host]) -> None:
    """Let `plans.gate` go on."""
    for host in hosts:
        host.path(GATE).touch()


def at_gate(hosts: Iterable[Host]) -> list[str]:
    """The hosts that came as far as `plans.gate`."""
    return [host.name for host in hosts if host.path(AT_GATE).exists()]
