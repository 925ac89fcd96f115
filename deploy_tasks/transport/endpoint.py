"""Where one host is and how to get in: all that the transport knows of an inventory host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from deploy_tasks.secret import Secret


class InventoryHost(Protocol):
    """What is asked of a host of the inventory (`plan.hosts.Host`)."""

    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def user(self) -> str | None: ...
    @property
    def key_file(self) -> str | None: ...
    @property
    def password(self) -> Secret | None: ...
    @property
    def connection(self) -> Literal["ssh", "local"]: ...
    @property
    def become(self) -> bool: ...
    @property
    def host_key(self) -> str | None: ...
    @property
    def state_dir(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One host. `host_key` (`ssh-ed25519 AAAA…`) beats every known_hosts file; `state_dir` None means the default."""

    name: str
    address: str
    port: int = 22
    user: str | None = None
    key_file: str | None = None
    password: Secret | None = None
    connection: Literal["ssh", "local"] = "ssh"
    become: bool = False
    host_key: str | None = None
    state_dir: str | None = None

    @classmethod
    def of(cls, host: InventoryHost) -> Endpoint:
        """The endpoint of an inventory host."""
        return cls(
            name=host.name,
            address=host.address,
            port=host.port,
            user=host.user,
            key_file=host.key_file,
            password=host.password,
            connection=host.connection,
            become=host.become,
            host_key=host.host_key,
            state_dir=host.state_dir,
        )

    @property
    def known_as(self) -> str:
        """Its name in known_hosts files."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"
