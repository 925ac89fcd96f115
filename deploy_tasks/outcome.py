"""What happened: the states of hosts and deployments, and a host's outcome as a value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class HostState(StrEnum):
    """Where one host of a deployment is. Moves only forward; the edges are in `rollout/states.py`."""

    QUEUED = "queued"
    CONNECTING = "connecting"
    SENDING = "sending"
    RUNNING = "running"
    VERIFYING = "verifying"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    UNTOUCHED = "untouched"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    ROLLED_BACK = "rolled_back"
    UNDO_FAILED = "undo_failed"


class DeploymentStatus(StrEnum):
    """Where a deployment is."""

    QUEUED = "queued"
    RUNNING = "running"
    ROLLING_BACK = "rolling_back"
    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in _FINAL


_FINAL = frozenset(
    {DeploymentStatus.SUCCEEDED, DeploymentStatus.ROLLED_BACK, DeploymentStatus.FAILED, DeploymentStatus.CANCELLED}
)


class HostError(BaseModel):
    """Why a host is not where it should be: the phase, one sentence, the task if one failed, with its place in the plan
    and its file and line, and its last lines."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    phase: str
    message: str
    task: str | None = None
    module: str | None = None
    where: str | None = None
    line: str | None = None
    tail: tuple[str, ...] = ()
    hint: str | None = None


#: Items of each list of an undo that are kept.
_LISTED = 100


class Undo(BaseModel):
    """What taking a host back did: paths restored, paths left alone because someone else changed them, and what
    cannot be undone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    undone: tuple[str, ...] = ()
    conflicted: tuple[dict[str, Any], ...] = ()
    irreversible: tuple[dict[str, Any], ...] = ()
    counts: dict[str, int] = Field({}, description="how many of each there are; the lists hold at most 100")

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Undo:
        """From what a runner tells."""
        lists = {name: list(told.get(name) or ()) for name in ("undone", "conflicted", "irreversible")}
        return cls(
            undone=tuple(str(path) for path in lists["undone"][:_LISTED]),
            conflicted=tuple(item for item in lists["conflicted"][:_LISTED] if isinstance(item, dict)),
            irreversible=tuple(item for item in lists["irreversible"][:_LISTED] if isinstance(item, dict)),
            counts={name: len(items) for name, items in lists.items()},
        )


class HostOutcome(BaseModel):
    """The end of one host's part in a deployment. Counts are tasks, times are seconds, sizes are bytes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: str
    status: HostState
    attempt: int = 1
    changed: int = 0
    ok: int = 0
    failed: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0
    unreachable: int = 0
    error: HostError | None = None
    undo: Undo | None = None
    irreversible: int = Field(default=0, description="steps that were done and cannot be undone")
    unconfirmed: bool = Field(default=False, description="the host took itself back, as nobody confirmed it in time")
    left_out: bool = Field(default=False, description="no add_host had added the host when its plays came")
    duration_s: float = 0.0
    verify_s: float = 0.0
    bytes_sent: int = 0
    bytes_received: int = 0
    cpu_s: float = 0.0
    max_rss_kb: int = 0
    touched: bool = Field(default=False, description="whether the runner may have changed anything on the host")

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=False)

    @classmethod
    def from_json(cls, data: object) -> HostOutcome:
        """From a JSON object; raises `pydantic.ValidationError` when it is not one."""
        return cls.model_validate(data)
