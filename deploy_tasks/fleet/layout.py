"""Where a fleet's files lie and what they say: pure functions of names, addresses and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PER_SUBNET = 250
PORT = 2222
STATE_DIR = "/var/lib/deploy-tasks"
PIDS, DROPPED = "pids", "dropped"


@dataclass(frozen=True, slots=True)
class Seat:
    """One host as it is written down: its name, address, port, login and public key (`ssh-ed25519 AAAA…`)."""

    name: str
    address: str
    port: int
    user: str
    key: str

    def to_json(self) -> dict[str, str | int]:
        """As a JSON object."""
        return asdict(self)


def names(count: int, prefix: str) -> list[str]:
    """`web-001`, `web-002`, … as wide as the count needs, at least three digits."""
    width = max(3, len(str(count)))
    return [f"{prefix}-{number:0{width}d}" for number in range(1, count + 1)]


def subnets(count: int) -> int:
    """How many numbers `x` of 127.77.x.y so many hosts take."""
    return -(-count // PER_SUBNET)


def addresses(count: int, subnet: int) -> list[str]:
    """127.77.SUBNET.1 and so on, going over to the next subnet after 250 hosts."""
    return [f"127.77.{subnet + index // PER_SUBNET}.{index % PER_SUBNET + 1}" for index in range(count)]


def sshd_config(seat: Seat, *, key_file: str, authorized_keys: str, sftp_server: str, extra: str = "") -> str:
    """A server as a distribution ships it (MaxStartups, MaxSessions and the external sftp-server are the defaults),
    on its own address with its own key. Lines of `extra` come first, and so win."""
    return f"""{extra}
Port {seat.port}
ListenAddress {seat.address}
HostKey {key_file}
AuthorizedKeysFile {authorized_keys}
PidFile none
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
LogLevel VERBOSE
Subsystem sftp {sftp_server}
"""


def inventory(seats: Sequence[Seat], key_file: Path, state_dirs: dict[str, str]) -> str:
    """The inventory file. `state_dirs` names the runner's folder of hosts that share this machine's root."""
    lines = ["# Written by the local fleet: real SSH servers on this machine.", "[web]"]
    for seat in seats:
        line = (
            f"{seat.name} ansible_host={seat.address} ansible_port={seat.port} ansible_user={seat.user} "
            f'deploy_tasks_host_key="{seat.key}"'
        )
        state_dir = state_dirs.get(seat.name)
        lines.append(f"{line} deploy_tasks_state_dir={state_dir}" if state_dir else line)
    lines += ["", "[all:vars]", f"ansible_ssh_private_key_file={key_file}", ""]
    return "\n".join(lines)


def known_hosts(seats: Sequence[Seat]) -> str:
    """The known_hosts file of the fleet."""
    return "".join(f"[{seat.address}]:{seat.port} {seat.key}\n" for seat in seats)
