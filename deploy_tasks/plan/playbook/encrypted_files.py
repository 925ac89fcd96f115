"""Files that are encrypted with ansible-vault and that a task brings to the host, or a lookup reads.

Their texts travel as secret values do, beside the executable and not in it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy_tasks.errors import PlanError, Problem
from deploy_tasks.plan.documents import BadDocument, decode, read_bounded
from deploy_tasks.plan.jinja_parts import read_parts
from deploy_tasks.plan.literals import unbraced
from deploy_tasks.plan.lookup_files import wanted
from deploy_tasks.plan.model import Inventory, Plan
from deploy_tasks.plan.playbook import paths
from deploy_tasks.plan.playbook.site import Site, is_inside, shown
from deploy_tasks.plan.playbook.taskdoc import TaskDoc
from deploy_tasks.plan.template_files import on_disk
from deploy_tasks.plan.template_settings import DEFAULTS
from deploy_tasks.plan.vault import covered

_MAX_FILE = 8 << 20
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})


def with_decrypted(doc: TaskDoc, site: Site) -> TaskDoc:
    """The task whose `src` is an encrypted file, with the file's text as a secret value in its place.

    What cannot be done so is a problem: the file itself would go to the host as it is, encrypted.
    """
    name = doc.args.get("src")
    if not isinstance(name, str) or str(doc.args.get("decrypt", True)).strip().lower() in _FALSE:
        return doc
    place = os.path.normpath(os.path.join(site.base, name))
    if paths.has_expression(name) or not site.is_encrypted(place):
        return doc
    path = f"{doc.where}.args.src"
    if not site.allowed(place, path):
        return doc
    if not _belongs(place, site):
        hint = f"put the file itself into {shown(site.base)} and name it relative to there"
        site.problem(path, f"{name[:200]!r} lies outside the plan's folder", hint)
        return doc
    if doc.module == "template":
        return _template(doc, name, place, path, site)
    if doc.module != "copy":
        hint = "keep only its secrets in an encrypted file of variables, or bring it with copy or template"
        site.problem(path, f"{name!r} is encrypted with ansible-vault, which {doc.module} does not read", hint)
        return doc
    try:
        content = _hidden(place, site)
    except BadDocument as error:
        site.problem(path, f"{name!r} {error.problem.message}", error.problem.hint)
        return doc
    args = {key: value for key, value in doc.args.items() if key not in ("src", "decrypt", "local_follow")}
    args |= _own_mode(args, place)
    dest = args.get("dest")
    if isinstance(dest, str) and dest.endswith("/"):
        args["dest"] = dest + os.path.basename(place)
    return replace(doc, args={**args, "content": content})


def _hidden(place: str, site: Site) -> str:
    """The template that stands for the text of an encrypted file. Raises `BadDocument`."""
    text = decode(read_bounded(Path(place), _MAX_FILE), shown(place))
    try:
        return site.ctx.vault.hide_text(text, shown(place))
    except ValueError as error:
        raise BadDocument(Problem("", str(error), "keep it without that word", shown(place))) from None


def _belongs(place: str, site: Site) -> bool:
    """Whether a file lies in the plan's folder, whatever links lead to it: no other is opened with the passwords."""
    return is_inside(os.path.realpath(place), os.path.realpath(site.base))


def _own_mode(args: Mapping[str, Any], place: str) -> dict[str, str]:
    """The mode of a file in place of `preserve`, which only a file can have."""
    return {"mode": f"{os.stat(place).st_mode & 0o7777:04o}"} if args.get("mode") == "preserve" else {}


def _template(doc: TaskDoc, name: str, place: str, path: str, site: Site) -> TaskDoc:
    """The task of an encrypted template, whose text is a secret value that is rendered on the host."""
    clean = os.path.normpath(name)
    settings = sorted(DEFAULTS.keys() & doc.args.keys())
    if settings:
        hint = "write it in the template's first line: #jinja2: trim_blocks: False"
        site.problem(f"{doc.where}.args.{settings[0]}", "is not for a template that is encrypted", hint)
        return doc
    try:
        text = site.ctx.vault.decrypt_file(decode(read_bounded(Path(place), _MAX_FILE), shown(place)), shown(place))
        read_parts(text, where=path)
    except BadDocument as error:
        site.problem(path, f"{name!r} {error.problem.message}", error.problem.hint)
        return doc
    except PlanError as error:
        for problem in error.problems:
            site.problem(path, f"{name!r}: {covered(problem).message}", problem.hint)
        return doc
    if clean not in site.secret_templates:
        site.secret_templates[clean] = unbraced(site.ctx.vault.hide(text))
    common = doc.common if doc.common.diff is not None else replace(doc.common, diff=False)
    return replace(doc, args={**doc.args, "src": clean, **_own_mode(doc.args, place)}, common=common)


def looked_up(plan: Plan, inventory: Inventory | None, site: Site) -> dict[str, str]:
    """The encrypted files that lookups of the plan read, and the variables that hold their texts.

    Where there is no password, a file is no text or a link leads out, it is told when the files are looked for.
    """
    found: dict[str, str] = {}
    for lookup in wanted(plan, inventory) if site.ctx.vault.opens else ():
        if lookup.vague or lookup.kind == "template":
            continue
        names, _wrong = lookup.files(on_disk(Path(site.base), lookup.folders(plan.playbook_dir)))
        for name in names:
            place = os.path.join(site.base, name)
            if name not in found and _belongs(place, site) and site.is_encrypted(place):
                with suppress(BadDocument):
                    found[name] = unbraced(_hidden(place, site))
    return found
