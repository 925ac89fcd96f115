"""What a deployment came to, as users see it: the document behind `--json` and the final table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from deploy_tasks.outcome import DeploymentStatus, HostError, HostOutcome, HostState
from deploy_tasks.rollout.states import BAD, FINAL
from deploy_tasks.rollout.views import Snapshot


class ArtifactFacts(BaseModel):
    """One compiled artifact: its digest, its size in bytes, and how long compiling took."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    digest: str
    size: int
    cached: bool = False
    seconds: float = 0.0


class Result(BaseModel):
    """A deployment at one moment; final when `status.final`. Times are seconds, sizes bytes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    deployment_id: str
    name: str
    status: DeploymentStatus
    reason: str | None = None
    by: str = ""
    created_at: float = 0.0
    hosts: dict[str, HostOutcome] = {}
    batches: tuple[int, ...] = ()
    artifacts: dict[str, ArtifactFacts] = {}
    totals: dict[str, float] = {}
    timings: dict[str, float] = {}

    @property
    def ok(self) -> bool:
        """Whether every host is on this deployment."""
        return self.status is DeploymentStatus.SUCCEEDED

    def select(self, what: str) -> tuple[str, ...]:
        """Hosts by how they ended: `failed` (all that are not on this deployment), `succeeded`, or a state's name."""
        if what == "failed":
            fine = (HostState.SUCCEEDED, HostState.UNTOUCHED)
            return tuple(name for name, host in self.hosts.items() if host.status not in fine)
        return tuple(name for name, host in self.hosts.items() if host.status.value == what)

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        document = self.model_dump(mode="json", exclude_none=True)
        for host in document["hosts"].values():
            host.setdefault("error", None)
        return document

    @classmethod
    def of(cls, shot: Snapshot) -> Result:
        """From the ledger."""
        head, record = shot.head, shot.head.record
        hosts = {host: _outcome(shot, host) for host in shot.rows}
        artifacts = {
            triple: ArtifactFacts.model_validate(found)
            for triple in record.triples
            if (found := head.artifact(triple)) is not None
        }
        return cls(
            deployment_id=record.id,
            name=record.name,
            status=head.status,
            reason=head.reason or head.cancel or None,
            by=record.by,
            created_at=(head.time_ms("created") or 0) / 1000,
            hosts=hosts,
            batches=record.batches,
            artifacts=artifacts,
            totals=_totals(hosts),
            timings=_timings(shot, hosts),
        )


def _outcome(shot: Snapshot, host: str) -> HostOutcome:
    """The host's outcome, or what can be said of one that has none yet or never got one."""
    row, known = shot.rows[host], shot.outcomes.get(host)
    if known is not None:
        return known if known.status is row.state else known.model_copy(update={"status": row.state})
    error = None
    if row.state in FINAL:
        why = shot.head.reason or shot.head.cancel or "it was not started"
        error = HostError(phase="queued" if row.state is HostState.CANCELLED else "unknown", message=why)
    return HostOutcome(host=host, status=row.state, attempt=row.attempt, error=error)


def _totals(hosts: Mapping[str, HostOutcome]) -> dict[str, float]:
    every = list(hosts.values())
    count: dict[str, float] = {"hosts": len(every)}
    for state in HostState:
        number = sum(1 for host in every if host.status is state)
        if number:
            count[state.value] = number
    count["bad"] = sum(1 for host in every if host.status in BAD)
    for name in ("ok", "changed", "skipped", "bytes_sent", "bytes_received"):
        count[name] = sum(getattr(host, name) for host in every)
    count["cpu_s"] = round(sum(host.cpu_s for host in every), 3)
    return count


def _timings(shot: Snapshot, hosts: Mapping[str, HostOutcome]) -> dict[str, float]:
    head = shot.head
    created = head.time_ms("created") or shot.now_ms
    end = head.time_ms("ended") or shot.now_ms
    pushed = head.time_ms("pushed")
    started = head.time_ms("started")
    compiled = head.time_ms("compiled")
    concluded = head.time_ms("concluded") or end
    times = {"validate": head.record.validate_s, "total": head.record.validate_s + (end - created) / 1000}
    times["compile"] = (compiled - started) / 1000 if compiled and started else 0.0
    times["push"] = (concluded - pushed) / 1000 if pushed else 0.0
    times["verify"] = max((host.verify_s for host in hosts.values()), default=0.0)
    return {name: round(value, 3) for name, value in times.items()}
