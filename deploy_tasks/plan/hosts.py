"""Hosts and groups as every inventory form becomes them. Loading is in `inventory.py`, patterns in `patterns.py`."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from deploy_tasks.plan import patterns as host_patterns
from deploy_tasks.plan.layers import Layers, Source
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
    made: dict[str, tuple[str, ...]] = Field({}, description="groups hosts are put into as a plan runs: who may join")
    unforeseen: dict[str, tuple[str, ...]] = Field({}, description="groups of plays: the hosts that must not join")
    added: dict[str, int] = Field({}, description="hosts that only add_host names: the first play that may add them")
    below: tuple[tuple[str, str], ...] = Field((), description="groups that a plan puts below others, shell patterns")
    layers: Layers | None = Field(None, description="what variables are merged from, where joining a group matters")
    _source: Source = PrivateAttr(default_factory=Source)

    @property
    def source(self) -> Source:
        """Where its layers come from."""
        return self._source

    def read_from(self, source: Source) -> Inventory:
        """The same, of that source."""
        found = self.model_copy()
        found._source = source
        return found

    def variables(self) -> Iterator[Mapping[str, Any]]:
        """The variables that its hosts have, and those they may come to have."""
        yield from (host.vars for host in self.hosts.values())
        yield from self.layers.variables() if self.layers else ()

    def select(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """Names of the hosts that Ansible host patterns select, in inventory order; no pattern selects all.

        Groups that hosts are put into while a plan runs stand for all that may be in them, and take away only those
        that surely are. Raises `InventoryError` for a pattern that is malformed or that names no host and no group.
        """
        if not self.made:
            return host_patterns.select(patterns, list(self.hosts), self.groups)
        possible = {**self.groups, **{name: self._with(name, joining) for name, joining in self.made.items()}}
        leaving = {host for joining in self.made.values() for host in joining}
        alone = tuple(name for name in self.groups.get("ungrouped", ()) if name not in leaving)
        sure = {**dict.fromkeys(self.made, ()), **self.groups, **({"ungrouped": alone} if leaving else {})}
        return host_patterns.select(patterns, list(self.hosts), possible, sure)

    def puts_below(self, group: str, parent: str) -> bool:
        """Whether the plan may put a group below another."""
        fits = fnmatch.fnmatchcase
        return parent == "all" or any(fits(group, child) and fits(parent, above) for child, above in self.below)

    def of_play(self, number: int, patterns: Sequence[str]) -> tuple[str, ...]:
        """The hosts that the patterns of a play select, its number in the plan given: of those that are added while the
        plan runs the ones that may have been before it. Raises `InventoryError` as `select` does."""
        return tuple(name for name in self.select(patterns) if name not in self.added or self.added[name] < number)

    def _with(self, group: str, joining: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.groups.get(group, ()), *joining]))

    def subset(self, names: Sequence[str]) -> Inventory:
        """The same inventory with only these hosts."""
        wanted = set(names)
        found = Inventory(
            hosts={name: host for name, host in self.hosts.items() if name in wanted},
            groups={
                group: tuple(member for member in members if member in wanted) for group, members in self.groups.items()
            },
            secrets=self.secrets,
            file=self.file,
            folder=self.folder,
            made={group: tuple(name for name in members if name in wanted) for group, members in self.made.items()},
            unforeseen=self.unforeseen,
            below=self.below,
            added={name: number for name, number in self.added.items() if name in wanted},
            layers=self.layers.subset(names) if self.layers else None,
        )
        return found.read_from(self._source)
