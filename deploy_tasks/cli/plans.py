"""`validate` and `compile`: what can be done with a plan without touching a host."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deploy_tasks.cli import executables, failure, inputs, render, units, variables
from deploy_tasks.cli.options import AsJson, ExtraVars, Inventory, Limit, Plan, VaultPasswords, split, vault_passwords
from deploy_tasks.compiler.targets import normalise, this_machine
from deploy_tasks.errors import BadInput, DeployError
from deploy_tasks.plan.load import Given


def validate(
    plan: Plan,
    inventory: Inventory = None,
    limit: Limit = None,
    extra_vars: ExtraVars = None,
    vault_password_file: VaultPasswords = None,
    as_json: AsJson = False,
) -> int:
    """Check a playbook or plan and its inventory, enqueue nothing: every problem at once, each with its place."""
    try:
        passwords = vault_passwords(vault_password_file)
        given = Given(variables.extra_vars(extra_vars or (), passwords), passwords)
        found = inputs.read(plan, inventory, limit, given)
    except DeployError as error:
        if as_json:
            failure.tell_as_json(error, {"valid": False, **failure.document(error)["error"]})
        raise
    tasks = found.plan.written
    targets = {target.triple: count for target, count in found.targets.items()}
    if as_json:
        facts = {"plan": found.plan.name, "tasks": tasks, "hosts": list(found.hosts), "targets": targets}
        facts |= {"added": list(found.added)} if found.added else {}
        render.out().print(json.dumps({"valid": True, **facts}))
        return 0
    shown = ", ".join(f"{triple} {units.count(count, 'host')}" for triple, count in targets.items())
    render.out().print(
        render.row("valid", found.plan.name, units.count(tasks, "task"), units.count(len(found.hosts), "host"), shown)
    )
    tell_added(found, "besides")
    return 0


def compile_(
    plan: Plan,
    inventory: Inventory = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "-t", "--target", metavar="TRIPLE", help="Platform, may repeat; default: those of the hosts, else this one."
        ),
    ] = None,
    output_dir: Annotated[
        Path, typer.Option("-o", "--output-dir", metavar="DIR", help="Where the executables are written.")
    ] = Path("."),
    per_host: Annotated[
        bool, typer.Option("--per-host", help="One executable for each host, its variables inside.")
    ] = False,
    limit: Limit = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build the runner anew.")] = False,
    vault_password_file: VaultPasswords = None,
    as_json: AsJson = False,
) -> int:
    """Compile a playbook or plan into one executable per platform: copy it to a host and run it there alone.

    Example: `deploy-tasks compile web.json -t aarch64-linux -o dist && dist/web-aarch64-linux run --check`
    """
    found = inputs.for_compiling(plan, inventory, limit, Given({}, vault_passwords(vault_password_file)))
    if per_host:
        return _per_host(found, output_dir, rebuild=rebuild, targets=target, as_json=as_json)
    wanted = [normalise(name) for name in split(target)] or list(found.targets) or [this_machine()]
    written = executables.write(found, wanted, output_dir, rebuild=rebuild)
    if as_json:
        render.out().print(json.dumps([each.to_json() for each in written]))
        return 0
    for each in written:
        how = "cached" if each.cached else units.seconds(each.build_s)
        render.out().print(render.row("compiled", str(each.path), f"{each.triple} {units.size(each.size)} ({how})"))
    return 0


def tell_added(found: inputs.Inputs, label: str = "left out") -> None:
    """Say which hosts there may be besides, which no inventory has."""
    if found.added:
        render.note(label, units.names(found.added), "in no inventory: add_host adds them in a deployment")


def _per_host(found: inputs.Inputs, folder: Path, *, rebuild: bool, targets: list[str] | None, as_json: bool) -> int:
    if not found.hosts:
        raise BadInput("--per-host needs hosts", hint="give an inventory with -i")
    if targets:
        raise BadInput(
            "--per-host and --target exclude each other", hint="write deploy_tasks_target into the inventory"
        )
    written = executables.write_hosts(found, folder, rebuild=rebuild)
    tell_added(found)
    if as_json:
        rows = [{**asdict(each), "path": str(each.path), "target": each.target.triple} for each in written]
        render.out().print(json.dumps(rows))
        return 0
    for each in written:
        render.out().print(render.row("compiled", str(each.path), f"{each.target.triple} {units.size(each.size)}"))
    secret = sorted({name for each in written for name in each.left_out})
    if secret:
        render.note(f"left out, as they look like secrets: {', '.join(secret)}; give them when it runs: -e name=value")
    return 0
