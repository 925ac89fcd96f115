"""The front door: a playbook and everything it brings, as one plan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.check_steps import walk
from deploy_tasks.plan.cross_host import sets
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.model import Block, Inventory, Plan, Play
from deploy_tasks.plan.own_attach import beside, with_own
from deploy_tasks.plan.playbook import paths
from deploy_tasks.plan.playbook.block import read_steps
from deploy_tasks.plan.playbook.encrypted_files import looked_up
from deploy_tasks.plan.playbook.places import Places
from deploy_tasks.plan.playbook.playbook import read_plays
from deploy_tasks.plan.playbook.reading import Reading
from deploy_tasks.plan.playbook.site import Site, TooLarge, Wider, is_inside
from deploy_tasks.plan.said import Said
from deploy_tasks.plan.validate import check_alone
from deploy_tasks.plan.vault import Vault

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A playbook as a plan, the folder that the names of files in it resolve against, and where everything stands."""

    plan: Plan
    base: Path
    places: Places


class _Changing(Exception):
    """Files were found by what the inventory says of variables that tasks set: reading begins again without that."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(*names)
        self.names = names


def load_playbook(
    path: Path,
    *,
    text: str | None = None,
    extra_vars: Mapping[str, Any] = _NOTHING,
    vault_password_files: Sequence[Path] = (),
    root: Path | None = None,
    inventory_dir: Path | None = None,
    inventory: Inventory | None = None,
) -> Loaded:
    """The plan of the playbook at `path`, with the roles, tasks and variables that it names.

    `text` is the playbook's own text where it stands in no file; `path` then only says where it would be.
    `extra_vars` settle what must be known before anything runs, such as the name of an imported file; `root` is a
    folder outside which no file is read; `inventory_dir` is what the variable of that name stands for in file names,
    and `inventory` says what other variables in them may be.
    Raises `PlanError` with every problem of the whole site, each with file, line and column.
    """
    place = os.path.abspath(path)
    base = os.path.dirname(place)
    said, changing = Said(inventory), frozenset[str]()
    while True:
        ctx = Reading(vault=Vault(vault_password_files), extra_vars=extra_vars)
        site = Site(
            ctx,
            base,
            read_steps,
            root=os.path.realpath(root) if root else None,
            inventory=os.path.abspath(inventory_dir) if inventory_dir else None,
            said=said,
        )
        if text is not None:
            ctx.sources.give(Path(place), text)
        paths.entries.cache_clear()
        try:
            return _loaded(place, site, inventory)
        except Wider as outside:
            base = outside.base
        except _Changing as found:
            changing |= found.names
            said = Said(inventory, changing)


def _loaded(place: str, site: Site, inventory: Inventory | None) -> Loaded:
    plays: tuple[Play, ...] = ()
    site.top = os.path.dirname(place)
    try:
        plays = read_plays(place, site)
    except TooLarge:  # the problem is noted
        pass
    except RecursionError:
        site.problem("", "its blocks, files and roles stand too deep within each other", "take some blocks apart")
    if changing := site.said.relied & _set_by(plays):
        raise _Changing(frozenset(changing))
    ctx = site.ctx
    plan = Plan(
        name=os.path.basename(place),
        format="playbook",
        plays=plays,
        playbook_dir=site.name(os.path.dirname(place)),
        remote_user=_user(site),
        secret_templates=site.secret_templates,
    )
    plan = plan.model_copy(update={"secret_files": looked_up(plan, inventory, site)})
    plan = plan.model_copy(update={"secret_vars": ctx.vault.secrets})
    homes = [Path(home) for home in site.homes if site.root is None or is_inside(os.path.realpath(home), site.root)]
    plan = with_own(plan, beside(*homes, base=Path(site.base)), Path(site.base), ctx.findings)
    if ctx.findings.problems:
        raise PlanError(ctx.places.locate_all(_all(plan, site)))
    plan = plan.model_copy(update={"lines": dict(_lines(plan, ctx.places))})
    return Loaded(plan, Path(site.base), ctx.places)


def _set_by(plays: Iterable[Play]) -> set[str]:
    """The variables of hosts that steps set."""
    both = (step for play in plays for step in (*play.tasks, *play.handlers))
    added = (task for play in plays for task in play.walk() if task.module == "add_host")
    return {name for step in both for name in sets(step)} | {str(name) for task in added for name in task.args}


def _lines(plan: Plan, places: Places) -> Iterator[tuple[str, str]]:
    """Where each task and include stands; the play's own flushes of handlers stand nowhere."""
    for play in plan.plays:
        for where in {step.where for step in walk((*play.tasks, *play.handlers)) if not isinstance(step, Block)}:
            if where.endswith("]") and (line := places.line(where)):
                yield where, line


def _user(site: Site) -> str | None:
    """Whom all plays log in as, where the inventory does not say; different ones are a problem."""
    if len(site.users) > 1:
        path = next(path for name, path in site.users.items() if name is not None)
        hint = "write the same remote_user on every play, or set ansible_user in the inventory"
        site.problem(path, "not every play logs in as this user, but a host keeps one connection", hint)
    return next(iter(site.users), None)


def _all(plan: Plan, site: Site) -> list[Any]:
    """The problems found, and what else is wrong with the plan as far as it was read."""
    more = Findings()
    check_alone(plan, Path(site.base), more)
    known = {problem.path for problem in site.ctx.findings.problems}
    return site.ctx.findings.problems + [problem for problem in more.problems if problem.path not in known]
