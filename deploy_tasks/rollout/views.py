"""What is read from the ledger, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy_tasks.outcome import DeploymentStatus, HostOutcome, HostState
from deploy_tasks.rollout.record import Record


@dataclass(frozen=True, slots=True)
class HostRow:
    """Where one host is: state, the attempt that counts, its batch, and the worker that has it (or none)."""

    state: HostState
    attempt: int
    batch: int
    owner: str | None

    @classmethod
    def parse(cls, raw: str) -> HostRow:
        """From the ledger's form `state attempt batch owner`."""
        state, attempt, batch, owner = raw.split(" ", 3)
        return cls(HostState(state), int(attempt), int(batch), None if owner == "-" else owner)


@dataclass(frozen=True, slots=True)
class Grant:
    """A host given to a worker. `stop` says why nothing must be started; times are seconds."""

    deployment: str
    host: str
    attempt: int
    owner: str
    phase: str
    sequence: int
    before: HostState
    stop: str
    remaining_s: float
    batch: int = 0


@dataclass(frozen=True, slots=True)
class NotGranted:
    """Why a worker does not get a host: done, held, superseded, refused or unknown; and where the host is."""

    why: str
    state: HostState | None
    attempt: int


@dataclass(frozen=True, slots=True)
class Head:
    """The changing part of a deployment. Times are milliseconds of Redis's clock."""

    record: Record
    status: DeploymentStatus
    fields: Mapping[str, str] = field(repr=False)

    @property
    def cancel(self) -> str | None:
        """Why it was asked to stop."""
        return self.fields.get("cancel")

    @property
    def reason(self) -> str | None:
        """Why it ended as it did."""
        return self.fields.get("reason")

    @property
    def deadline_ms(self) -> int:
        """When it is ended by force."""
        return int(self.fields["deadline"])

    def time_ms(self, name: str) -> int | None:
        """One of created, compiled, pushed, concluded, ended."""
        value = self.fields.get(name)
        return int(value) if value else None

    def batch_state(self, number: int) -> str:
        """pending, running, passed or stopped."""
        return self.fields.get(f"b:{number}:state", "pending")

    def artifact(self, triple: str) -> dict[str, Any] | None:
        """The artifact compiled for a platform, once it is."""
        text = self.fields.get(f"a:{triple}")
        return json.loads(text) if text else None

    @property
    def compiled(self) -> bool:
        """Whether every platform has its artifact."""
        return all(f"a:{triple}" in self.fields for triple in self.record.triples)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the ledger knows of a deployment at one moment."""

    head: Head
    rows: Mapping[str, HostRow]
    outcomes: Mapping[str, HostOutcome]
    now_ms: int

    @property
    def states(self) -> dict[str, HostState]:
        """Host to state."""
        return {host: row.state for host, row in self.rows.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `kind` is deployment, host or task; `at` is in seconds since 1970."""

    kind: str
    at: float
    host: str | None
    data: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        host = {} if self.host is None else {"host": self.host}
        return {"kind": self.kind, "at": self.at, **host, **self.data}
