"""`status`, `logs`, `rollback`, `cancel`: deployments that are under way or over."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from deploy_tasks.cli import follow, render, report, session, undoing, units
from deploy_tasks.cli.options import AsJson, Deployment, Verbose
from deploy_tasks.cli.taskline import task_lines

if TYPE_CHECKING:
    from deploy_tasks.producer import Handle, Result
    from deploy_tasks.rollout.later import Later

_FINE = ("succeeded", "running", "queued")
_COLUMNS = ("deployment", "status", "plan", "hosts on it", "started", "by")


def status(
    identity: Annotated[str | None, typer.Argument(metavar="[ID]", help="The deployment; without it: all.")] = None,
    as_json: AsJson = False,
) -> int:
    """Show a deployment and each of its hosts, or list the deployments that are known, newest first.

    The exit status of `status ID` is 0 only when the deployment succeeded.
    """
    with session.reading():
        from deploy_tasks import producer

        if identity is None:
            return _list(producer.deployments(), as_json)
        document = producer.status(identity).to_json()
    if as_json:
        render.out().print(json.dumps(document))
    else:
        for line in [*report.host_rows(document), *report.table(document)]:
            render.out().print(line)
    return 0 if document["status"] in _FINE else 1


def _list(deployments: Sequence[Result], as_json: bool) -> int:
    if as_json:
        render.out().print(json.dumps([each.to_json() for each in deployments]))
        return 0
    if not deployments:
        render.note("no deployments are known here")
        return 0
    for line in render.columns([_COLUMNS, *map(_cells, deployments)]):
        render.out().print(line)
    return 0


def _cells(each: Result) -> tuple[str, ...]:
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(each.created_at))
    good = sum(1 for host in each.hosts.values() if host.status.value in ("succeeded", "untouched"))
    return each.deployment_id, each.status.value, each.name, f"{good}/{len(each.hosts)}", started, each.by


def logs(
    identity: Deployment,
    host: Annotated[str | None, typer.Argument(metavar="[HOST]", help="Only this host.")] = None,
    as_json: AsJson = False,
) -> int:
    """Print what happened on the hosts of a deployment, task by task; follows one that is still running."""
    with session.reading():
        from deploy_tasks import producer

        producer.status(identity)
        for event in producer.Handle(identity, producer.Producer()).events():
            document = event.to_json()
            if host is not None and document.get("host") != host:
                continue
            if as_json:
                render.out().print(json.dumps(document))
                continue
            for line in task_lines(document, with_host=host is None):
                render.out().print(line)
    return 0


def rollback(
    identity: Deployment,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; ask every host what would come back, and what would not.")
    ] = False,
    with_later: Annotated[
        bool,
        typer.Option("--with-later", help="Take later deployments back on these hosts first, the newest before all."),
    ] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Take the hosts of a deployment back to what they were before it.

    What others have changed since is left alone and reported. A host on which later deployments stand is refused.
    """
    if dry_run:
        return _foreseen(identity, with_later, as_json, verbose)

    def start() -> Handle:
        from deploy_tasks import producer

        def tell(each: Later) -> None:
            render.note("first", each.deployment, units.names(each.hosts))

        return producer.Producer().rollback(identity, with_later=with_later, tell=tell)

    with follow.told_as_json(as_json):
        return follow.carry_out(start, follow.View(as_json=as_json, wanted="rolled_back", verbose=verbose))


def _foreseen(identity: str, with_later: bool, as_json: bool, verbose: bool) -> int:
    """Nothing is changed. 0 when everything would come back, 1 when not or when a host cannot say."""
    with follow.told_as_json(as_json), session.running(quiet=as_json):
        from deploy_tasks import producer

        asking = producer.Producer()
        document = asking.preview(identity)
        if as_json:
            render.out().print(json.dumps(document))
        else:
            for line in undoing.foreseen(document, verbose=verbose):
                render.out().print(line)
        if not with_later:
            asking.later(identity, document["hosts"], refuse=True)
    found = undoing.incomplete(document)
    if found:
        render.error(f"{found}: what is left alone would stay as it is", None)
    return 1 if found else 0


def cancel(identity: Deployment) -> int:
    """Stop a deployment: hosts that wait are left out, hosts at work are stopped and taken back."""
    with session.reading():
        from deploy_tasks import producer

        answer = producer.cancel(identity)
    render.note(f"{identity}: {answer or 'cancelling'}")
    render.hint(f"deploy-tasks status {identity}")
    return 0
