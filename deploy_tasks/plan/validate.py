"""Everything that can be checked before anything is enqueued, with exact messages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy_tasks.errors import InventoryError, PlanError, Problem
from deploy_tasks.plan.check_added import check_added
from deploy_tasks.plan.check_steps import check_play
from deploy_tasks.plan.check_values import check_templates_in, check_variables
from deploy_tasks.plan.files import find_files, sources
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.hosts import Host
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.jinja_parts import read_parts
from deploy_tasks.plan.jinja_references import Library, template_folders
from deploy_tasks.plan.model import Inventory, Plan
from deploy_tasks.plan.reach import CONNECTIONS, DECIDED_BY
from deploy_tasks.plan.template_files import on_disk, read_template
from deploy_tasks.plan.template_settings import rendered_name, settings_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
#: Variables of a host that are read as a text: anything else would not be heard.
_TEXTS = [name for of, names in DECIDED_BY.items() if of not in ("port", "become", "connection") for name in names]


def check(
    plan: Plan,
    inventory: Inventory,
    base_dir: Path,
    *,
    extra_vars: Mapping[str, Any] | None = None,
    limit: str | None = None,
) -> list[Problem]:
    """Every problem of a plan with the inventory and files it is deployed with; an empty list means it can go.

    Only hosts within the plan's limit and `limit` count as touched. Templates in variables and in template
    files are checked too.
    """
    findings = Findings()
    _check_hosts(plan, inventory, [text for text in (plan.limit, limit) if text], findings)
    if inventory.hosts:
        check_added(plan, inventory, findings, extra_vars)
    check_variables(extra_vars or {}, "extra_vars", findings)
    check_alone(plan, base_dir, findings, inventory)
    return findings.problems


def check_alone(plan: Plan, base_dir: Path | None, findings: Findings, inventory: Inventory | None = None) -> None:
    """Note what is wrong with a plan and, where their folder is known, with its files, whatever the inventory.

    `inventory`, if there is one, says what names of files may be.
    """
    for play in plan.plays:
        check_play(play, findings)
    if base_dir is not None:
        check_templates(plan, find_files(plan, base_dir, findings, inventory), base_dir, findings)


def _check_hosts(plan: Plan, inventory: Inventory, limits: list[str], findings: Findings) -> None:
    if not inventory.hosts:
        findings.add("inventory", "has no host", "give an inventory with -i, for example -i web1,web2")
        return
    allowed = set(inventory.hosts)
    for limit in limits:
        allowed &= set(_selected(inventory, [limit], "limit", findings) or ())
    if findings.problems:
        return
    touched: dict[str, None] = {}
    empty: list[str] = []  # a play for nobody is passed over, as long as there is another
    for play in plan.plays:
        path = f"{play.where}.hosts" if play.where else "inventory"
        chosen = _selected(inventory, play.hosts, path, findings)
        if chosen is None:
            continue
        here = [name for name in chosen if name in allowed]
        touched.update(dict.fromkeys(here))
        if not here:
            empty.append(path)
        for task in play.walk():
            if task.only:
                _selected(inventory, task.only, f"{task.where}.hosts", findings)
    hint = "look at --limit and at the hosts of the play" if limits else "no host of the inventory matches"
    for path in empty if not touched else ():
        findings.add(path, "selects no host", hint)
    for name in touched | dict.fromkeys(inventory.added):
        if name in inventory.hosts:
            _check_host(inventory.hosts[name], findings)


def _selected(inventory: Inventory, patterns: Iterable[str], path: str, findings: Findings) -> tuple[str, ...] | None:
    try:
        return inventory.select(tuple(patterns))
    except InventoryError as error:
        for problem in error.problems:
            findings.add(path, problem.message, problem.hint)
        return None


def _check_host(host: Host, findings: Findings) -> None:
    connection = host.vars.get("ansible_connection")
    if connection is not None and connection not in CONNECTIONS and not is_template(connection):
        path = f"hosts.{host.name}.ansible_connection"
        findings.add(path, f"{str(connection)[:40]!r} is not spoken", "ssh and local are")
    port = host.vars.get("ansible_port", host.vars.get("ansible_ssh_port", 22))
    if isinstance(port, bool) or not str(port).isdecimal() or not 1 <= int(str(port)[:9]) <= 65535:
        findings.add(f"hosts.{host.name}.ansible_port", "must be a number between 1 and 65535")
    for name in ("ansible_host", "ansible_user"):
        value = host.vars.get(name)
        if isinstance(value, str) and (is_template(value) or value.startswith("-") or re.search(r"[\s\x00]", value)):
            findings.add(f"hosts.{host.name}.{name}", "must be plain text without blanks and templates")
    for name in _TEXTS:
        if not isinstance(host.vars.get(name), str | int | None) or isinstance(host.vars.get(name), bool):
            findings.add(f"hosts.{host.name}.{name}", "must be a text")
    check_templates_in(host.vars, f"hosts.{host.name}", findings)


def check_templates(plan: Plan, embedded: Mapping[str, Path], base: Path, findings: Findings) -> None:
    """The text of the template files, each read once."""
    seen: set[str] = set()
    for task in plan.walk():
        if task.module != "template":
            continue
        try:
            settings = settings_of(task)
        except PlanError as error:
            findings.problems.extend(error.problems)
            continue
        for path, name in sources(task):
            for found in _template_names(name, embedded):
                if (key := rendered_name(found, settings)) not in seen:
                    seen.add(key)
                    library = on_disk(base, template_folders(task.search, plan.playbook_dir, found))
                    _check_template(found, embedded[found], path, base, library, settings, findings)


def _template_names(name: str, embedded: Mapping[str, Path]) -> list[str]:
    clean = posixpath.normpath(name)
    return [clean] if clean in embedded else []


def _check_template(
    name: str, file: Path, path: str, base: Path, library: Library, settings: dict[str, Any], findings: Findings
) -> None:
    try:
        text = read_template(file)
    except PlanError as error:
        for problem in error.problems:
            findings.add(path, f"{name!r} {problem.message}", problem.hint)
        return
    try:
        read_parts(text, where=path, library=library, read=lambda part: read_template(base / part), settings=settings)
    except PlanError as error:
        for problem in error.problems:
            part = problem.file not in (None, path)
            findings.problems.append(
                replace(problem, path=path, file=str(base / str(problem.file)) if part else str(file))
            )
