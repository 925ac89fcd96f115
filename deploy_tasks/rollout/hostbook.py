"""The hosts' side of the ledger: who works on which host, and how far it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from redis import Redis

from deploy_tasks.outcome import HostOutcome, HostState
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.scripts import Call, call, call_all
from deploy_tasks.rollout.views import Grant, NotGranted

#: Entries a deployment's event stream keeps, about.
EVENTS_KEPT = 20_000
Phase = Literal["push", "undo"]
Moved = Literal["ok", "repeated", "lost", "edge", "unknown"]


@dataclass(frozen=True, slots=True)
class Move:
    """A host going along `path` (several states at once are checked one by one), with what to note about it; `later` is
    the batch in which one goes on that waits then."""

    grant: Grant
    path: Sequence[HostState] = ()
    outcome: HostOutcome | None = None
    event: Mapping[str, Any] | None = None
    later: int | None = None


@dataclass(frozen=True, slots=True)
class MoveResult:
    """What became of a move; `left` is how many hosts of the batch are not at their end, when this was one."""

    what: Moved
    left: int | None


@dataclass(frozen=True, slots=True)
class Expired:
    """What the ledger decided about a lease that had ended: again, waiting, exhausted, alive or gone."""

    what: Literal["again", "waiting", "exhausted", "alive", "gone"]
    state: HostState | None = None
    attempt: int = 0
    batch: int = 0
    owner: str | None = None


class HostBook:
    """Grants hosts to workers, moves them, keeps leases. Every write is a compare-and-set with the attempt as fence."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def grant(
        self,
        deployment: str,
        host: str,
        attempt: int,
        owner: str,
        lease_s: float,
        phase: Phase = "push",
        batch: int | None = None,
    ) -> Grant | NotGranted:
        """Give a host to a worker; a host is worked on by one worker at a time.

        What a worker was asked for must be what the ledger waits for: this attempt, in this batch (None: in any).
        """
        answer = call(
            self._redis,
            "grant",
            [keys.head(deployment), keys.hosts(deployment), keys.LEASES, keys.ACTIVE],
            [
                deployment,
                host,
                keys.member(deployment, host),
                attempt,
                owner,
                int(lease_s * 1000),
                phase,
                "" if batch is None else batch,
            ],
        )
        state = HostState(answer[1]) if answer[1] else None
        if answer[0] != "ok" or state is None:
            return NotGranted(answer[0], state, int(answer[2]))
        return Grant(
            deployment,
            host,
            int(answer[2]),
            owner,
            phase,
            int(answer[3]),
            state,
            answer[4],
            int(answer[5]) / 1000,
            int(answer[6]),
        )

    def move(self, move: Move) -> MoveResult:
        """Carry out one move."""
        return self.move_all([move])[0]

    def move_all(self, moves: Iterable[Move]) -> list[MoveResult]:
        """Carry out several moves in one round trip, each atomic by itself, in order."""
        answers = call_all(self._redis, [_call(move) for move in moves])
        return [MoveResult(answer[0], _number(answer[1])) for answer in answers]

    def renew(self, grants: Sequence[Grant], lease_s: float) -> Renewed:
        """Renew the leases of several hosts in one round trip."""
        groups: dict[str, list[Grant]] = {}
        for grant in grants:
            groups.setdefault(grant.deployment, []).append(grant)
        answers = call_all(self._redis, [_renewal(name, group, lease_s) for name, group in groups.items()])
        stops = {name: answer[0] for name, answer in zip(groups, answers, strict=True) if answer[0]}
        return Renewed(stops, frozenset(owner for answer in answers for owner in answer[1]))

    def expired(self, limit: int = 500) -> list[tuple[str, str]]:
        """Deployments and hosts whose lease has ended, the oldest first."""
        seconds, micros = self._redis.time()
        now = seconds * 1000 + micros // 1000
        found = self._redis.zrangebyscore(keys.LEASES, "-inf", now, start=0, num=limit)
        return [keys.split(str(member)) for member in found]

    def expire(
        self, members: Sequence[tuple[str, str]], max_attempts: int, wait_s: float, sweeper: str
    ) -> list[Expired]:
        """Decide about leases that have ended; see `expire.lua`. `wait_s` is when to look at the host again."""
        calls = [
            Call(
                "expire",
                [keys.hosts(deployment), keys.LEASES],
                [host, keys.member(deployment, host), max_attempts, int(wait_s * 1000), sweeper],
            )
            for deployment, host in members
        ]
        return [_expired(answer) for answer in call_all(self._redis, calls)]


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a renewal told: deployments to stop with the reason, and owners that lost their host to another."""

    stops: Mapping[str, str]
    lost: frozenset[str]


def _number(text: str) -> int | None:
    return int(text) if text.lstrip("-").isdigit() else None


def _expired(answer: list[str]) -> Expired:
    if len(answer) == 1:
        return Expired(answer[0])  # type: ignore[arg-type]
    return Expired(answer[0], HostState(answer[1]), int(answer[2]), int(answer[3]), answer[4])  # type: ignore[arg-type]


def _call(move: Move) -> Call:
    grant = move.grant
    name = grant.deployment
    return Call(
        "move",
        [keys.head(name), keys.hosts(name), keys.LEASES, keys.outcomes(name), keys.events(name)],
        [
            grant.host,
            keys.member(name, grant.host),
            grant.attempt,
            grant.owner,
            ",".join(move.path),
            move.outcome.model_dump_json(exclude_none=True) if move.outcome else "",
            json.dumps(move.event, separators=(",", ":")) if move.event else "",
            EVENTS_KEPT,
            grant.phase,
            "" if move.later is None else move.later,
        ],
    )


def _renewal(deployment: str, grants: Sequence[Grant], lease_s: float) -> Call:
    rows = [
        part
        for grant in grants
        for part in (grant.host, keys.member(deployment, grant.host), grant.owner, grant.attempt)
    ]
    return Call(
        "renew",
        [keys.head(deployment), keys.hosts(deployment), keys.LEASES, keys.ACTIVE],
        [deployment, int(lease_s * 1000), *rows],
    )
