"""From plan and inventory to a record and a bundle: everything that can be checked is checked here, before anything
is enqueued. Pure apart from reading the files it is pointed at.
"""

from __future__ import annotations

import getpass
import json
import re
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy_tasks.errors import BadInput, PlanError, Problem
from deploy_tasks.plan.bundle import make_bundle
from deploy_tasks.plan.files import files as plan_files
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.inventory import inventory_for, load_inventory
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.load import Given, Loaded, load, load_data
from deploy_tasks.plan.model import Plan
from deploy_tasks.plan.patterns import split
from deploy_tasks.plan.stages import staged
from deploy_tasks.plan.validate import check
from deploy_tasks.plan.vault import Vault
from deploy_tasks.rollout import staging
from deploy_tasks.rollout.receiving import Receiver
from deploy_tasks.rollout.record import Options, Record, Target

DEFAULT_TRIPLE = "x86_64-linux"
MAX_HOSTS = 10_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Request:
    """What somebody asks for. `plan` is a path, `-`, a parsed document (a list is a playbook) or a plan; `limit` a host
    pattern; `serial` beats the plan's own batches."""

    plan: str | Path | Mapping[str, Any] | Sequence[Any] | Plan
    inventory: str | Path | Inventory | None = None
    limit: str | None = None
    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    serial: Sequence[int | str] = ()
    target: str | None = None
    deployment_id: str | None = None
    options: Options = field(default_factory=Options)
    vault_password_files: Sequence[Path] = ()
    #: The folder that no file of the plan may lie outside of, where somebody else names the plan.
    within: Path | None = None


@dataclass(frozen=True)
class Prepared:
    """A checked request: what would be recorded and what the workers would read."""

    plan: Plan
    inventory: Inventory
    record: Record
    bundle: bytes = field(repr=False)
    #: Puts files of hosts in place, where the plan fetches any.
    receiver: Receiver | None = None


def prepare(request: Request) -> Prepared:
    """Read, check and bundle. Raises `PlanError` and `InventoryError` with every problem, `BadInput`."""
    began = time.monotonic()
    loaded = _plan(request)
    plan, base = loaded.plan, loaded.base
    inventory = inventory_for(plan, _inventory(request, loaded), request.extra_vars)
    names = _hosts(plan, inventory, request.limit)
    chosen = inventory.subset(names)
    problems = check(plan, inventory, base, extra_vars=request.extra_vars, limit=request.limit)
    if problems:
        raise PlanError(loaded.located(problems))
    files = plan_files(plan, base, inventory)
    ready = staged(plan, inventory, hosts=names, serial=request.serial, files=files)
    _compilable(loaded, ready.plan, files, inventory)
    targets = tuple(_target(chosen.hosts[name], plan, request.target) for name in names)
    options = {"extra_vars": dict(request.extra_vars), **ready.reads.to_json()}
    # Steps read of any host of the inventory, and delegate to any, whatever the limit.
    bundle = make_bundle(ready.plan, inventory if ready.reads.others else chosen, files, options)
    record = Record(
        id=_id(request.deployment_id),
        name=plan.name,
        by=f"{_user()}@{socket.gethostname()}",
        bundle="",
        targets=targets,
        **staging.recorded(names, ready.stages, _options(request.options, plan)),
        helpers=_helpers(ready.plan, inventory, request.target),
        validate_s=round(time.monotonic() - began, 4),
    )
    receiver = _receiver(ready.plan, files, inventory if ready.reads.others else chosen, request.extra_vars, base)
    return Prepared(plan, chosen, record, bundle, receiver)


def _receiver(
    plan: Plan, files: Mapping[str, Path], inventory: Inventory, extra: Mapping[str, Any], base: Path
) -> Receiver | None:
    """Who puts in place what the plan fetches from hosts; None when it fetches nothing."""
    if not any(task.module == "fetch" for task in plan.walk()):
        return None
    from deploy_tasks.compiler import host_variables, lower, lower_secrets, lower_vars
    from deploy_tasks.compiler.asking import Document
    from deploy_tasks.compiler.fetched_places import Places

    said = Document().read(json.loads(lower(plan, files, inventory).program))
    told = lower_secrets(plan) | lower_vars(extra)

    def places(name: str) -> Places:
        host = inventory.hosts.get(name)
        return Places(said, host_variables(host, inventory) if host else {"inventory_hostname": name}, told)

    return Receiver(base, places)


def _compilable(loaded: Loaded, plan: Plan, files: Mapping[str, Path], inventory: Inventory) -> None:
    """What a build worker would refuse is refused here. The compiler is only needed by who prepares."""
    from deploy_tasks.compiler.trial import refused

    problems = refused(plan, files, inventory)
    if problems:
        raise PlanError(loaded.located(problems))


def _inventory(request: Request, loaded: Loaded) -> Inventory | None:
    given = request.inventory
    if given is None or isinstance(given, Inventory):
        return given
    if loaded.inventory is not None:
        return loaded.inventory
    return load_inventory(given, plan_dir=loaded.vars_dir, vault=Vault(request.vault_password_files))


def _plan(request: Request) -> Loaded:
    given = Given(request.extra_vars, request.vault_password_files, request.within).beside(request.inventory)
    if isinstance(request.plan, Plan):
        return Loaded(request.plan, Path.cwd())
    asked = request.plan
    loaded = load(str(asked), given) if isinstance(asked, (str, Path)) else load_data(asked, given)
    if request.within is not None and not loaded.base.resolve().is_relative_to(request.within):
        raise BadInput(
            f"the plan takes files from {loaded.base}, outside {request.within}", hint="put them below that folder"
        )
    return loaded


def _hosts(plan: Plan, inventory: Inventory, limit: str | None) -> tuple[str, ...]:
    """The hosts of any play that the limits leave, in the inventory's order."""
    wanted: set[str] = set()
    for number, play in enumerate(plan.plays):
        wanted.update(inventory.of_play(number, play.hosts))
    for pattern in (plan.limit, limit):
        if pattern:
            wanted &= set(inventory.select(split([pattern])))
    names = tuple(name for name in inventory.hosts if name in wanted)
    if not names:
        hint = "look at the plays' hosts, the inventory and --limit"
        raise PlanError([Problem("plays", "no host of the inventory is selected", hint)])
    if len(names) > MAX_HOSTS:
        raise BadInput(
            f"{len(names)} hosts in one deployment, the limit is {MAX_HOSTS}", hint="deploy in parts: --limit"
        )
    return names


def _options(asked: Options, plan: Plan) -> Options:
    """What was asked for; where nothing was, what the plan says of its own carrying out."""
    return asked.model_copy(
        update={
            "verify": asked.verify or bool(plan.verify),
            "check": asked.check or plan.check,
            "diff": asked.diff or plan.diff,
            "tags": asked.tags or plan.tags,
            "skip_tags": asked.skip_tags or plan.skip_tags,
            "parallel": asked.parallel or plan.forks,
            "deployment_timeout_s": plan.deployment_timeout_s or asked.deployment_timeout_s,
        }
    )


def _helpers(plan: Plan, inventory: Inventory, asked: str | None) -> tuple[str, ...]:
    """The platforms of all that tasks may be delegated to, the worker's machine included: what this one is."""
    wanted = {task.delegate_to for task in plan.walk() if task.delegate_to}
    if not wanted:
        return ()
    hosts = inventory.hosts
    anybody = any(is_template(name) for name in wanted)
    found = [_target(host, plan, asked).triple for name, host in hosts.items() if anybody or name in wanted]
    if anybody or wanted - hosts.keys():
        from deploy_tasks.compiler.targets import this_machine

        found.append(_triple(asked, "") if asked else this_machine().triple)
    return tuple(dict.fromkeys(found))


def _target(host: Host, plan: Plan, asked: str | None) -> Target:
    triple = _triple(asked or plan.targets.get(host.name) or host.target or DEFAULT_TRIPLE, "" if asked else host.name)
    place = f"local:{host.name}" if host.connection == "local" else f"{host.address}:{host.port}"
    return Target(host=host.name, lock=place + (host.state_dir or ""), triple=triple)


def _triple(name: str, host: str) -> str:
    """The platform of that name, which a host has. Raises `BadInput`."""
    from deploy_tasks.compiler.targets import normalise

    try:
        return normalise(name).triple
    except BadInput as error:
        raise BadInput(f"{host}: {error}" if host else str(error), hint=error.hint) from None


def is_id(text: str) -> bool:
    """Whether a deployment may be called so."""
    return _ID.fullmatch(text) is not None


def _id(asked: str | None) -> str:
    if asked is None:
        return secrets.token_hex(4)
    if not is_id(asked):
        raise BadInput(
            f"{asked[:80]!r} cannot be a deployment's id", hint="letters, digits and . _ -, at most 64, e.g. web-42"
        )
    return asked


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"
