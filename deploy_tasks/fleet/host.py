"""One running host of a local fleet, and what a test may do to it from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_tasks.fleet import network
from deploy_tasks.fleet.disk import Disk
from deploy_tasks.fleet.errors import FleetError
from deploy_tasks.fleet.keys import make_key
from deploy_tasks.fleet.layout import DROPPED, PIDS, STATE_DIR, Seat
from deploy_tasks.fleet.process import Process, end, family, read_pids


@dataclass(frozen=True)
class Host:
    """A host by its `seat` (name, address, port, user, key at creation) and `disk`; `launch` starts hosts again."""

    seat: Seat
    disk: Disk
    fleet_root: Path
    launch: Callable[[Sequence[Host]], None]

    @property
    def name(self) -> str:
        """Its name in the inventory."""
        return self.seat.name

    @property
    def address(self) -> str:
        """The address it listens on."""
        return self.seat.address

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.seat.port

    @property
    def process(self) -> Process | None:
        """Its sshd, as last started."""
        return read_pids(self.fleet_root / PIDS).get(self.name)

    @property
    def alive(self) -> bool:
        """Whether its sshd runs."""
        process = self.process
        return process is not None and process.alive()

    @property
    def root(self) -> Path:
        """The host's root folder as seen from this machine. Absolute symbolic links on the way lead out of it."""
        return Path(f"/proc/{self._running().pid}/root") if self.disk.isolated else self.disk.upper

    def path(self, path: str) -> Path:
        """A path of the host (absolute there) as seen from here."""
        return self.root / path.lstrip("/")

    @property
    def state_dir(self) -> Path:
        """The runner's folder on the host as seen from here."""
        return self.path(STATE_DIR)

    @property
    def log(self) -> str:
        """What its sshd wrote so far."""
        return self.disk.log.read_text(errors="replace") if self.disk.log.exists() else ""

    def run(
        self, command: str | Sequence[str], *, check: bool = True, timeout_s: float = 30.0, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the host without SSH; a text is given to `sh -c`. Raises FleetError when it fails and
        `check` is true."""
        inner = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        enter = ["nsenter", "-t", str(self._running().pid), "-m", "-p", "-u", "-i", "--wd=/"]
        argv = [*enter, *inner] if self.disk.isolated else inner
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout_s, input=stdin)
        if check and done.returncode != 0:
            raise FleetError(f"{self.name}: {inner} ended with {done.returncode}: {done.stderr.strip()}")
        return done

    def pids(self) -> list[int]:
        """The pids, as seen from here, of all that runs on the host. Empty without isolation."""
        if not self.disk.isolated:
            return []
        namespace = os.readlink(f"/proc/{self._running().pid}/ns/pid")
        found = []
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if os.readlink(f"/proc/{entry.name}/ns/pid") == namespace:
                        found.append(int(entry.name))
        return found

    def stop(self) -> None:
        """Pull the plug: everything on the host ends at once, its disk stays. Mounts made later are gone."""
        process = self.process
        if process is not None and end(family([process])):
            raise FleetError(f"{self.name}: pid {process.pid} does not end")

    def start(self) -> None:
        """Start it again on the same disk."""
        self.launch([self])

    def freeze(self) -> None:
        """Stop every process on the host; its kernel still answers TCP."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the processes go on."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def replace_key(self) -> str:
        """Become an impostor: same address, same authorised keys, another host key. Returns its public key."""
        key = make_key()
        self.stop()
        self.disk.write_key(key)
        self.start()
        return key.public

    def drop_packets(self) -> None:
        """Lose every packet to and from the host."""
        (self.fleet_root / DROPPED).touch()
        network.drop(self.address, self.port)

    def restore_packets(self) -> None:
        """Let its packets through again."""
        network.restore(self.address, self.port)

    def mount_tmpfs(self, path: str, options: str) -> None:
        """Put a small or hardened file system at `path` there, for example `size=2m,nr_inodes=20,noexec`."""
        self.run(["mkdir", "-p", path])
        self.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path])

    def add_user(self, name: str, *, sudo: bool = False) -> None:
        """An account that the fleet's key may log in to; with `sudo` it needs no password to become root."""
        self.run(["useradd", "-m", "-p", "*", "-s", "/bin/sh", name])
        self.run(f"cp -r /root/.ssh /home/{name}/.ssh && chown -R {name}: /home/{name}/.ssh")
        if sudo:
            write = f"mkdir -p /etc/sudoers.d && umask 227 && cat > /etc/sudoers.d/{name}"
            self.run(write, stdin=f"{name} ALL=(ALL) NOPASSWD: ALL\n")

    def _running(self) -> Process:
        process = self.process
        if process is None or not process.alive():
            raise FleetError(f"{self.name} does not run")
        return process
