"""`list`, `cleanup` and `inventory`: hosts, and what lies on them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from deploy_tasks.cli import render, units
from deploy_tasks.cli.options import AsJson, Hosts, Inventory, Limit, split
from deploy_tasks.errors import BadInput
from deploy_tasks.plan.inventory import load_inventory

Keep = Annotated[int, typer.Option(min=1, metavar="N", help="How many good deployments stay on each host.")]


def list_(hosts: Hosts = None, inventory: Inventory = None, limit: Limit = None, as_json: AsJson = False) -> int:
    """List the deployments that lie on hosts, the newest first; `*` marks those in effect, `--json` tells each host's.

    Examples: `deploy-tasks list -i hosts.ini`, `deploy-tasks list web-1 web-2`
    """
    from deploy_tasks.cli import asking

    answers = asking.ask_all(asking.hosts(hosts, inventory, limit), "list")
    if as_json:
        return _as_json(answers)
    for line in render.columns(_applied(answers)):
        render.out().print(line)
    empty = [name for name, answer in answers.items() if isinstance(answer, Mapping) and not answer.get("deployments")]
    if empty:
        render.note(f"no deployment on {units.names(empty)}")
    return _failures(answers)


def cleanup(
    hosts: Hosts = None,
    inventory: Inventory = None,
    limit: Limit = None,
    keep: Keep = 1,
    everything: Annotated[
        bool, typer.Option("--all", help="Keep none, and no executable either: the last way back goes too.")
    ] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask whether --all is meant.")] = False,
    as_json: AsJson = False,
) -> int:
    """Remove older deployments from hosts: executables, journals and saved files. What they deployed stays.

    A deployment that was removed cannot be rolled back any more. One that is still under way is never removed.
    """
    from deploy_tasks.cli import asking

    if everything:
        keep = 0
        _confirm(yes)
    answers = asking.ask_all(asking.hosts(hosts, inventory, limit), "prune", keep=keep)
    if as_json:
        return _as_json(answers)
    for name, answer in answers.items():
        if isinstance(answer, Mapping):
            pruned = answer.get("pruned") or {}
            removed = units.count(len(pruned.get("deployments") or []), "deployment")
            render.out().print(render.row("removed", name, f"{removed}, {units.size(float(pruned.get('bytes') or 0))}"))
    return _failures(answers)


def _confirm(yes: bool) -> None:
    """With the last deployment goes the way back, so nobody loses it by a slip of the hand."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput(
            "after --all no deployment can be rolled back any more", hint="say that it is meant: --all --yes"
        )
    typer.confirm("No deployment can be rolled back any more. Remove everything?", abort=True, err=True)


def inventory(
    source: Annotated[str, typer.Argument(metavar="INVENTORY", help="The inventory.")],
    limit: Limit = None,
    as_json: AsJson = False,
) -> int:
    """List the hosts of an inventory with their groups and addresses; passwords and variables are not shown."""
    found = load_inventory(source)
    chosen = [found.hosts[name] for name in found.select(split([limit] if limit else None))]
    if as_json:
        rows = [
            {"host": host.name, "address": host.address, "port": host.port, "groups": host.groups} for host in chosen
        ]
        render.out().print(json.dumps(rows))
        return 0
    for line in render.columns((host.name, f"{host.address}:{host.port}", " ".join(host.groups)) for host in chosen):
        render.out().print(line)
    return 0


def _applied(answers: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each deployment with the hosts it lies on, the newest first."""
    groups: dict[tuple[str, str], list[str]] = {}
    newest: dict[tuple[str, str], str] = {}
    for name, answer in answers.items():
        for item in answer.get("deployments") or [] if isinstance(answer, Mapping) else []:
            mark = "*" if item.get("applied") else " "
            key = f"{mark} {item.get('deployment')}", str(item.get("status"))
            groups.setdefault(key, []).append(name)
            newest[key] = max(newest.get(key, ""), str(item.get("at")))
    ordered = sorted(groups, key=lambda key: newest[key], reverse=True)
    return [(*key, newest[key], units.count(len(groups[key]), "host"), units.names(groups[key])) for key in ordered]


def _as_json(answers: Mapping[str, Any]) -> int:
    document = {
        name: dict(answer) if isinstance(answer, Mapping) else {"error": str(answer)}
        for name, answer in answers.items()
    }
    render.out().print(json.dumps(document))
    return _status(answers)


def _failures(answers: Mapping[str, Any]) -> int:
    groups: dict[str, list[str]] = {}
    for name, answer in answers.items():
        if not isinstance(answer, Mapping):
            groups.setdefault(str(answer), []).append(name)
    for message, names in groups.items():
        render.error(f"{units.names(names)}: {message}")
    return _status(answers)


def _status(answers: Mapping[str, Any]) -> int:
    return 1 if any(not isinstance(answer, Mapping) for answer in answers.values()) else 0
