"""How a worker connects: the settings of the transport in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy_tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class ConnectOptions:
    """Times are seconds. `handshakes` bounds how many key exchanges run at once in this process (None: the cores)."""

    known_hosts: Path
    key_file: Path | None = None
    use_agent: bool = True
    connect_timeout_s: float = 10.0
    auth_timeout_s: float = 30.0
    channel_timeout_s: float = 10.0
    silence_s: float = 20.0
    keepalive_s: int = 15
    handshakes: int | None = None
    most_idle: int = 256
    idle_s: float = 300.0

    @classmethod
    def of(cls, settings: Settings) -> ConnectOptions:
        """As the settings say."""
        return cls(
            known_hosts=settings.known_hosts or Path.home() / ".ssh" / "known_hosts",
            key_file=settings.key_file,
            use_agent=settings.use_agent,
            connect_timeout_s=settings.connect_timeout_s,
            silence_s=settings.silence_s,
            most_idle=settings.warm_connections,
            idle_s=settings.warm_s,
        )
