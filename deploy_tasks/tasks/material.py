"""What a worker reads for a deployment: its record, its bundle, its artifacts. Read once per process, kept briefly."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from deploy_tasks.compiler import host_variables, lower_secrets, lower_vars
from deploy_tasks.compiler.asking import Document
from deploy_tasks.errors import BadInput, InventoryError, StoreError
from deploy_tasks.plan.bundle import read_bundle
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.model import Plan, Play
from deploy_tasks.plan.vault import secret_texts
from deploy_tasks.plan.worker_lookups import Asked
from deploy_tasks.rollout.prepare import DEFAULT_TRIPLE
from deploy_tasks.rollout.record import Record
from deploy_tasks.rollout.views import Grant
from deploy_tasks.secret import Masker, secret_values
from deploy_tasks.store import Store
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.errands import Contents, Errand, contents
from deploy_tasks.tasks.looked_up import Answers, answers, asked, asked_secrets
from deploy_tasks.tasks.programs import read_program
from deploy_tasks.tasks.said import says
from deploy_tasks.tasks.sharing import Others, Reads, others
from deploy_tasks.transport import Piece, Shipment

T = TypeVar("T")
KEPT = 16


class Shelf:
    """The last few of something, each made once even when many threads ask at the same moment."""

    def __init__(self, size: int = KEPT) -> None:
        self._size = size
        self._items: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def get(self, name: str, make: Callable[[], T]) -> T:
        """The item of that name, made if it is not there."""
        with self._lock:
            if name in self._items:
                self._items.move_to_end(name)
                found: T = self._items[name]
                return found
            turn = self._making.setdefault(name, threading.Lock())
        with turn:
            with self._lock:
                if name in self._items:
                    made: T = self._items[name]
                    return made
            made = make()
            with self._lock:
                self._items[name] = made
                self._making.pop(name, None)
                while len(self._items) > self._size:
                    self._items.popitem(last=False)
        return made


@dataclass(frozen=True)
class Material:
    """One deployment as the workers of its hosts need it."""

    record: Record
    inventory: Inventory
    extra_vars: Mapping[str, Any]
    lowered_extra: Mapping[str, Any]
    secrets: tuple[str, ...]
    artifacts: Mapping[str, Mapping[str, Any]]
    reads: Reads
    players: tuple[frozenset[str] | None, ...] = ()
    fatal: frozenset[str] = frozenset()
    asked: Mapping[str, Asked] = field(default_factory=dict)
    patterns: tuple[tuple[str, ...], ...] = ()

    def host(self, name: str) -> Host:
        """A host of the inventory; raises `KeyError`."""
        return self.inventory.hosts[name]

    @property
    def single(self) -> bool:
        """Whether nobody but one host is concerned by what is said of hosts."""
        return len(self.record.hosts) == 1 and not self.inventory.added

    @property
    def lifetime_s(self) -> int:
        """How long what hosts tell each other may be wanted, seconds."""
        return int(self.record.options.deployment_timeout_s) + 3600

    def contents(self, store: Store) -> Contents:
        """What the program has for others. Raises `StoreError`."""
        document = next(iter(self.artifacts.values()))
        program = str(document["parts"][-1]["digest"])
        return _programs.get(program, lambda: contents(_blob(store, program)))

    def errands(self, store: Store) -> Mapping[str, Errand]:
        """The tasks that hosts may ask about, by id. Raises `StoreError`."""
        return self.contents(store).errands

    def foreign_facts(self, batch: int, store: Store) -> tuple[str, ...]:
        """The subsets of facts that a host of the batch may read of other hosts: those that plays up to there gather,
        when the plan reads facts of others at all. Raises `StoreError`."""
        facts = self.reads.everything or any(name.startswith("ansible_") for name in self.reads.names)
        if not facts or len(self.record.hosts) == 1:
            return ()
        stage = self.record.stages[self.record.stage(batch)] if self.record.stages else None
        gathered = self.contents(store).facts[: stage.plays[1] if stage else None]
        found = sorted({subset for subsets in gathered for subset in subsets})
        return ("all",) if "all" in found else tuple(found)

    def triple(self, host: Host) -> str:
        """The platform of any host of the inventory."""
        if host.name in self.record.hosts:
            return self.record.triple_of(host.name)
        return host.target or DEFAULT_TRIPLE

    def peers(self, task: str, batch: int, store: Store, absent: frozenset[str]) -> tuple[str, ...]:
        """The hosts of a batch that the task's play is for, as far as that is known before it runs, without those that
        are not there yet."""
        play = self.errands(store)[task].play
        players = self.players[play] if play < len(self.players) else None
        here = [name for name in self.record.batch(batch) if name not in absent]
        return tuple(name for name in here if players is None or name in players)

    def tolerance(self, task: str, batch: int, store: Store) -> float:
        """The percentage of a batch's hosts on which the task may fail before it is begun on no other host."""
        where = self.errands(store)[task].where
        return 0.0 if where and where in self.fatal else self.record.budget(batch)

    def masker(self, host: Host, others: Others | None = None) -> Masker:
        """What hides the secrets of this deployment and host, and of what it is told of others."""
        return Masker([*self.secrets, *secret_values(host.vars), *(others.secrets if others else ())])

    def answers(self, here: Context, *, now: bool = True) -> Answers:
        """What the plan's lookups found on the worker; see `looked_up.answers`."""
        return answers(here, self.record.id, self.asked, lifetime_s=self.lifetime_s, now=now)

    def document(self, store: Store) -> Document:
        """The lookups, variables and loops of the program, for what hosts may ask. Raises `StoreError`."""
        program = str(next(iter(self.artifacts.values()))["parts"][-1]["digest"])
        return _documents.get(program, lambda: Document().read(json.loads(read_program(_blob(store, program)))))

    def others(self, here: Context, grant: Grant) -> Others:
        """What the host is told of others in its batch and of lookups. Raises `StoreError`, `RedisError`."""
        if grant.phase == "undo":
            with contextlib.suppress(StoreError):
                found = self.answers(here, now=False)
                return Others(answers=found.variables, secrets=(*found.secrets, *asked_secrets(here, grant)))
            return Others()
        found = self.answers(here)
        found = replace(found, secrets=(*found.secrets, *asked_secrets(here, grant)))
        telling = not self.single and any(says(errand) for errand in self.errands(here.store).values())
        if not (self.reads.variables or self.reads.players or telling):
            return Others(answers=found.variables, secrets=found.secrets)
        name = f"{self.record.id} {grant.batch} {grant.sequence}"
        told = _told.get(name, lambda: self._others(here, grant))
        return replace(told, answers=found.variables, secrets=(*told.secrets, *found.secrets))

    def _others(self, here: Context, grant: Grant) -> Others:
        return others(here, self.record, self.inventory, self.reads, grant.batch, self.patterns)

    def absent(self, here: Context, grant: Grant) -> frozenset[str]:
        """The hosts that no `add_host` had added when the batch began. Raises `StoreError`, `RedisError`."""
        return self.others(here, grant).absent if self.inventory.added else frozenset()

    def shipment(self, store: Store, grant: Grant) -> Shipment:
        """What the host may have to be sent."""
        triple = self.record.triple_of(grant.host)
        return self._shipment(store, triple, self.record.id, grant.sequence, grant.attempt, grant.phase == "undo")

    def shipment_to(self, store: Store, triple: str, entry: str, grant: Grant, *, undo: bool = False) -> Shipment:
        """What a host may have to be sent that performs a task for the granted one, or takes it back.

        Raises `BadInput` when nothing was compiled for its platform.
        """
        if triple not in self.artifacts:
            raise BadInput(
                f"the deployment has no artifact for {triple}, only for {', '.join(self.artifacts)}",
                hint="set target_triple of the host in the inventory to what it is",
            )
        return self._shipment(store, triple, entry, grant.sequence, 1, undo)

    def _shipment(
        self, store: Store, triple: str, deployment: str, sequence: int, attempt: int, undo: bool
    ) -> Shipment:
        document = self.artifacts[triple]
        runner = document["runner"]
        fetch = _blob_if_there if undo else _blob
        return Shipment(
            deployment=deployment,
            sequence=sequence,
            attempt=attempt,
            artifact=document["digest"],
            runner_digest=runner["digest"],
            runner_size=runner["size"],
            runner_packed=fetch(store, runner["packed"]),
            parts=tuple(
                Piece(part["digest"], part["size"], fetch(store, part["digest"])) for part in document["parts"]
            ),
            trailer=base64.b64decode(document["trailer"]),
            uname_s=document["uname_s"],
            uname_m=document["uname_m"],
            keep=self.record.options.keep,
        )

    def request(
        self, host: Host, grant: Grant, deadline_s: float, store: Store, others: Others | None = None
    ) -> dict[str, Any]:
        """The request line of the dialogue. It may hold secrets and goes nowhere but to the host."""
        options = self.record.options
        absent = others.absent if others else frozenset[str]()
        return {
            **(others.request(host.name) if others else {}),
            **self._stage(host, grant, others),
            **({"confirm_s": options.confirm_within} if options.confirm_within and not options.check else {}),
            "deployment": self.record.id,
            "sequence": grant.sequence,
            "attempt": grant.attempt,
            "host": host.name,
            "vars": (others or Others()).variables(host.name, host_variables(host, self.inventory)),
            "extra_vars": {**self.lowered_extra, **(others.answers if others else {})},
            "check": options.check,
            "diff": options.diff,
            "tags": list(options.tags),
            "skip_tags": list(options.skip_tags),
            "verify": options.verify,
            "undo_on_failure": options.undo_failed,
            "deadline_s": round(deadline_s, 3),
            "orphan": "finish",
            "keep": options.keep,
            "alone": sum(name not in absent for name in self.record.batch(grant.batch)) == 1,
            "single": self.single,
            **({"joins": True} if self.inventory.layers else {}),
            "foreign_facts": grant.phase == "push" and bool(self.foreign_facts(grant.batch, store)),
        }

    def _stage(self, host: Host, grant: Grant, others: Others | None) -> dict[str, Any]:
        """The part of the plan that is due, in a deployment of several stages."""
        record = self.record
        if not record.stages or grant.phase == "undo":
            return {}
        number = record.stage(grant.batch)
        before = record.earlier(host.name, grant.batch)
        told = others.said.get(host.name) if others and host.name in self.inventory.added else None
        if before is not None and told is not None and told.added is not None and before <= told.added:
            before = None  # it was not there yet
        share = self.reads.to_json() if number + 1 < len(record.stages) else []
        stage = {
            "number": number,
            "after": None if before is None else record.stage(before),
            "last": record.later(host.name, grant.batch) is None,
            "plays": list(record.stages[number].plays),
            "share": share,
        }
        return {"stage": stage}


_materials = Shelf()
_told = Shelf()
_blobs = Shelf(64)
_programs = Shelf()
_documents = Shelf()


def material(here: Context, deployment: str) -> Material:
    """The material of a deployment whose artifacts are compiled."""
    return _materials.get(deployment, lambda: _read(here, deployment))


def _read(here: Context, deployment: str) -> Material:
    head = here.ledger.head(deployment)
    plan, inventory, options = _contents(here.store, head.record.bundle)
    extra = options.get("extra_vars") or {}
    secrets = [*secret_values(extra), *secret_texts(plan.secret_vars), *inventory.secrets]
    for variables in inventory.layers.variables() if inventory.layers else ():
        secrets.extend(secret_values(variables))
    for play in plan.plays:
        secrets.extend(secret_values(play.vars))
        for task in play.walk():
            secrets.extend(secret_values({"vars": task.vars, "args": task.args}))
    artifacts = {triple: head.artifact(triple) or {} for triple in head.record.triples}
    lowered = lower_secrets(plan) | lower_vars(extra)
    players = tuple(_players(play, inventory) for play in plan.plays)
    reads = Reads.of(options)
    made = Material(head.record, inventory, extra, lowered, tuple(secrets), artifacts, reads, players, _fatal(plan))
    patterns = tuple(play.hosts for play in plan.plays)
    return replace(made, patterns=patterns, asked=_asked(here.store, made))


def _asked(store: Store, made: Material) -> dict[str, Asked]:
    """What the plan has the worker look up. An undo, which needs none of it, may find the program gone."""
    document = next((each for each in made.artifacts.values() if each), None)
    if document is None:
        return {}
    with contextlib.suppress(StoreError):
        return asked(_blob(store, str(document["parts"][-1]["digest"])), made.inventory, made.lowered_extra)
    return {}


def _fatal(plan: Plan) -> frozenset[str]:
    """Where the tasks stand whose failure on one host ends the deployment for all."""
    return frozenset(task.where for task in plan.walk() if task.any_errors_fatal and task.where)


def _players(play: Play, inventory: Inventory) -> frozenset[str] | None:
    """The hosts a play is for; None when that is known only when it runs."""
    try:
        return frozenset(inventory.select(play.hosts))
    except InventoryError:
        return None


def _contents(store: Store, digest: str) -> tuple[Plan, Inventory, dict[str, Any]]:
    with read_bundle(store.get(digest)) as bundle:
        return bundle.plan, bundle.inventory, bundle.options


def _blob(store: Store, digest: str) -> Path:
    """A blob of the store, checked against its digest once per process; the host checks what it gets again."""
    return _blobs.get(digest, lambda: store.get(digest))


def _blob_if_there(store: Store, digest: str) -> Path:
    """The same for an undo, which needs what the host has and nothing of ours: for a blob that the store has lost an
    empty file stands in, which no host accepts."""
    try:
        return _blob(store, digest)
    except StoreError:
        return Path(os.devnull)
