"""Tasks whose effects can be counted, stopped in the middle, and broken on one host."""

from __future__ import annotations

from typing import Any

from tests.faults.support.truth import AT_GATE, BUSY, EFFECTS, GATE, OVERLAPS, VERIFIED, VERSION
from tests.support.workers import plan, shell

__all__ = ["count", "fail_on", "gate", "plan", "release", "shell", "slow", "verify"]


def count() -> dict[str, Any]:
    """Leaves one line each time it is done; only a host that was changed exactly once has exactly one."""
    return shell(f"echo changed >> {EFFECTS}")


def gate() -> dict[str, Any]:
    """Says that it is here and waits for the test to go on."""
    return shell(f"touch {AT_GATE}; while [ ! -e {GATE} ]; do sleep 0.05; done")


def slow(seconds: float) -> dict[str, Any]:
    """Takes a while, and notes when another copy does the same at that time: then `mkdir` fails."""
    note = f"mkdir {BUSY} 2>/dev/null || echo together >> {OVERLAPS}"
    return shell(f"{note}; sleep {seconds}; rmdir {BUSY}; date +%s.%N >> {EFFECTS}")


def verify(command: str = "true") -> dict[str, Any]:
    """A check of the deployment that counts how often it is done."""
    return shell(f"date +%s.%N >> {VERIFIED}; {command}", tags=["verify"])


def release(version: str) -> dict[str, Any]:
    """What can be read on the host afterwards."""
    return {"module": "copy", "args": {"content": f"{version}\n", "dest": VERSION}}


def fail_on(*hosts: str) -> dict[str, Any]:
    """Fails on these hosts."""
    return shell(f"case {{{{ inventory_hostname }}}} in {'|'.join(hosts)}) exit 1;; esac")
