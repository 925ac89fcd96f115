"""Processes named for good: a pid alone may be somebody else's tomorrow, a pid with its start time may not."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy_tasks.fleet.launch import start_time


@dataclass(frozen=True, slots=True)
class Process:
    """A process by pid and start time (clock ticks since boot)."""

    pid: int
    started: str

    def open(self) -> int | None:
        """A pidfd of exactly this process, or None when it is gone. The caller closes it."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return None
        if self._is_same():
            return handle
        os.close(handle)
        return None

    def alive(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        handle = self.open()
        if handle is None:
            return False
        try:
            return not select.select([handle], [], [], 0)[0]
        finally:
            os.close(handle)

    def _is_same(self) -> bool:
        try:
            return start_time(self.pid) == self.started
        except (OSError, IndexError):
            return False


def end(processes: Iterable[Process], timeout_s: float = 10.0) -> list[Process]:
    """Kill these processes and wait until they are gone; returns those that did not end in time."""
    open_handles = {handle: process for process in processes if (handle := process.open()) is not None}
    deadline = time.monotonic() + timeout_s
    poll = select.poll()
    for handle in open_handles:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        poll.register(handle, select.POLLIN)
    try:
        waiting = dict(open_handles)
        while waiting and (left := deadline - time.monotonic()) > 0:
            for handle, _ in poll.poll(left * 1000):
                poll.unregister(handle)
                del waiting[handle]
        return list(waiting.values())
    finally:
        for handle in open_handles:
            os.close(handle)


def family(processes: Iterable[Process]) -> list[Process]:
    """These processes with their descendants, parents first."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and (parent := _parent(int(entry.name))):
            children.setdefault(parent, []).append(int(entry.name))
    found = [process for process in processes if process.alive()]
    for process in found:
        found.extend(child for pid in children.get(process.pid, ()) if (child := _named(pid)) is not None)
    return found


def read_pids(path: Path) -> dict[str, Process]:
    """The last process recorded for every host name in the launcher's file."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    fields = [line.split() for line in lines]
    return {name: Process(int(pid), started) for name, pid, started in (line for line in fields if len(line) == 3)}


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _named(pid: int) -> Process | None:
    try:
        return Process(pid, start_time(pid))
    except (OSError, IndexError):
        return None


def listening() -> set[tuple[str, int]]:
    """Every IPv4 address and port something listens on, from the kernel's table: nothing is connected to."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        if state == "0A":
            address, port = local.split(":")
            found.add((".".join(str(byte) for byte in reversed(bytes.fromhex(address))), int(port, 16)))
    return found
