"""Tasks that another host, or this machine, performs for a host: `delegate_to`.

What is done is the program's, which the other host gets and checks as its own; values come from the host that asks.
Every such task has an entry of its own on the host that performs it, noted in the ledger before it begins, so that
taking a host back takes back what it had others change.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy_tasks import transport
from deploy_tasks.compiler import lower_vars, this_machine
from deploy_tasks.errors import BadInput, DeployError
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.views import Grant
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.errands import Errand
from deploy_tasks.tasks.material import Material

LOCALHOST = frozenset({"localhost", "127.0.0.1", "::1"})
#: Tries of one conversation that was lost midway; the host answers the second with what it did at the first.
_TRIES = 3
_PAUSE_S = 0.5
_UNDO_S = 120.0
_CONNECTION = ("ansible_host", "ansible_port", "ansible_user", "ansible_connection")


@dataclass(frozen=True, slots=True)
class Place:
    """A host that performs a task for another: its name, the way to it, its platform, its connection variables."""

    name: str
    endpoint: transport.Endpoint
    triple: str
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """One entry, as the ledger has it. `run` tells the asking host's runs of one batch apart; `at`, milliseconds of
    Redis's clock, orders the entries of a deployment."""

    entry: str
    asker: str
    target: str
    task: str
    batch: int
    run: str
    at: int


def place(here: Context, deployment: Material, name: str, absent: frozenset[str] = frozenset()) -> Place:
    """Where a delegated task goes. Raises `BadInput` for a name that is none of the inventory, or that of a host that
    is `absent`, as no `add_host` has added it yet."""
    hosts = {each: host for each, host in deployment.inventory.hosts.items() if each not in absent}
    host = hosts.get(name) or next((host for host in hosts.values() if host.address == name), None)
    if host is not None:
        variables = {key: value for key, value in host.vars.items() if key in _CONNECTION}
        return Place(host.name, transport.Endpoint.of(host), deployment.triple(host), lower_vars(variables))
    if name in LOCALHOST:
        return _this_machine(here)
    if name in absent:
        raise BadInput(f"{name[:100]!r} is in no inventory, and no add_host has added it yet")
    raise BadInput(
        f"{name[:100]!r} is no host of the inventory",
        hint="add it to the inventory, or delegate to localhost, which is the worker's machine",
    )


def _this_machine(here: Context) -> Place:
    """The worker's own machine, as the worker's own user."""
    state_dir = here.settings.state_dir.resolve() / "localhost"
    endpoint = transport.Endpoint("localhost", "localhost", connection="local", state_dir=str(state_dir))
    return Place(
        "localhost", endpoint, this_machine().triple, {"ansible_connection": "local", "ansible_host": "localhost"}
    )


def forbidden(errand: Errand, to: Place) -> str | None:
    """Why the worker's machine does not perform this task, if so: it acts as nobody but the worker."""
    if to.name != "localhost" or to.endpoint.connection != "local" or to.endpoint.become:
        return None
    me = getpass.getuser()
    if errand.become_user not in (None, me) and errand.become is not False:
        return f"the worker runs as {me} on its machine and performs nothing there as {errand.become_user}"
    if errand.become not in (None, False) and errand.become_user is None and os.geteuid() != 0:
        return f"the worker runs as {me} on its machine and cannot become root there: set become: false"
    return None


class Delegation:
    """What one host has others do, in one conversation. The first task takes back what an earlier run of the same batch
    had left: the host has undone its own part of that and begun anew."""

    def __init__(self, here: Context, deployment: Material, grant: Grant, batch: int) -> None:
        self._here = here
        self._deployment = deployment
        self._grant = grant
        self._batch = batch
        self._fresh = False

    def perform(
        self,
        errand: Errand,
        question: Mapping[str, Any],
        to: Place,
        *,
        deadline_s: float,
        cancelled: Callable[[], bool],
        on_question: transport.OnQuestion,
    ) -> dict[str, Any]:
        """Have a task performed; the answer is its result, or `unreachable`, or `error`. Raises `DeployError`.

        `on_question` gets what the other host asks while it performs it.
        """
        if (why := forbidden(errand, to)) is not None:
            return {"error": why}
        check = bool(question.get("check"))
        self._begin(str(question["run"]))
        note = self._note(question, to, check)
        request = self._request(question, to, note.entry, deadline_s)
        shipment = self._deployment.shipment_to(self._here.store, to.triple, note.entry, self._grant)
        until = time.monotonic() + deadline_s
        results: list[Any] = []

        def on_event(event: Mapping[str, Any]) -> None:
            if event.get("event") == "result":
                results.append(event.get("result"))

        touched = False
        for last in (False,) * (_TRIES - 1) + (True,):
            left = max(until - time.monotonic(), 0.1)
            try:
                report = transport.push(
                    to.endpoint,
                    shipment,
                    request,
                    pool=self._here.pool,
                    on_event=on_event,
                    deadline_s=left,
                    cancelled=cancelled,
                    do="task",
                    on_question=on_question,
                )
                return _answer(to, report.summary, results)
            except transport.TransportError as error:
                touched = touched or error.touched
                again = error.retryable and error.touched and not cancelled() and left > _PAUSE_S
                if last or not again:
                    if not touched:  # the task has not been there: nothing is to be taken back
                        self._here.redis.hdel(keys.delegated(self._grant.deployment), note.entry)
                    return _failure(to, error)
                time.sleep(_PAUSE_S)
        raise AssertionError("the last try returns")

    def _begin(self, run: str) -> None:
        if self._fresh:
            return
        known = notes(self._here, self._grant)
        stale = [note for note in known if note.batch == self._batch and note.run != run]
        taken = take_back(self._here, self._deployment, self._grant, stale)
        if taken.problems:
            raise BadInput(f"an earlier attempt had others do what could not be taken back: {taken.problems[0]}")
        self._fresh = True

    def _note(self, question: Mapping[str, Any], to: Place, check: bool) -> Note:
        """The entry of a question, in the ledger before anything happens. A check leaves none. A question that comes
        again, by another worker, has the same entry: it is not performed twice."""
        grant, run = self._grant, str(question["run"])
        entry = f"{grant.deployment}~{tag(grant.host)}.{run}.{question['id']}"
        now = self._here.ledger.now_ms()
        note = Note(entry, grant.host, to.name, str(question["task"]), self._batch, run, now)
        if not check:
            key = keys.delegated(grant.deployment)
            with self._here.redis.pipeline() as pipe:
                pipe.hset(key, entry, json.dumps(asdict(note)))
                pipe.expire(key, int(self._here.settings.record_days * 86400))
                pipe.execute()
        return note

    def _request(self, question: Mapping[str, Any], to: Place, entry: str, deadline_s: float) -> dict[str, Any]:
        """The request of one task: values of the asking host, and above them those that the worker knows itself."""
        own = {"inventory_hostname": self._grant.host, "inventory_hostname_short": self._grant.host.split(".")[0]}
        return {
            "deployment": entry,
            "sequence": self._grant.sequence,
            "attempt": 1,
            "host": self._grant.host,
            "vars": {"ansible_host": to.name, **to.variables, **own},
            "extra_vars": {**self._deployment.lowered_extra, **self._deployment.answers(self._here).variables},
            "check": bool(question.get("check")),
            "diff": bool(question.get("diff")),
            "task": str(question["task"]),
            "given": question.get("given") or {},
            "undo_on_failure": True,
            "deadline_s": round(deadline_s, 3),
            "orphan": "finish",
            "keep": self._deployment.record.options.keep,
        }


def _answer(to: Place, summary: Mapping[str, Any], results: list[Any]) -> dict[str, Any]:
    if summary.get("status") != "succeeded":
        told = summary.get("error")
        why = told.get("msg") if isinstance(told, dict) else summary.get("status")
        return {"error": f"{to.name} did not perform it: {str(why)[:1000]}"}
    if not results or not isinstance(results[-1], dict):
        return {"error": f"{to.name} has performed it, but its result was lost with the connection"}
    return {"result": results[-1], "host": to.name}


def _failure(to: Place, error: transport.TransportError) -> dict[str, Any]:
    lost = (
        transport.Unreachable,
        transport.HostKeyRefused,
        transport.AuthRefused,
        transport.HostSilent,
        transport.ConnectionLost,
    )
    if isinstance(error, lost):
        return {"unreachable": f"{to.name}: {error}", "host": to.name}
    return {"error": f"{to.name}: {error}"}


def tag(host: str) -> str:
    """What stands for a host's name in the name of a folder."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", host)[:20]
    return f"{plain}-{hashlib.sha256(host.encode()).hexdigest()[:6]}"


@dataclass
class Taken:
    """What taking back delegated tasks came to: paths as `host:path`, and what is left, a sentence each."""

    undone: list[str] = field(default_factory=list)
    conflicted: list[dict[str, Any]] = field(default_factory=list)
    irreversible: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def into(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """A runner's summary of taking back, with this added to it."""
        if not (self.undone or self.conflicted or self.irreversible or self.problems):
            return dict(summary)
        own = summary.get("undo") or {}
        undo = {
            name: [*(own.get(name) or ()), *getattr(self, name)] for name in ("undone", "conflicted", "irreversible")
        }
        if not self.problems:
            return {**summary, "undo": undo}
        error = {"msg": f"what others did for it could not all be taken back: {'; '.join(self.problems)}"}
        return {**summary, "undo": undo, "status": "undo_failed", "phase": "undoing", "error": error}


def take_all_back(here: Context, deployment: Material, grant: Grant) -> Taken:
    """Have others undo everything that they did for a host. Raises `RedisError`."""
    return take_back(here, deployment, grant, notes(here, grant))


def notes(here: Context, grant: Grant) -> list[Note]:
    """What a host has had others do, the newest first. Raises `RedisError`."""
    found = [Note(**json.loads(text)) for text in here.redis.hvals(keys.delegated(grant.deployment))]
    return sorted((note for note in found if note.asker == grant.host), key=lambda note: note.at, reverse=True)


def take_back(here: Context, deployment: Material, grant: Grant, entries: Iterable[Note]) -> Taken:
    """Have other hosts undo what they did for one, in the order given. Doing it twice changes nothing."""
    taken = Taken()
    for note in entries:
        try:
            to = place(here, deployment, note.target)
            summary = _undo(here, deployment, grant, note, to)
        except DeployError as error:
            taken.problems.append(f"{note.target}: {error}")
            continue
        undo = summary.get("undo") or {}
        taken.undone += [f"{note.target}:{path}" for path in undo.get("undone") or ()]
        for name, items in (("conflicted", taken.conflicted), ("irreversible", taken.irreversible)):
            items += [{**item, "host": note.target} for item in undo.get(name) or () if isinstance(item, dict)]
        if summary.get("status") == "rolled_back":
            here.redis.hdel(keys.delegated(grant.deployment), note.entry)
        else:
            taken.problems.append(f"{note.target}: task {note.task} was not taken back completely")
    return taken


def _undo(here: Context, deployment: Material, grant: Grant, note: Note, to: Place) -> dict[str, Any]:
    request = {"deployment": note.entry, "sequence": grant.sequence, "attempt": 1, "host": note.target, "vars": {}}
    shipment = deployment.shipment_to(here.store, to.triple, note.entry, grant, undo=True)
    return transport.undo(to.endpoint, shipment, request, pool=here.pool, deadline_s=_UNDO_S).summary
