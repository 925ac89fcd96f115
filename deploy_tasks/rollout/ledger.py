"""The record in Redis of what happened to every host of a deployment: the source of truth.

Whoever reads results elsewhere (chord results, Celery events) reads a trigger, not the truth. Every write is one
script: it happens whole or not at all, and doing it twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from redis import Redis

from deploy_tasks.errors import BadInput, NotFound, Refused
from deploy_tasks.outcome import DeploymentStatus, HostOutcome
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.hostbook import EVENTS_KEPT, HostBook
from deploy_tasks.rollout.record import Record
from deploy_tasks.rollout.scripts import call
from deploy_tasks.rollout.strategy import tolerated
from deploy_tasks.rollout.views import Head, HostRow, Snapshot

UNFINISHED = (DeploymentStatus.QUEUED, DeploymentStatus.RUNNING, DeploymentStatus.ROLLING_BACK)
FINISHED = tuple(status for status in DeploymentStatus if status.final)


class Ledger:
    """Deployments in Redis. `stale_s` is how long a holder of hosts may be silent before another takes over."""

    def __init__(self, redis: Redis, *, stale_s: float = 30.0, keep_days: float = 30.0) -> None:
        self.redis = redis
        self.hosts = HostBook(redis)
        self._stale_ms = int(stale_s * 1000)
        self._keep_s = int(keep_days * 86400)

    @property
    def keep_ms(self) -> int:
        """How long a deployment is remembered after its end, and the files that its hosts have handed over."""
        return self._keep_s * 1000

    def now_ms(self) -> int:
        """Redis's clock, the only one that counts."""
        seconds, micros = self.redis.time()
        return int(seconds * 1000 + micros // 1000)

    def create(self, record: Record, **more: str) -> bool:
        """Write a deployment, its hosts and their locks in one step, sealed; `more` are further fields of its head.

        False when the same deployment already stands there. Raises `Refused` when another deployment holds a host,
        `BadInput` when the id is taken by a different one.
        """
        name = record.id
        answer = call(
            self.redis,
            "create",
            [
                keys.head(name),
                keys.hosts(name),
                keys.events(name),
                keys.INDEX,
                keys.ACTIVE,
                keys.LOCKS,
                keys.SEQUENCE,
            ],
            [
                keys.PREFIX,
                name,
                json.dumps(_first_fields(record) | more),
                json.dumps([[target.host, target.lock, batch] for target, batch in record.numbered()]),
                int(record.options.deployment_timeout_s * 1000),
                self._stale_ms,
                EVENTS_KEPT,
            ],
        )
        if answer[0] == "taken":
            raise BadInput(f"deployment {name} exists and is another one", hint="leave the id out, or choose another")
        if answer[0] == "held":
            raise _held(record, answer)
        return bool(answer[0] == "created")

    def head(self, deployment: str) -> Head:
        """Record and status. Raises `NotFound`."""
        return _head(deployment, {str(k): str(v) for k, v in self.redis.hgetall(keys.head(deployment)).items()})

    def record(self, deployment: str) -> Record:
        """What was asked for. Raises `NotFound`."""
        text = self.redis.hget(keys.head(deployment), "record")
        if text is None:
            raise _unknown(deployment)
        return Record.load(text)

    def status(self, deployment: str) -> DeploymentStatus:
        """Where a deployment is. Raises `NotFound`."""
        text = self.redis.hget(keys.head(deployment), "status")
        if text is None:
            raise _unknown(deployment)
        return DeploymentStatus(str(text))

    def snapshot(self, deployment: str) -> Snapshot:
        """Everything about a deployment, read at one moment. Raises `NotFound`."""
        with self.redis.pipeline() as pipe:
            pipe.hgetall(keys.head(deployment))
            pipe.hgetall(keys.hosts(deployment))
            pipe.hgetall(keys.outcomes(deployment))
            pipe.time()
            fields, rows, outcomes, (seconds, micros) = pipe.execute()
        head = _head(deployment, fields)
        return Snapshot(
            head,
            {host: HostRow.parse(rows[host]) for host in head.record.hosts if host in rows},
            {host: HostOutcome.model_validate_json(text) for host, text in outcomes.items()},
            seconds * 1000 + micros // 1000,
        )

    def claim(
        self, deployment: str, field: str, expected: str, new: str, note: Mapping[str, Any] | None = None, **more: Any
    ) -> bool:
        """Set a field if it holds what is expected ("" for absent); only one of several callers succeeds."""
        extra = [part for name, value in more.items() for part in (name, str(value))]
        return bool(
            call(
                self.redis,
                "claim",
                [keys.head(deployment), keys.events(deployment)],
                [field, expected, new, self._event(note) if note else "", EVENTS_KEPT, *extra],
            )
        )

    def launch(self, record: Record, batch: int, wait_s: float, hosts: Sequence[str] | None = None) -> bool:
        """Open a batch for those of its hosts that are still in it (None: all); false when it was open already. Hosts
        nobody takes within `wait_s` are looked after."""
        hosts = record.batch(batch) if hosts is None else hosts
        note: dict[str, Any] = {"kind": "deployment", "status": "running", "batch": batch, "hosts": len(hosts)}
        if name := record.part(batch):
            note["play"] = name
        return bool(
            call(
                self.redis,
                "launch",
                [
                    keys.head(record.id),
                    keys.LEASES,
                    keys.events(record.id),
                    keys.lane(record.id),
                    keys.hosts(record.id),
                ],
                [
                    record.id,
                    batch,
                    int(wait_s * 1000),
                    self._event(note),
                    EVENTS_KEPT,
                    record.width(batch),
                    tolerated(len(hosts), record.budget(batch)),
                    *hosts,
                ],
            )
        )

    def top_up(self, record: Record, wait_s: float) -> list[tuple[str, int, int]]:
        """Hosts (with batch and attempt) that there is room for now, of a deployment that limits hosts at once."""
        if record.options.parallel is None:
            return []
        name = record.id
        found = call(
            self.redis,
            "lane",
            [keys.hosts(name), keys.LEASES, keys.lane(name)],
            [name, record.options.parallel, int(wait_s * 1000)],
        )
        return [(found[i], int(found[i + 1]), int(found[i + 2])) for i in range(0, len(found), 3)]

    def unwind(
        self,
        record: Record,
        hosts: Sequence[str],
        *,
        expected: Sequence[DeploymentStatus],
        reason: str,
        wait_s: float,
        relock: bool = False,
    ) -> bool:
        """Start taking hosts back. `relock` is for a deployment that had ended and let its hosts go.

        False when it is not in an expected status. Raises `Refused` when another deployment holds a host.
        """
        note = {"kind": "deployment", "status": "rolling_back", "hosts": len(hosts), "reason": reason}
        answer = call(
            self.redis,
            "unwind",
            [
                keys.head(record.id),
                keys.hosts(record.id),
                keys.LEASES,
                keys.events(record.id),
                keys.ACTIVE,
                keys.LOCKS,
                keys.SEQUENCE,
            ],
            [
                keys.PREFIX,
                record.id,
                ",".join(expected),
                reason,
                int(wait_s * 1000),
                self._event(note),
                EVENTS_KEPT,
                self._stale_ms,
                json.dumps(record.locks if relock else []),
                json.dumps(list(hosts)),
            ],
        )
        if answer[0] == "held":
            raise _held(record, answer)
        return bool(answer[0] == "ok")

    def finish(
        self,
        record: Record,
        to: DeploymentStatus,
        reason: str = "",
        expected: Sequence[DeploymentStatus] = UNFINISHED,
    ) -> bool:
        """End a deployment and let its hosts go; false when somebody else did."""
        note = {"kind": "deployment", "status": to.value, "reason": reason}
        return bool(
            call(
                self.redis,
                "finish",
                [
                    keys.head(record.id),
                    keys.hosts(record.id),
                    keys.events(record.id),
                    keys.ACTIVE,
                    keys.LOCKS,
                    keys.outcomes(record.id),
                    keys.shared(record.id),
                ],
                [
                    record.id,
                    ",".join(expected),
                    to.value,
                    reason,
                    self._event(note),
                    EVENTS_KEPT,
                    json.dumps(record.locks),
                    self._keep_s,
                ],
            )
        )

    def cancel(self, deployment: str, reason: str) -> str:
        """Ask a deployment to stop; the answer is `cancelling`, or the status that made it too late.

        Raises `NotFound`.
        """
        note = {"kind": "deployment", "status": "cancelling", "reason": reason}
        answer = call(
            self.redis,
            "cancel",
            [
                keys.head(deployment),
                keys.hosts(deployment),
                keys.events(deployment),
                keys.LEASES,
                keys.lane(deployment),
            ],
            [deployment, reason, self._event(note), EVENTS_KEPT],
        )
        if not answer:
            raise _unknown(deployment)
        return str(answer)

    def forbid(self, deployment: str, batch: int, reason: str) -> None:
        """A failure that is to end the deployment for all, whatever the budget: no further host begins."""
        head = keys.head(deployment)
        with self.redis.pipeline() as pipe:
            pipe.hsetnx(head, "fatal", reason)
            pipe.hset(head, f"b:{batch}:allowed", -1)
            pipe.execute()

    def put_artifact(self, deployment: str, triple: str, artifact: Mapping[str, Any]) -> None:
        """Note what was compiled for a platform. Compiling is reproducible, so a second note says the same."""
        self.redis.hset(keys.head(deployment), f"a:{triple}", json.dumps(artifact))

    def ids(self, limit: int = 100) -> list[str]:
        """Deployments, the newest first."""
        return [str(name) for name in self.redis.zrevrange(keys.INDEX, 0, limit - 1)]

    def active(self) -> list[str]:
        """Deployments that have not ended."""
        return [str(name) for name in self.redis.zrange(keys.ACTIVE, 0, -1)]

    def _event(self, note: Mapping[str, Any]) -> str:
        return json.dumps({**note, "at": self.now_ms()})


def _first_fields(record: Record) -> dict[str, str]:
    fields = {
        "record": record.dump(),
        "digest": record.digest(),
        "by": record.by,
        "name": record.name,
        "allowance": str(int(record.options.deployment_timeout_s * 1000)),
    }
    for number, size in enumerate(record.batches):
        allowed = tolerated(size, record.budget(number))
        fields |= {
            f"b:{number}:state": "pending",
            f"b:{number}:left": str(size),
            f"b:{number}:allowed": str(allowed),
        }
    return fields


def _head(deployment: str, fields: Mapping[str, str]) -> Head:
    if "record" not in fields:
        raise _unknown(deployment)
    return Head(Record.load(fields["record"]), DeploymentStatus(fields["status"]), fields)


def _unknown(deployment: str) -> NotFound:
    return NotFound(f"no deployment {deployment}", hint="deploy-tasks status lists the deployments that are known here")


def _held(record: Record, answer: Sequence[str]) -> Refused:
    lock, holder, by, age = answer[1], answer[2], answer[3], int(float(answer[4]))
    host = next((target.host for target in record.targets if target.lock == lock), lock)
    return Refused(
        f"{host} is held by deployment {holder} of {by}, last heard of {age / 1000:.1f} s ago",
        hint=f"wait for it, or stop it: deploy-tasks cancel {holder}",
    )
