"""Losing the packets of one host, as a broken network does: nothing answers, nothing is refused."""

from __future__ import annotations

import shutil
import subprocess

from deploy_tasks.fleet.errors import FleetError, FleetUnavailable


def _rules(address: str, port: int) -> list[list[str]]:
    return [
        ["INPUT", "-p", "tcp", "-d", address, "--dport", str(port), "-j", "DROP"],
        ["INPUT", "-p", "tcp", "-s", address, "--sport", str(port), "-j", "DROP"],
    ]


def _iptables(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("iptables", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if tool is None:
        raise FleetUnavailable("packets cannot be dropped: no iptables", hint="apt-get install iptables")
    return subprocess.run([tool, "-w", *arguments], capture_output=True, text=True, check=False)


def drop(address: str, port: int) -> None:
    """Drop every packet to and from this address and port. Raises FleetError when the kernel refuses."""
    for rule in _rules(address, port):
        done = _iptables("-I", *rule)
        if done.returncode != 0:
            raise FleetError(f"packets of {address} cannot be dropped: {done.stderr.strip()}")


def restore(address: str, port: int) -> None:
    """Let the packets through again; nothing happens when none were dropped."""
    for rule in _rules(address, port):
        while _iptables("-D", *rule).returncode == 0:
            pass
