"""Everything that can be checked before anything is enqueued, with exact messages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from deploy_tasks.errors import InventoryError, PlanError, Problem
from deploy_tasks.plan.check_args import check_args
from deploy_tasks.plan.files import find_files, sources
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.hosts import Host
from deploy_tasks.plan.jinja import is_template, parse_expression, parse_template
from deploy_tasks.plan.jinja_parts import read_parts
from deploy_tasks.plan.jinja_references import Library, template_folders
from deploy_tasks.plan.model import Block, Include, Inventory, Plan, Play, Step, Task, steps
from deploy_tasks.plan.modules import MODULES
from deploy_tasks.plan.problems import path_of, suggest
from deploy_tasks.plan.template_files import on_disk, read_template

_CONNECTIONS = frozenset({"ssh", "local", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


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
    _check_variables(extra_vars or {}, "extra_vars", findings)
    check_alone(plan, base_dir, findings)
    return findings.problems


def check_alone(plan: Plan, base_dir: Path | None, findings: Findings) -> None:
    """Note what is wrong with a plan and, where their folder is known, with its files, whatever the inventory."""
    for task in plan.walk():
        check_args(task, findings)
        _check_expressions(task, findings)
    for play in plan.plays:
        _check_play(play, findings)
    if base_dir is not None:
        _check_templates(plan, find_files(plan, base_dir, findings), base_dir, findings)


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
    for play in plan.plays:
        path = f"{play.where}.hosts" if play.where else "inventory"
        chosen = _selected(inventory, play.hosts, path, findings)
        if chosen is None:
            continue
        here = [name for name in chosen if name in allowed]
        touched.update(dict.fromkeys(here))
        if not here:
            hint = "look at --limit and at the hosts of the play" if limits else "no host of the inventory matches"
            findings.add(path, "selects no host", hint)
        for task in play.walk():
            if task.only:
                _selected(inventory, task.only, f"{task.where}.hosts", findings)
    for name in touched:
        if name in inventory.hosts:
            _check_host(inventory.hosts[name], findings)
    _check_become(plan, [inventory.hosts[name] for name in touched if name in inventory.hosts], findings)


def _selected(inventory: Inventory, patterns: Iterable[str], path: str, findings: Findings) -> tuple[str, ...] | None:
    try:
        return inventory.select(tuple(patterns))
    except InventoryError as error:
        for problem in error.problems:
            findings.add(path, problem.message, problem.hint)
        return None


def _check_host(host: Host, findings: Findings) -> None:
    connection = host.vars.get("ansible_connection")
    if connection is not None and connection not in _CONNECTIONS and not is_template(connection):
        path = f"hosts.{host.name}.ansible_connection"
        findings.add(path, f"{str(connection)[:40]!r} is not spoken", "ssh and local are")
    port = host.vars.get("ansible_port", host.vars.get("ansible_ssh_port", 22))
    if isinstance(port, bool) or not str(port).isdecimal() or not 1 <= int(str(port)[:9]) <= 65535:
        findings.add(f"hosts.{host.name}.ansible_port", "must be a number between 1 and 65535")
    for name in ("ansible_host", "ansible_user"):
        value = host.vars.get(name)
        if isinstance(value, str) and (is_template(value) or value.startswith("-") or re.search(r"[\s\x00]", value)):
            findings.add(f"hosts.{host.name}.{name}", "must be plain text without blanks and templates")
    _check_templates_in(host.vars, f"hosts.{host.name}", findings)


def _check_become(plan: Plan, hosts: list[Host], findings: Findings) -> None:
    """One program runs as one user: either all tasks want root, or the hosts give it to all."""
    tasks = list(plan.walk())
    for task in tasks:
        if task.become_user not in (None, "", "root") and task.become is not False:
            hint = "connect as that user: ansible_user in the inventory"
            findings.add(f"{task.where}.become_user", "only root can be become", hint)
    if not plan.become or all(_is_root(host) for host in hosts):
        return
    others = [task for task in tasks if not task.become and task.module != "meta"]
    if others:
        hint = "write become on every task or on the play, or set ansible_become=true in the inventory"
        findings.add(others[0].where, "does not ask for become while other tasks of the plan do", hint)


def _is_root(host: Host) -> bool:
    """Whether everything on the host runs as root by its inventory alone."""
    return host.user == "root" or ("ansible_become" in host.vars and host.become)


def _check_play(play: Play, findings: Findings) -> None:
    handlers = [task for step in play.handlers for task in steps(step)]
    heard = {name for handler in handlers for name in (handler.name, handler.id, *handler.listen)}
    heard |= {f"{step.role} : {task.name}" for step in play.handlers if isinstance(step, Block) for task in step.walk()}
    tasks = list(play.walk())
    for task in tasks:
        for index, name in enumerate(task.notify):
            if name not in heard and not is_template(name):
                hint = suggest(name, heard) or ("known are " + ", ".join(sorted(heard)) if heard else None)
                findings.add(f"{task.where}.notify[{index}]", f"there is no handler {name[:80]!r}", hint)
    _check_ids([task for step in play.tasks for task in steps(step)], findings)
    _check_ids(handlers, findings)
    _check_variables(play.vars, path_of(("vars",), play.where), findings)
    for step in play.tasks:
        for block in _blocks(step):
            for index, text in enumerate(block.when):
                _check_expression(text, f"{block.where}.when[{index}]", findings)
            _check_variables(block.vars, f"{block.where}.vars", findings)


def _blocks(step: Step) -> Iterator[Block]:
    if isinstance(step, Block):
        yield step
        for part in (*step.block, *step.rescue, *step.always):
            yield from _blocks(part)
    elif isinstance(step, Include):
        for choice in step.choices.values():
            for part in choice:
                yield from _blocks(part)


def _check_ids(tasks: Iterable[Task], findings: Findings) -> None:
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            findings.add(task.where, f"{task.id[:80]!r} is the id of another task too")
        seen.add(task.id)


def _check_expressions(task: Task, findings: Findings) -> None:
    conditions = {
        "when": task.when,
        "until": task.until,
        "changed_when": task.changed_when or (),
        "failed_when": task.failed_when or (),
    }
    for keyword, expressions in conditions.items():
        for index, text in enumerate(expressions):
            _check_expression(text, task.path(f"{keyword}[{index}]"), findings)
    spec = MODULES.get(task.module)
    for key, value in task.args.items():
        path = path_of((key,), f"{task.where}.args")
        name = spec.canonical(key) if spec else None
        if spec and name and spec.args[name].expression:
            for index, text in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(text, str) and not is_template(text):
                    _check_expression(text, f"{path}[{index}]", findings)
        else:
            _check_templates_in(value, path, findings)
    if task.module == "set_fact":
        _check_names([key for key in task.args if key != "cacheable"], f"{task.where}.args", findings)
    _check_variables(task.vars, task.path("vars"), findings)
    others = {"name": task.name, "loop": task.loop, "environment": task.environment, "notify": list(task.notify)}
    others |= {"retries": task.retries, "delay": task.delay}
    for keyword, value in others.items():
        _check_templates_in(value, task.path(keyword), findings)
    if isinstance(task.loop, str) and not is_template(task.loop):
        findings.add(task.path("loop"), "must be a list or a template", 'for example "{{ packages }}"')
    if isinstance(task.ignore_errors, str):
        _check_expression(task.ignore_errors, f"{task.where}.ignore_errors", findings)


def _check_expression(text: str, path: str, findings: Findings) -> None:
    for message, hint in _wrong(text, not is_template(text)):
        findings.add(path, message, hint)


def _check_templates_in(value: Any, path: str, findings: Findings) -> None:
    """Every template in a value, at any depth (the document's depth is bounded)."""
    if isinstance(value, str):
        if is_template(value):
            _check_expression(value, path, findings)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_templates_in(item, path_of((str(key),), path), findings)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_templates_in(item, f"{path}[{index}]", findings)


@lru_cache(maxsize=4096)
def _wrong(text: str, bare: bool) -> tuple[tuple[str, str | None], ...]:
    """What is wrong with an expression or template; hosts of one group share their texts, so it is remembered."""
    try:
        if bare:
            parse_expression(text, where="")
        else:
            parse_template(text, where="", escape_backslashes=True)
    except PlanError as error:
        return tuple((problem.message, problem.hint) for problem in error.problems)
    return ()


def _check_variables(variables: Mapping[str, Any], path: str, findings: Findings) -> None:
    _check_names(variables, path, findings)
    _check_templates_in(variables, path, findings)


def _check_names(names: Iterable[str], path: str, findings: Findings) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            hint = "letters, digits and underscores, no digit first"
            findings.add(path, f"{name[:80]!r} cannot be the name of a variable", hint)


def _check_templates(plan: Plan, embedded: Mapping[str, Path], base: Path, findings: Findings) -> None:
    """The text of the template files, each read once."""
    seen: set[str] = set()
    for task in plan.walk():
        if task.module != "template":
            continue
        for path, name in sources(task):
            for found in _template_names(name, embedded):
                if found not in seen:
                    seen.add(found)
                    library = on_disk(base, template_folders(task.search, plan.playbook_dir, found))
                    _check_template(found, embedded[found], path, base, library, findings)


def _template_names(name: str, embedded: Mapping[str, Path]) -> list[str]:
    clean = posixpath.normpath(name)
    return [clean] if clean in embedded else []


def _check_template(name: str, file: Path, path: str, base: Path, library: Library, findings: Findings) -> None:
    try:
        text = read_template(file)
    except PlanError as error:
        for problem in error.problems:
            findings.add(path, f"{name!r} {problem.message}", problem.hint)
        return
    try:
        read_parts(text, where=path, library=library, read=lambda part: read_template(base / part))
    except PlanError as error:
        for problem in error.problems:
            part = problem.file not in (None, path)
            findings.problems.append(
                replace(problem, path=path, file=str(base / str(problem.file)) if part else str(file))
            )
