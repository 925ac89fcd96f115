"""Deployments stepped by hand: a real ledger on a real Redis, messages kept in a list until the test delivers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy_tasks.outcome import DeploymentStatus, HostOutcome, HostState
from deploy_tasks.rollout.drive import step
from deploy_tasks.rollout.hostbook import Move
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.record import Options, Record, Stage, Target
from deploy_tasks.rollout.views import Grant
from deploy_tasks.store import Store

Message = tuple[Any, ...]


@dataclass
class Outbox:
    """Keeps messages instead of sending them."""

    sent: list[Message] = field(default_factory=list)

    def start(self, deployment: str) -> None:
        self.sent.append(("start", deployment))

    def compile(self, deployment: str, triple: str) -> None:
        self.sent.append(("compile", triple))

    def push(self, deployment: str, batch: int, hosts: Sequence[str]) -> None:
        self.sent.extend(("push", host, 1) for host in hosts)

    def push_again(self, deployment: str, batch: int, host: str, attempt: int) -> None:
        self.sent.append(("push", host, attempt))

    def undo(self, deployment: str, hosts: Sequence[tuple[str, int]]) -> None:
        self.sent.extend(("undo", host, attempt) for host, attempt in hosts)

    def undo_again(self, deployment: str, host: str, attempt: int) -> None:
        self.sent.append(("undo", host, attempt))

    def take(self) -> list[Message]:
        """All messages since the last call."""
        taken, self.sent = self.sent, []
        return taken


def make_record(
    name: str = "d1",
    hosts: int = 4,
    batches: tuple[int, ...] | None = None,
    stages: tuple[Stage, ...] = (),
    **options: Any,
) -> Record:
    """A record of hosts `web 0`, `web 1`…"""
    targets = tuple(Target(host=f"web {n}", lock=f"10.0.0.{n}:22", triple="x86_64-linux") for n in range(hosts))
    return Record(
        id=name,
        name="web",
        by="ann@desk",
        bundle="0" * 64,
        targets=targets,
        batches=batches or tuple(size for stage in stages for size in stage.batches) or (hosts,),
        stages=stages,
        options=Options(**options),
    )


@dataclass
class Stepper:
    """One deployment, step by step."""

    ledger: Ledger
    store: Store
    record: Record
    outbox: Outbox = field(default_factory=Outbox)

    def step(self) -> DeploymentStatus:
        """What `start`, `compile` and `conclude` do at their end."""
        return step(self.ledger, self.outbox, self.store, self.record.id)

    def compiled(self) -> list[Message]:
        """From the beginning to the first batch; returns its messages."""
        self.ledger.create(self.record)
        self.step()
        assert self.outbox.take() == [("compile", "x86_64-linux")]
        self.ledger.put_artifact(self.record.id, "x86_64-linux", {"digest": "1" * 64, "size": 1})
        self.step()
        return self.outbox.take()

    def grant(self, message: Message, owner: str = "w", lease_s: float = 10) -> Grant:
        """A worker receives a message of a host."""
        kind, host, attempt = message
        given = self.ledger.hosts.grant(self.record.id, host, attempt, f"{owner}-{host}", lease_s, kind)
        assert isinstance(given, Grant), given
        return given

    def end(self, message: Message, *path: HostState, touched: bool = True) -> None:
        """A worker receives a message and brings the host to its end."""
        grant = self.grant(message)
        outcome = HostOutcome(host=grant.host, status=path[-1], attempt=grant.attempt, touched=touched)
        later = self.record.later(grant.host, grant.batch) if path[-1] is HostState.WAITING else None
        assert self.ledger.hosts.move(Move(grant, path, outcome, later=later)).what == "ok"

    def states(self) -> Mapping[str, HostState]:
        """Where every host is."""
        return self.ledger.snapshot(self.record.id).states
