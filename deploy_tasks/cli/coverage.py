"""`coverage`: what share of a folder of playbooks and roles compiles as it is, and what is missing."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from deploy_tasks.cli import render, units
from deploy_tasks.cli.options import AsJson, VaultPasswords, vault_passwords
from deploy_tasks.coverage import Coverage, Missing, Share, measure
from deploy_tasks.coverage.tally import percent

_MOST = 40
_EVERY = 25
_KINDS = {
    "module": "modules", "argument": "arguments of modules", "keyword": "keywords", "filter": "filters",
    "test": "tests", "lookup": "lookups", "function": "functions", "statement": "statements of templates",
    "connection": "connections", "strategy": "strategies",
    "plugin": "plugins of collections or of the folder", "variable": "variables that are given when it is run",
    "syntax": "wrong in the files themselves", "role": "roles not there", "file": "files not there", "other": "other",
}  # fmt: skip


def coverage(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of playbooks and roles, or one role.")],
    most: Annotated[
        int, typer.Option("--most", min=0, metavar="N", help="How many of what is missing are shown.")
    ] = _MOST,
    assume: Annotated[
        list[str] | None,
        typer.Option(
            "--assume", metavar="MODULE,…", help="Count tasks of these modules as if they were known; * is any."
        ),
    ] = None,
    vault_password_files: VaultPasswords = None,
    as_json: AsJson = False,
) -> int:
    """Tell what share of tasks, files of tasks and roles compiles, and what is missing, most wanted first.

    Every file is judged by itself, as it is; nothing is run. *Language* is the share that would compile if every
    module, plugin and file were at hand. With --assume it is told what a module of one's own would bring: everything
    of its tasks but its arguments is judged.
    """
    live = sys.stderr.isatty() and not as_json
    assumed = [name.strip() for each in assume or () for name in each.split(",") if name.strip()]
    passwords = vault_passwords(vault_password_files)
    found = measure(folder, _show if live else None, assumed=assumed, vault_password_files=passwords)
    if live:
        print("\r\x1b[K", end="", file=sys.stderr)
    if as_json:
        render.out().print(json.dumps(found.to_json()))
    else:
        _print(found, most)
    return 0


def _show(number: int) -> None:
    if number % _EVERY == 0:
        print(f"\r{number} files", end="", file=sys.stderr, flush=True)


def _print(found: Coverage, most: int) -> None:
    out = render.out()
    shares = {
        "tasks": found.tasks,
        "task files": found.task_files,
        "plays": found.plays,
        "roles": found.roles,
    }
    rows = [_row(name, share) for name, share in shares.items() if share.total]
    if not rows and not found.broken:
        out.print(f"no tasks in {found.root}")
        return
    for line in render.columns([("", "compile", "of", "share", "language"), *rows]):
        out.print(line)
    if found.tasks.total:
        known = percent(found.modules.compiled, found.modules.total)
        out.print(f"modules of {units.count(found.modules.compiled, 'task')} are known, {known} %")
    _print_missing(found.missing, most)
    for each in found.broken[:most]:
        render.note(f"broken: {each.file}: {each.message}")
    if len(found.broken) > most:
        render.note(f"broken: {len(found.broken) - most} more")


def _row(name: str, share: Share) -> tuple[str, ...]:
    whole, language = percent(share.compiled, share.total), percent(share.language, share.total)
    return (name, str(share.compiled), str(share.total), f"{whole} %", f"{language} %")


def _print_missing(missing: tuple[Missing, ...], most: int) -> None:
    """Kind by kind, the kind that is wanted most first, and within it what is wanted most."""
    shown = missing[:most]
    order: dict[str, int] = {}
    for each in shown:
        order[each.kind] = order.get(each.kind, 0) + each.tasks
    ranked = sorted(shown, key=lambda each: (-order[each.kind], each.kind))
    out = render.out()
    for kind, group in groupby(ranked, key=lambda each: each.kind):
        out.print(f"\n{_KINDS.get(kind, kind)}")
        for line in render.columns(_missing_row(each) for each in group):
            out.print(line)
    if len(missing) > most:
        out.print(f"\n… and {len(missing) - most} more: --most {len(missing)}")


def _missing_row(each: Missing) -> tuple[str, ...]:
    tasks = units.count(each.tasks, "task") if each.tasks else ""
    return (f"  {each.name}", tasks, f"in {units.count(each.files, 'file')}", each.example)
