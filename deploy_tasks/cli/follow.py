"""Waiting for a deployment: progress while it runs, Ctrl-C, the final table, the exit status."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deploy_tasks.cli import failure, render, report, session, undoing
from deploy_tasks.cli.changes import Changes
from deploy_tasks.cli.interrupt import Interrupts, interrupts
from deploy_tasks.cli.progress import Progress
from deploy_tasks.cli.request import facts
from deploy_tasks.errors import BadInput, DeployError

if TYPE_CHECKING:
    from deploy_tasks.producer import Handle, Prepared

#: Seconds until a deployment that nobody takes is worth a word; workers of our own are only just starting.
_PATIENCE_S, _OWN_PATIENCE_S = 8.0, 60.0
_NOBODY_YET = {"queued", "cancelling"}


@dataclass(frozen=True, slots=True)
class View:
    """How the end is shown. `wanted` is the status that counts as success, `redo` the command of a second try,
    `plan` the name of the plan and facts about it."""

    as_json: bool = False
    wanted: str = "succeeded"
    redo: str = "deploy-tasks deploy"
    verbose: bool = False
    changes: bool = False
    check: bool = False
    plan: tuple[str, ...] = ()


@contextmanager
def told_as_json(as_json: bool) -> Iterator[None]:
    """With `--json` an error is a document too, besides being told on standard error."""
    try:
        yield
    except (DeployError, OSError) as error:
        if as_json:
            failure.tell_as_json(error)
        raise


def deployed(ready: Prepared, view: View) -> int:
    """Carry out a checked request; returns the exit status."""
    from deploy_tasks.producer import Producer

    return carry_out(lambda: Producer().submit(ready), replace(view, plan=facts(ready)))


def carry_out(start: Callable[[], Handle], view: View) -> int:
    """Start something that changes hosts, follow it to its end, print the result; returns the exit status.

    `start` enqueues it and returns its handle; broker and workers are provided around it.
    """
    changes = Changes()
    with interrupts() as asked:
        document = _followed(start, asked, view, changes)
    _show(document, view, changes)
    if asked.interrupted:
        return failure.INTERRUPTED
    return 0 if document["status"] == view.wanted else 1


def detach(ready: Prepared, view: View) -> int:
    """Enqueue, print the id, leave. Needs a service that carries it out when we are gone."""
    from deploy_tasks.producer import Producer

    if not session.service_runs():
        raise BadInput("--detach needs a running service, and none is", hint="deploy-tasks up")
    identity = Producer().submit(ready).id
    render.out().print(json.dumps({"deployment_id": identity, "status": "queued"}) if view.as_json else identity)
    render.hint(f"deploy-tasks status {identity}")
    return 0


def _followed(start: Callable[[], Handle], asked: Interrupts, view: View, changes: Changes) -> dict[str, Any]:
    with session.running(quiet=view.as_json) as own, Progress(quiet=view.as_json) as progress:
        if view.plan:
            progress.plan(view.plan[0], view.plan[1:])
        handle = start()
        asked.on_first(handle.cancel)
        with _leaving(handle.id), _impatience(handle.id, _OWN_PATIENCE_S if own else _PATIENCE_S) as idle:
            for event in handle.events():
                document = event.to_json()
                if document.get("status") not in _NOBODY_YET:
                    idle.cancel()
                if document.get("batch") == 0:
                    _compiled(handle, progress)
                progress.feed(document)
                changes.feed(document)
        return handle.wait().to_json()


@contextmanager
def _leaving(identity: str) -> Iterator[None]:
    """Who leaves is told what becomes of the deployment."""
    try:
        yield
    except KeyboardInterrupt:
        raise failure.Interrupted(
            f"left before the end of {identity}; workers finish it when they run",
            hint=f"deploy-tasks status {identity}",
        ) from None


@contextmanager
def _impatience(identity: str, seconds: float) -> Iterator[threading.Timer]:
    """Says so when nothing happens for a while."""
    idle = threading.Timer(seconds, _nobody_works, (identity,))
    idle.daemon = True
    idle.start()
    try:
        yield idle
    finally:
        idle.cancel()


def _compiled(handle: Handle, progress: Progress) -> None:
    """When the first batch begins, everything is compiled."""
    for triple, artifact in handle.status().artifacts.items():
        facts = {"size": artifact.size, "cached": artifact.cached, "duration_s": artifact.seconds}
        progress.feed({"kind": "artifact", "triple": triple, **facts})


def _nobody_works(identity: str) -> None:
    render.warning(f"no worker has taken {identity} yet")
    render.hint("deploy-tasks doctor")


def _show(document: dict[str, Any], view: View, changes: Changes) -> None:
    out = render.out()
    if view.as_json:
        out.print(json.dumps(document))
        return
    if view.changes:
        for line in changes.lines(check=view.check):
            out.print(line)
    if view.verbose:
        for line in [*report.host_rows(document), *undoing.restored(document["hosts"])]:
            out.print(line)
    report.show(document, view.redo, view.wanted)
