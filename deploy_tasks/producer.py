"""Asking for deployments and following them. Thin: it checks, records and sends one message; workers do the rest.

>>> from deploy_tasks import deploy
>>> handle = deploy("web.json", "hosts.ini", verify=True)
>>> for event in handle.events():
...     print(event)
>>> handle.wait().status
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import OutOfMemoryError, RedisError

from deploy_tasks import broker
from deploy_tasks.errors import BadInput, BrokerLost, NotFound, NotTakenBack, Refused
from deploy_tasks.outcome import DeploymentStatus, HostState
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.model import Plan
from deploy_tasks.rollout import archive, fetched, keys
from deploy_tasks.rollout.drive import WAIT_S, undoable
from deploy_tasks.rollout.events import Follower
from deploy_tasks.rollout.fetched import Note
from deploy_tasks.rollout.foresee import gather
from deploy_tasks.rollout.later import Later, later
from deploy_tasks.rollout.ledger import FINISHED, Ledger
from deploy_tasks.rollout.prepare import Prepared, Request, is_id, prepare
from deploy_tasks.rollout.receiving import Receiver, save_below
from deploy_tasks.rollout.record import Options, Record
from deploy_tasks.rollout.result import Result
from deploy_tasks.rollout.views import Event, Snapshot
from deploy_tasks.settings import Settings, settings
from deploy_tasks.store import Store, open_store

__all__ = [
    "Event",
    "Handle",
    "Prepared",
    "Producer",
    "Request",
    "Result",
    "cancel",
    "deploy",
    "deployments",
    "prepare",
    "preview",
    "rollback",
    "status",
]

log = logging.getLogger(__name__)
# Asking is given up after at most 2 s x 2 tries x 2 connections, see `broker.connect`.
_PATIENCE, _TIMEOUT_S = 1, 2.0
# Following a deployment survives a Redis that is away for this long.
_AWAY_S, _PAUSE_S = 60.0, 0.5
_LIMIT = re.compile(r"@([A-Za-z0-9][A-Za-z0-9._-]*)\.([a-z_]+)")


class Producer:
    """The producer's connections. Gives up within 10 s when Redis is away."""

    def __init__(self, config: Settings | None = None) -> None:
        self.settings = config or settings()
        self.url = broker.redis_url(self.settings)
        self.redis: Redis = broker.connect(self.url, patience=_PATIENCE, timeout_s=_TIMEOUT_S)
        self.ledger = Ledger(self.redis, stale_s=3 * self.settings.lease_s, keep_days=self.settings.record_days)
        self.store: Store = open_store(self.settings.store)

    def submit(self, prepared: Prepared) -> Handle:
        """Record a deployment and start it.

        Raises `Refused` when another one holds a host, `BrokerLost` when Redis is away; nothing is enqueued then.
        Asking twice with the same id and content is asking once.
        """
        with _reaching("nothing was enqueued"):
            self._ready()
            record = prepared.record.model_copy(update={"bundle": self.store.put(prepared.bundle)})
            created = self.ledger.create(record)
            if created:
                self._keep_intent(record)
        if created:
            self._start(record.id)
        return Handle(record.id, self, receiver=prepared.receiver)

    def _keep_intent(self, record: Record) -> None:
        """Only what the ledger has accepted: an intent nobody knows of would be carried out when Redis loses its data.
        Whoever takes the deployment's first step writes it too, so that a producer killed here costs nothing."""
        try:
            archive.keep_intent(self.store, record)
        except BaseException:
            self.ledger.finish(record, DeploymentStatus.CANCELLED, "it could not be kept", [DeploymentStatus.QUEUED])
            raise

    def rollback(
        self, deployment: str, *, with_later: bool = False, tell: Callable[[Later], None] = lambda _: None
    ) -> Handle:
        """Take every host of an ended deployment back to where it was before.

        Later deployments that stand on its hosts are in the way: with `with_later` they are taken back there first, the
        newest before the others, and waited for; `tell` gets each. Raises `NotFound`, `Refused` when another deployment
        holds a host or came later, `NotTakenBack` when a later one could not be taken back, `BadInput` when there is
        nothing to undo.
        """
        shot, hosts = self._to_undo(deployment)
        handle = Handle(deployment, self, self._last_event(deployment))
        if shot.head.status is DeploymentStatus.ROLLING_BACK:
            return handle
        for each in self.later(deployment, hosts, refuse=not with_later):
            tell(each)
            self._first(each, deployment)
        self._unwind(shot, hosts, "rolled back by hand", whole=True)
        return handle

    def later(self, deployment: str, hosts: Collection[str], *, refuse: bool = False) -> list[Later]:
        """What came to these of its hosts after it and stands, the newest first. With `refuse`, raises `Refused` when
        there is anything."""
        with _reaching("nothing was enqueued"):
            found = later(self.ledger, self.ledger.snapshot(deployment), hosts)
        if found and refuse:
            names = ", ".join(each.deployment for each in found)
            hosts = sorted({host for each in found for host in each.hosts})
            more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
            raise Refused(
                f"{hosts[0]}{more}: after {deployment} came {names}, and what is newer is undone first",
                hint=f"deploy-tasks rollback {deployment} --with-later",
            )
        return found

    def preview(self, deployment: str, timeout_s: float = 120.0) -> dict[str, Any]:
        """What `rollback` with what is later would do, host by host; nothing is changed. The document of `--dry-run`.

        Raises as `rollback` does, and does not refuse when there is something later: it is told.
        """
        shot, hosts = self._to_undo(deployment)
        with _reaching("nothing was enqueued"):
            application = broker.make_celery(self.settings, self.url)
            told = gather(application, broker.PREVIEW, deployment, hosts, timeout_s)
        return {"deployment_id": deployment, "status": shot.head.status.value, "dry_run": True, "hosts": told}

    def _to_undo(self, deployment: str) -> tuple[Snapshot, tuple[str, ...]]:
        """A deployment and its hosts that a rollback takes back. Raises `BadInput` when that is impossible."""
        with _reaching("nothing was enqueued"):
            shot = self.ledger.snapshot(deployment)
        status, hosts = shot.head.status, undoable(shot)
        if status.final and not hosts:
            raise BadInput(f"deployment {deployment} is {status}: there is nothing to take back")
        if not status.final and status is not DeploymentStatus.ROLLING_BACK:
            raise _too_early(shot)
        return shot, hosts

    def _first(self, each: Later, before: str) -> None:
        """Take a later deployment back on the hosts where it is in the way. Raises `NotTakenBack`."""
        shot, hosts = self._to_undo(each.deployment)
        handle = Handle(each.deployment, self, self._last_event(each.deployment))
        whole = set(each.hosts) == set(hosts)
        self._unwind(shot, each.hosts, f"taken back before {before}", whole=whole)
        ended = handle.wait()
        stuck = [host for host in each.hosts if ended.hosts[host].status is not HostState.ROLLED_BACK]
        if stuck:
            raise NotTakenBack(
                f"{each.deployment} could not be taken back on {', '.join(stuck[:5])}; {before} was left as it is",
                hint=f"deploy-tasks status {each.deployment}",
            )

    def _unwind(self, shot: Snapshot, hosts: Sequence[str], reason: str, *, whole: bool) -> None:
        record = shot.head.record
        with _reaching("nothing was enqueued"):
            done = self.ledger.unwind(record, hosts, expected=FINISHED, reason=reason, wait_s=WAIT_S, relock=True)
            if not done:
                raise _too_early(self.ledger.snapshot(record.id))
            archive.keep_undo(self.store, record, whole=whole)
        self._start(record.id)

    def cancel(self, deployment: str, reason: str = "cancelled by hand") -> DeploymentStatus:
        """Stop a deployment and take its hosts back; returns where it is now. Raises `NotFound`."""
        with _reaching("nothing was cancelled"):
            self.ledger.cancel(deployment, reason)
            now = self.ledger.status(deployment)
        if not now.final:
            self._start(deployment)
        return now

    def status(self, deployment: str) -> Result:
        """Where a deployment is, or how it ended. Raises `NotFound`."""
        with _reaching("nothing is known of it"):
            try:
                return Result.of(self.ledger.snapshot(deployment))
            except NotFound:
                kept = archive.result(self.store, deployment) if is_id(deployment) else None
                if kept is None:
                    raise
                return Result.model_validate(kept)

    def deployments(self, limit: int = 100) -> list[Result]:
        """The last deployments, the newest first."""
        with _reaching("nothing is known"):
            found = []
            for name in self.ledger.ids(limit):
                with contextlib.suppress(NotFound):
                    found.append(self.status(name))
            return found

    def fetched(self, deployment: str) -> list[Note]:
        """The files that its hosts handed over and nobody has taken yet, the oldest first. Raises `NotFound`."""
        self.status(deployment)
        return fetched.notes(self.store, deployment)

    def save_fetched(self, deployment: str, note: Note, folder: Path) -> Path:
        """Write such a file below a folder, then forget it; its path.

        Raises `StoreError`, `OSError`, and `BadInput` while somebody follows: a worker may just be handing it to him.
        """
        if self.redis.exists(keys.receiver(deployment)):
            raise BadInput(
                f"somebody follows deployment {deployment} and puts its files in place",
                hint=f"wait for its end: deploy-tasks status {deployment}",
            )
        path = save_below(self.store, note, folder)
        fetched.forget(self.store, deployment, note)
        return path

    def limit(self, pattern: str | None) -> str | None:
        """The pattern with `@ID.failed`, `@ID.succeeded`… replaced by the hosts of that deployment."""
        if not pattern or "@" not in pattern:
            return pattern
        return _LIMIT.sub(lambda match: self._hosts(match[1], match[2]), pattern)

    def _hosts(self, deployment: str, what: str) -> str:
        hosts = self.status(deployment).select(what)
        if not hosts:
            raise BadInput(f"@{deployment}.{what} is no host", hint=f"deploy-tasks status {deployment} shows its hosts")
        return ",".join(hosts)

    def _ready(self) -> None:
        """Refuse a Redis that would throw away queues when it is full."""
        policy = self.redis.info("memory").get("maxmemory_policy", "noeviction")
        if policy != "noeviction" and not str(policy).startswith("volatile"):
            raise BadInput(
                f"Redis evicts keys when it is full ({policy}): deployments could vanish",
                hint="set maxmemory-policy noeviction",
            )

    def _start(self, deployment: str) -> None:
        """One message. If it cannot be sent the sweeper starts the deployment: it stands in the ledger."""
        try:
            application = broker.make_celery(self.settings, self.url)
            policy = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}
            application.send_task(
                broker.START, kwargs={"deployment": deployment}, ignore_result=True, retry=True, retry_policy=policy
            )
        except Exception as error:
            log.warning("%s is recorded; its first message was not sent (%s), workers will find it", deployment, error)

    def _last_event(self, deployment: str) -> str:
        last: Any = self.redis.xrevrange(keys.events(deployment), count=1)
        return str(last[0][0]) if last else "0"


@dataclass(frozen=True)
class Handle:
    """A deployment under way."""

    id: str
    producer: Producer = field(repr=False)
    after: str = "0"
    #: Puts files that the plan fetches in place while the deployment is followed; see `fetched` for what is left.
    receiver: Receiver | None = field(default=None, repr=False)

    def status(self) -> Result:
        """Where it is now."""
        return self.producer.status(self.id)

    def wait(self, timeout_s: float | None = None) -> Result:
        """Wait for its end. Raises `TimeoutError` after `timeout_s`; the deployment goes on then."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        for _ in self._follow():
            if until is not None and time.monotonic() > until:
                raise TimeoutError(f"deployment {self.id} has not ended after {timeout_s:g} s")
        return self.status()

    def events(self) -> Iterator[Event]:
        """What happens, from the beginning until its end."""
        return (event for event in self._follow() if event is not None)

    def cancel(self) -> DeploymentStatus:
        """Stop it and take its hosts back."""
        return self.producer.cancel(self.id)

    def rollback(self, *, with_later: bool = False) -> Handle:
        """Take its hosts back after its end; see `Producer.rollback`."""
        return self.producer.rollback(self.id, with_later=with_later)

    def _follow(self) -> Iterator[Event | None]:
        """Events, and `None` at least every second; meanwhile files that hosts hand over are put in place."""
        if self.receiver is None:
            yield from self._events()
            return
        with self.receiver.at_work(self.producer.redis, self.producer.store, self.id):
            yield from self._events()

    def _events(self) -> Iterator[Event | None]:
        """Events, and `None` at least every second. A Redis that is away for a while is waited for."""
        follower = Follower(self.producer.redis, self.id, self.after)
        heard = time.monotonic()
        while not follower.ended:
            try:
                events = follower.poll()
                yield from events
                yield None
                if not events and self._ended():
                    return
                heard = time.monotonic()
            except (RedisError, OSError) as error:
                if time.monotonic() - heard > _AWAY_S:
                    with _reaching(f"deployment {self.id} goes on without us"):
                        raise error
                time.sleep(_PAUSE_S)
                yield None

    def _ended(self) -> bool:
        """Whether it ended unseen: its events may be gone, as after a Redis that lost its data."""
        try:
            return self.producer.ledger.status(self.id).final
        except NotFound:
            return archive.result(self.producer.store, self.id) is not None


def _too_early(shot: Snapshot) -> BadInput:
    name = shot.head.record.id
    return BadInput(
        f"deployment {name} is {shot.head.status}", hint=f"deploy-tasks cancel {name} stops it and takes its hosts back"
    )


@contextlib.contextmanager
def _reaching(consequence: str) -> Iterator[None]:
    try:
        yield
    except OutOfMemoryError as error:
        raise BrokerLost(f"Redis is full ({error}); {consequence}", hint="raise maxmemory or wait") from None
    except (RedisError, OSError) as error:
        raise BrokerLost(
            f"Redis does not answer ({error}); {consequence}", hint="is it running? deploy-tasks doctor tells"
        ) from None


def deploy(
    plan: str | Path | Mapping[str, Any] | Sequence[Any] | Plan,
    inventory: str | Path | Inventory | None = None,
    *,
    verify: bool | None = None,
    limit: str | None = None,
    tags: Sequence[str] = (),
    skip_tags: Sequence[str] = (),
    extra_vars: Mapping[str, Any] | None = None,
    check: bool = False,
    diff: bool = False,
    parallel: int | None = None,
    serial: Sequence[int | str] = (),
    timeout_s: float | None = None,
    max_fail_percentage: float = 0,
    undo_failed: bool = True,
    rebuild: bool = False,
    confirm_within: float | None = None,
    target: str | None = None,
    deployment_id: str | None = None,
    vault_password_file: str | Path | None = None,
) -> Handle:
    """Deploy a plan to the hosts of an inventory and return at once with a handle.

    `plan` is a path (`.yml` is a playbook), `-`, a parsed document (a list is a playbook) or a plan; `limit` a host
    pattern, also `@ID.failed`; `serial` the sizes of batches; `timeout_s` the deadline of one host; `parallel` how many
    hosts are worked on at once; `confirm_within` the seconds in which a new connection must reach a host after its
    success: a host that is cut off takes itself back then. Files that the plan fetches are put in place while the
    handle is followed (`events`, `wait`).
    Raises `PlanError`, `InventoryError`, `BadInput` (nothing enqueued), `Refused` (hosts are held), `BrokerLost`.
    """
    producer = Producer()
    options = Options.checked(
        verify=bool(verify),
        check=check,
        diff=diff,
        tags=tuple(tags),
        skip_tags=tuple(skip_tags),
        parallel=parallel,
        timeout_s=timeout_s or producer.settings.timeout_s,
        deployment_timeout_s=producer.settings.deployment_timeout_s,
        max_fail_percentage=max_fail_percentage,
        undo_failed=undo_failed,
        rebuild=rebuild,
        confirm_within=confirm_within,
        keep=producer.settings.keep,
    )
    given = (Path(vault_password_file),) if vault_password_file else producer.settings.vault_password_files
    request = Request(
        plan,
        inventory,
        producer.limit(limit),
        extra_vars or {},
        serial,
        target,
        deployment_id,
        options,
        vault_password_files=given,
    )
    return producer.submit(prepare(request))


def status(deployment_id: str) -> Result:
    """Where a deployment is, or how it ended. Raises `NotFound`, `BrokerLost`."""
    return Producer().status(deployment_id)


def rollback(deployment_id: str, *, with_later: bool = False) -> Handle:
    """Take every host of an ended deployment back; `with_later` waits until later ones are taken back there first.

    Raises `NotFound`, `Refused` (hosts are held, or a later deployment is in the way), `NotTakenBack`, `BadInput`,
    `BrokerLost`.
    """
    return Producer().rollback(deployment_id, with_later=with_later)


def preview(deployment_id: str) -> dict[str, Any]:
    """What `rollback` would do, asked of every host; nothing is changed.

    Raises `NotFound`, `BadInput`, `BrokerLost`.
    """
    return Producer().preview(deployment_id)


def cancel(deployment_id: str) -> DeploymentStatus:
    """Stop a deployment and take its hosts back. Raises `NotFound`, `BrokerLost`."""
    return Producer().cancel(deployment_id)


def deployments(limit: int = 100) -> list[Result]:
    """The last deployments, the newest first. Raises `BrokerLost`."""
    return Producer().deployments(limit)
