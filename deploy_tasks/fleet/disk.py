"""The disk of a host before it starts: what differs from this machine's root, or a plain folder without root rights."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from deploy_tasks.fleet import layout
from deploy_tasks.fleet.keys import KeyPair
from deploy_tasks.fleet.layout import STATE_DIR, Seat

SSHD = "/usr/sbin/sshd"
_SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server")
# Folders a fresh host does not inherit from this machine: homes with slow shell start-up files, other people's state.
_FRESH = {"root": 0o700, "tmp": 0o1777, "var/lib/deploy-tasks": 0o700}


@dataclass(frozen=True, slots=True)
class Disk:
    """The folder `path` holds everything of one host: `upper`, `work` and `root` of its overlay, or its plain files."""

    path: Path
    isolated: bool

    @property
    def upper(self) -> Path:
        """What the host's own files are written under before it starts."""
        return self.path / "upper"

    @property
    def log(self) -> Path:
        """What its sshd wrote."""
        return self.path / "sshd.log"

    @property
    def argv(self) -> list[str]:
        """The command line of its sshd."""
        return [SSHD, "-D", "-e", "-f", self._inside("etc/ssh/sshd_config")]

    @property
    def state_dir(self) -> str | None:
        """The runner's folder when the host shares this machine's root; None when the default serves."""
        return None if self.isolated else str(self.upper / STATE_DIR.lstrip("/"))

    def _inside(self, name: str) -> str:
        return f"/{name}" if self.isolated else str(self.upper / name)

    def prepare(self, seat: Seat, host_key: KeyPair, client_key: str, extra: str = "") -> None:
        """Write the host's files; `client_key` is the public key that may log in."""
        old_mask = os.umask(0o022)
        try:
            for name in ("upper", "work", "root"):
                (self.path / name).mkdir(parents=True)
            for name in ("etc/ssh", "run/sshd", "root/.ssh", *_FRESH):
                (self.upper / name).mkdir(parents=True, exist_ok=True)
            for name, mode in _FRESH.items():
                self._make_fresh(self.upper / name, mode)
            self._write("etc/hostname", f"{seat.name}\n", 0o644)
            self._write("etc/hosts", f"127.0.0.1 localhost\n{seat.address} {seat.name}\n", 0o644)
            self._write("root/.ssh/authorized_keys", f"{client_key}\n", 0o600)
            self._write("etc/ssh/sshd_config", self._config(seat, extra), 0o644)
            self.write_key(host_key)
            if not self.isolated and os.geteuid() == 0:
                Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd started by root insists on it
        finally:
            os.umask(old_mask)

    def write_key(self, key: KeyPair) -> None:
        """Give the host this key, from its next start on."""
        key.write(self.upper / "etc/ssh/ssh_host_ed25519_key")

    def _config(self, seat: Seat, extra: str) -> str:
        return layout.sshd_config(
            seat,
            key_file=self._inside("etc/ssh/ssh_host_ed25519_key"),
            authorized_keys=".ssh/authorized_keys" if self.isolated else str(self.upper / "root/.ssh/authorized_keys"),
            sftp_server=next((path for path in _SFTP_SERVERS if Path(path).exists()), "internal-sftp"),
            extra=extra if self.isolated else f"{extra}\nStrictModes no",
        )

    def _write(self, name: str, text: str, mode: int) -> None:
        path = self.upper / name
        path.write_text(text)
        path.chmod(mode)

    def _make_fresh(self, folder: Path, mode: int) -> None:
        folder.chmod(mode)
        if self.isolated:
            os.setxattr(folder, "trusted.overlay.opaque", b"y")
