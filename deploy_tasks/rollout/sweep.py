"""The sweeper: finds what got lost and sets it going again. One is at work at a time; any control worker can be it.

Every tick it hands out hosts and builds whose worker died, takes the next step of every deployment that waits for
one, ends what is overdue, and writes ends into the store. After a Redis that lost its data it recreates deployments
from the store: hosts that were already done answer with the report they kept.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError

from deploy_tasks.errors import DeployError, NotFound, Refused, StoreError
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostError, HostOutcome, HostState
from deploy_tasks.rollout import archive, fetched, keys
from deploy_tasks.rollout.drive import WAIT_S, Dispatch, step
from deploy_tasks.rollout.hostbook import Expired, Move
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.result import Result
from deploy_tasks.rollout.states import PAUSED
from deploy_tasks.rollout.views import Grant, Snapshot
from deploy_tasks.store import Store

log = logging.getLogger(__name__)
TICK_S = 1.0
#: Seconds a worker has, after a deadline or a cancel, to end its host by itself.
GRACE_S = 30.0
#: Seconds between two looks at a deployment that nobody has marked as due.
LOOK_S = 5.0
#: Seconds between two looks for ends that were not written and for rubbish.
TIDY_S = 60.0
#: Seconds between two looks for files that hosts handed over and nobody takes.
OLD_FILES_S = 3600.0
#: Seconds an answer to a remote-control command is kept; Celery leaves those that nobody fetched for ever.
REPLY_KEPT_S = 300
_REPLIES = "*.reply.celery.pidbox"
HELD_BY_SWEEPER = "sweeper"


class Sending(Dispatch, Protocol):
    """What the sweeper sends, and whether workers still have messages before them."""

    def undo_again(self, deployment: str, host: str, attempt: int) -> None:
        """Ask for one host to be taken back again."""


@dataclass(frozen=True)
class Limits:
    """Attempts per host and build; seconds of a lease; queues whose backlog excuses waiting."""

    max_attempts: int = 3
    lease_s: float = 10.0
    push_queue: str = "push"
    urgent_queue: str = "urgent"


class Sweeper:
    """`tick` does everything once; `run` ticks until told to stop."""

    def __init__(self, ledger: Ledger, dispatch: Sending, store: Store, limits: Limits) -> None:
        self._ledger = ledger
        self._redis: Redis = ledger.redis
        self._dispatch = dispatch
        self._store = store
        self._limits = limits
        self._me = uuid.uuid4().hex
        self._looked: dict[str, float] = {}
        self._tidied = self._aged = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Tick every second until `stop` is set."""
        while not stop.wait(TICK_S):
            try:
                if self._elected():
                    self.tick()
            except (RedisError, OSError) as error:
                log.warning("the sweeper cannot reach Redis or the store (%s); trying again", error)
            except Exception:
                log.exception("the sweeper failed; trying again")
        if self._redis.get(keys.SWEEPER) == self._me:
            self._redis.delete(keys.SWEEPER)

    def tick(self) -> None:
        """Everything, once."""
        if not self._redis.exists(keys.EPOCH):
            self._reconcile()
        self._hosts()
        self._builds()
        self._deployments()

    def _elected(self) -> bool:
        holds = self._redis.set(keys.SWEEPER, self._me, nx=True, px=int(5 * TICK_S * 1000))
        if not holds and self._redis.get(keys.SWEEPER) == self._me:
            holds = self._redis.pexpire(keys.SWEEPER, int(5 * TICK_S * 1000))
        return bool(holds)

    def _hosts(self) -> None:
        """Hosts whose lease has ended: asked for again, or given up after too many attempts."""
        found = self._ledger.hosts.expired()
        if not found:
            return
        told = self._ledger.hosts.expire(found, self._limits.max_attempts, self._limits.lease_s, HELD_BY_SWEEPER)
        busy = {name: bool(self._redis.llen(name)) for name in (self._limits.push_queue, self._limits.urgent_queue)}
        for (deployment, host), what in zip(found, told, strict=True):
            undo = what.state is HostState.UNDOING
            if what.what == "exhausted":
                self._give_up(deployment, host, what)
            elif what.what == "again":
                log.warning("%s: the worker of %s is gone; attempt %d", deployment, host, what.attempt)
                self._ask(deployment, host, what, undo)
            elif what.what == "waiting" and not busy[self._limits.urgent_queue if undo else self._limits.push_queue]:
                self._ask(deployment, host, what, undo)

    def _ask(self, deployment: str, host: str, what: Expired, undo: bool) -> None:
        if undo:
            self._dispatch.undo_again(deployment, host, what.attempt)
        else:
            self._dispatch.push_again(deployment, what.batch, host, what.attempt)

    def _give_up(self, deployment: str, host: str, what: Expired) -> None:
        state = what.state or HostState.FAILED
        message = f"{what.attempt} workers ended while they worked on it; the last was {what.owner}"
        self._end_host(deployment, host, state, what.attempt, message)

    def _end_host(self, deployment: str, host: str, state: HostState, attempt: int, message: str) -> None:
        """Write an end for a host the sweeper owns. Its true state is not known, so it counts as touched."""
        undo = state is HostState.UNDOING
        to = HostState.UNDO_FAILED if undo else HostState.CANCELLED if state in PAUSED else HostState.FAILED
        grant = Grant(deployment, host, attempt, HELD_BY_SWEEPER, "undo" if undo else "push", 0, state, "", 0.0)
        known = self._redis.hget(keys.outcomes(deployment), host)  # of earlier stages
        old = HostOutcome.model_validate_json(str(known)) if known else HostOutcome(host=host, status=to)
        outcome = old.model_copy(
            update={
                "status": to,
                "attempt": attempt,
                "failed": max(1, old.failed),
                "error": HostError(phase=state.value, message=message),
                "touched": state is not HostState.QUEUED,
                "left_out": False,
            }
        )
        event = {"kind": "host", "host": host, "state": to.value, "attempt": attempt, "at": self._ledger.now_ms()}
        self._ledger.hosts.move(Move(grant, [to], outcome, event))

    def _builds(self) -> None:
        now = self._ledger.now_ms()
        for member in self._redis.zrangebyscore(keys.BUILDS, "-inf", now):
            deployment, triple = keys.split(str(member))
            try:
                head = self._ledger.head(deployment)
            except NotFound:
                self._redis.zrem(keys.BUILDS, str(member))
                continue
            if head.artifact(triple) is not None or head.status is not D.RUNNING:
                self._redis.zrem(keys.BUILDS, str(member))
            else:
                self._redis.zadd(keys.BUILDS, {str(member): now + int(WAIT_S * 1000)})
                self._dispatch.compile(deployment, triple)

    def _deployments(self) -> None:
        active = self._ledger.active()
        if active:
            self._redis.zadd(keys.ACTIVE, dict.fromkeys(active, self._ledger.now_ms()), xx=True)
        now = time.monotonic()
        for deployment in self._due(active, now):
            self._looked[deployment] = now
            try:
                self._deployment(deployment)
            except (DeployError, ValueError) as error:
                log.error("%s: %s", deployment, error)
        self._looked = {name: when for name, when in self._looked.items() if name in active}
        if now - self._tidied > TIDY_S:
            self._write_ends(active)
            self._expire_replies()
            self._tidied = now
        if now - self._aged > OLD_FILES_S:
            self._aged = now
            self._forget_old_files(active)

    def _due(self, active: Sequence[str], now: float) -> list[str]:
        """Deployments to look at: marked as due, or not looked at for a while."""
        with self._redis.pipeline(transaction=False) as pipe:
            for deployment in active:
                pipe.hdel(keys.head(deployment), "due")
            marks = pipe.execute()
        return [
            name for name, mark in zip(active, marks, strict=True) if mark or now - self._looked.get(name, 0.0) > LOOK_S
        ]

    def _deployment(self, deployment: str) -> None:
        shot = self._ledger.snapshot(deployment)
        late = shot.now_ms - shot.head.deadline_ms
        if late > 0:
            self._overdue(shot, late / 1000)
        for host, batch, attempt in self._ledger.top_up(shot.head.record, WAIT_S):
            self._dispatch.push_again(deployment, batch, host, attempt)
        step(self._ledger, self._dispatch, self._store, deployment)

    def _overdue(self, shot: Snapshot, late_s: float) -> None:
        """Past its deadline: stop it, and after the grace time end what does not end by itself."""
        name, limit = shot.head.record.id, shot.head.record.options.deployment_timeout_s
        reason = f"it had not ended after {limit:g} s"
        if shot.head.status is not D.ROLLING_BACK and not shot.head.cancel:
            self._ledger.claim(name, "overdue", "", "1")
            self._ledger.cancel(name, reason)
        if late_s < GRACE_S:
            return
        if shot.head.status is D.ROLLING_BACK and late_s < limit + GRACE_S:
            return  # taking back has as long as going forward had
        stuck = [host for host, row in shot.rows.items() if row.owner or row.state is HostState.UNDOING]
        self._force(shot, stuck, reason)

    def _force(self, shot: Snapshot, hosts: Sequence[str], reason: str) -> None:
        name = shot.head.record.id
        for host in hosts:
            self._redis.zadd(keys.LEASES, {keys.member(name, host): 0})
        told = self._ledger.hosts.expire([(name, host) for host in hosts], 0, self._limits.lease_s, HELD_BY_SWEEPER)
        for host, what in zip(hosts, told, strict=True):
            if what.what == "exhausted" and what.state:
                self._end_host(name, host, what.state, what.attempt, reason)

    def _write_ends(self, active: Sequence[str]) -> None:
        """Ends that are in the ledger but not yet in the store."""
        for deployment in archive.unfinished(self._store):
            if deployment in active:
                continue
            try:
                undone = archive.undone(self._store, deployment)
                shot = self._ledger.snapshot(deployment)
            except NotFound:
                continue
            except ValueError as error:
                _tell_damaged(deployment, error)
                continue
            if shot.head.status.final:
                archive.keep_result(self._store, deployment, Result.of(shot).to_json(), undone=undone)

    def _forget_old_files(self, active: Sequence[str]) -> None:
        """Fetched files are not kept longer than the ledger remembers their deployment."""
        try:
            gone = fetched.forget_old(self._store, self._ledger.now_ms() - self._ledger.keep_ms, active)
        except StoreError as error:
            log.error("fetched files that nobody has taken cannot be removed: %s", error)
            return
        if gone:
            log.info("%d fetched files that nobody has taken are too old and were removed", gone)

    def _expire_replies(self) -> None:
        for name in self._redis.scan_iter(_REPLIES, count=1000):
            if self._redis.ttl(name) == -1:
                self._redis.expire(name, REPLY_KEPT_S)

    def _reconcile(self) -> None:
        """Redis is new or lost its data: bring back what the store knows to be unfinished."""
        for deployment in archive.unfinished(self._store):
            try:
                record = archive.intent(self._store, deployment)
                if record is None:
                    continue
                # Hosts answer with what they did; then all of them are taken back if that was asked for.
                wanted = archive.undo_wanted(self._store, deployment)
                more = {"undo_wanted": "rolled back by hand"} if wanted else {}
                if self._ledger.create(record, recreated="1", **more):
                    log.warning("%s: recreated from the store, Redis had lost it", deployment)
                    self._dispatch.start(deployment)
            except (Refused, DeployError) as error:
                log.error("%s: cannot be recreated: %s", deployment, error)
            except ValueError as error:
                _tell_damaged(deployment, error)
        self._redis.set(keys.EPOCH, "1")


def _tell_damaged(deployment: str, error: ValueError) -> None:
    """What is wrong with one record is no reason to leave the others."""
    log.error("%s: its record in the store cannot be read (%s)", deployment, type(error).__name__)
