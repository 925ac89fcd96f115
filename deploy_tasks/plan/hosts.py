"""Hosts and groups as every inventory form becomes them. Loading is in `inventory.py`, patterns in `patterns.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from deploy_tasks.plan import patterns as host_patterns
from deploy_tasks.secret import Secret

# Variables that `inventory_for` sets when the plan's tasks ask for root, and when it names the user to log in as.
PLAN_BECOME = "deploy_tasks_become"
PLAN_USER = "deploy_tasks_user"
_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_MACHINES = {"amd64": "x86_64", "x64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}
_SYSTEMS = {"linux": "unknown-linux-musl", "darwin": "apple-darwin", "windows": "pc-windows-msvc"}


class Host(BaseModel):
    """One host: its name in the inventory and its variables, those of its groups merged in by Ansible's precedence.

    `repr` shows neither variables nor password.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    vars: dict[str, Any] = {}
    groups: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Host({self.name!r})"

    __str__ = __repr__

    @property
    def address(self) -> str:
        """Name or address to connect to."""
        return self._text("ansible_host", "ansible_ssh_host") or self.name

    @property
    def port(self) -> int:
        """TCP port of the SSH server; 22 unless the inventory says otherwise."""
        value = self._text("ansible_port", "ansible_ssh_port")
        return int(value) if value and value.isdecimal() else 22

    @property
    def user(self) -> str | None:
        """User to log in as: as the inventory says, else as the plan asks."""
        return self._text("ansible_user", "ansible_ssh_user", PLAN_USER)

    @property
    def key_file(self) -> str | None:
        """Private key file on the worker."""
        return self._text("ansible_ssh_private_key_file", "ansible_private_key_file")

    @property
    def password(self) -> Secret | None:
        """Login password."""
        value = self._text("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")
        return Secret(value) if value else None

    @property
    def connection(self) -> Literal["ssh", "local"]:
        """How to reach it. `localhost` without a connection of its own is local, as in Ansible."""
        value = self._text("ansible_connection")
        if value is None and self.name in ("localhost", "127.0.0.1", "::1") and "ansible_host" not in self.vars:
            return "local"
        return "local" if value == "local" else "ssh"

    @property
    def become(self) -> bool:
        """Whether to become root with sudo after login: as the inventory says, else as the plan asks."""
        value = self.vars.get("ansible_become", self.vars.get(PLAN_BECOME, False))
        return value if isinstance(value, bool) else str(value).strip().lower() in _TRUE

    @property
    def host_key(self) -> str | None:
        """Pinned host key, `ssh-ed25519 AAAA…`."""
        return self._text("deploy_tasks_host_key")

    @property
    def state_dir(self) -> str | None:
        """Folder on the host that we keep our state in; None: the runner's default."""
        return self._text("deploy_tasks_state_dir")

    @property
    def target(self) -> str | None:
        """Target triple where the inventory says it, also by `ansible_architecture` with `ansible_system`."""
        named = self._text("deploy_tasks_target", "target_triple")
        if named:
            return named
        machine = _MACHINES.get((self._text("ansible_architecture") or "").lower())
        system = _SYSTEMS.get((self._text("ansible_system") or "").lower())
        return f"{machine}-{system}" if machine and system else None

    def _text(self, *names: str) -> str | None:
        for name in names:
            value = self.vars.get(name)
            if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value) != "":
                return str(value)
        return None


class Inventory(BaseModel):
    """Hosts in document order, and the hosts of each group (those of child groups included).

    `secrets` are texts among the variables that were encrypted where they came from: nobody is shown them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    hosts: dict[str, Host] = {}
    groups: dict[str, tuple[str, ...]] = {}
    secrets: tuple[str, ...] = Field((), repr=False)
    file: str = Field("", description="what it was read from, absolute; empty for names given directly")
    folder: str = Field("", description="the folder of `file`, or itself when it is one")
    made: dict[str, tuple[str, ...]] = Field({}, description="groups made while a plan runs: the hosts that may join")

    def select(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """Names of the hosts that Ansible host patterns select, in inventory order; no pattern selects all.

        Groups that are made while a plan runs take nothing away here: who is in them is known then.
        Raises `InventoryError` for a pattern that is malformed or that names no host and no group.
        """
        if not self.made:
            return host_patterns.select(patterns, list(self.hosts), self.groups)
        known = [
            single for single in host_patterns.split(patterns) if single[:1] not in "!&" or single[1:] not in self.made
        ]
        return host_patterns.select(known, list(self.hosts), {**self.made, **self.groups})

    def subset(self, names: Sequence[str]) -> Inventory:
        """The same inventory with only these hosts."""
        wanted = set(names)
        return Inventory(
            hosts={name: host for name, host in self.hosts.items() if name in wanted},
            groups={
                group: tuple(member for member in members if member in wanted) for group, members in self.groups.items()
            },
            secrets=self.secrets,
            file=self.file,
            folder=self.folder,
            made={group: tuple(name for name in members if name in wanted) for group, members in self.made.items()},
        )
