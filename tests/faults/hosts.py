"""What the fault tests do to hosts and read from processes: stop, watch, count."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_tasks.fleet import Host
from deploy_tasks.producer import Handle, Request, prepare
from deploy_tasks.rollout.record import Options
from tests.faults.support.site import FaultSite
from tests.support.workers import WorkerProcess, plan


def deploy_files(
    site: FaultSite, folder: Path, *tasks: dict[str, Any], limit: str | None = None, **more: Any
) -> Handle:
    """Deploy these tasks; the files they name lie in the folder. `inventory`, `extra_vars`, `serial` may be given."""
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / "plan.json"
    document.write_text(json.dumps(plan(*tasks)))
    inventory = more.pop("inventory", site.fleet.inventory_path)
    asked = {name: more.pop(name) for name in ("extra_vars", "serial") if name in more}
    request = Request(document, inventory, limit=limit, options=Options(**more), **asked)
    return site.site.producer.submit(prepare(request))


def noise(path: Path, size: int) -> Path:
    """A file that no compression makes smaller."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


def copy(src: str, dest: str, **more: Any) -> dict[str, Any]:
    """A task that brings an embedded file to the host."""
    return {"module": "copy", "args": {"src": src, "dest": dest, **more}}


def stop_server(host: Host) -> None:
    """SIGSTOP its SSH server with all sessions: TCP still answers, and all else on the host goes on."""
    for pid in host.pids():
        if _name(pid).startswith("sshd"):
            os.kill(pid, signal.SIGSTOP)


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def arriving(host: Host) -> list[Path]:
    """Files that are being written into the host's state folder at this moment."""
    return [path for path in host.state_dir.glob("*/.*") if path.is_file()]


class Watch(threading.Thread):
    """Looks at something without a pause and acts as soon as it is so; `done` is set then."""

    def __init__(self, holds: Callable[[], object], act: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._holds = holds
        self._act = act
        self._over = threading.Event()
        self.done = threading.Event()

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join(10)

    def run(self) -> None:
        """Until it was so, or nobody wants to know any more."""
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                if self._holds():
                    self._act()
                    self.done.set()
                    return
            time.sleep(0.001)


def threads_and_descriptors(workers: Iterable[WorkerProcess]) -> tuple[int, int]:
    """How many threads and open descriptors these workers have together, their pool processes included."""
    pids = [pid for worker in workers for pid in family(worker.pid)]
    return sum(_entries(pid, "task") for pid in pids), sum(_entries(pid, "fd") for pid in pids)


def family(pid: int) -> list[int]:
    """The process and what descends from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def _entries(pid: int, what: str) -> int:
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/{what}"))
    return 0


@dataclass(frozen=True)
class Service:
    """A program that runs on a host, and what its file was when it was started."""

    host: Host
    path: str
    pid: int
    digest: str

    @classmethod
    def start(cls, host: Host, path: str, *arguments: str) -> Service:
        """Start it as a daemon."""
        before = set(host.pids())
        host.run(f"setsid {path} {' '.join(arguments)} </dev/null >/dev/null 2>&1 &")
        end = time.monotonic() + 5
        while not (found := [pid for pid in host.pids() if pid not in before and _executable(pid) == path]):
            assert time.monotonic() < end, f"{path} does not start"
        return cls(host, path, found[0], _digest(host.path(path)))

    def check_untouched(self) -> None:
        """The same process runs the same file, and that is what lies under its name."""
        assert _executable(self.pid) == self.path
        assert _digest(self.host.path(self.path)) == self.digest


def _executable(pid: int) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/exe")
    return ""


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def commands(host: Host) -> dict[int, str]:
    """The command lines of all that runs on a host."""
    found = {}
    for pid in host.pids():
        with contextlib.suppress(OSError):
            found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def runner_pids(host: Host) -> list[int]:
    """The processes that run from the host's state folder."""
    return [pid for pid in host.pids() if _executable(pid).startswith("/var/lib/deploy-tasks/")]
