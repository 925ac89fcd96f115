"""Playbooks: the plays in a file, and in those that it imports."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.model import Play
from deploy_tasks.plan.playbook.common import COMMON, read_common
from deploy_tasks.plan.playbook.play import Imported, read_play
from deploy_tasks.plan.playbook.settled import settled
from deploy_tasks.plan.playbook.site import Site, missing
from deploy_tasks.plan.static import Unknown, known_text
from deploy_tasks.plan.words import module_name

# The second is what old playbooks write.
_IMPORTS = frozenset({"import_playbook", "include"})
_MAX_PLAYS = 1000


def read_plays(place: str, site: Site) -> tuple[Play, ...]:
    """Every play of a playbook, imported ones in place; problems are noted."""
    return tuple(_Plays(site).of(place, "", Imported(), (place,)))


class _Plays:
    """Reads playbook after playbook and counts the plays."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.count = 0

    def of(self, place: str, path: str, imported: Imported, within: tuple[str, ...]) -> Iterator[Play]:
        document = self.site.document(place, path)
        if document is None:
            return
        if not isinstance(document.data, list) or not document.data:
            what = "is empty" if not document.data else f"must be a list of plays, not {kind(document.data)}"
            self.site.problem(document.name, what, "begin a play with `- hosts: all`")
            return
        for index, entry in enumerate(document.data):
            yield from self._entry(entry, f"{document.name}[{index}]", place, imported, within)

    def _entry(self, entry: Any, where: str, place: str, imported: Imported, within: tuple[str, ...]) -> Iterator[Play]:
        if not isinstance(entry, dict):
            self.site.problem(where, f"must be a play, not {kind(entry)}", "begin it with `- hosts: all`")
            return
        importing = next((key for key in entry if module_name(str(key)) in _IMPORTS), None)
        if importing is not None:
            yield from self._imported(entry, importing, where, place, imported, within)
            return
        if "hosts" not in entry and ("block" in entry or not {"tasks", "roles"} & entry.keys()):
            hint = "begin it with `- hosts: all` and put its tasks under `tasks:`, or write `- import_playbook: FILE`"
            self.site.problem(where, "is not a play", hint)
            return
        self.count += 1
        if self.count > _MAX_PLAYS:
            return
        yield read_play(entry, where, place, self.count - 1, imported, self.site)

    def _imported(
        self,
        entry: dict[str, Any],
        key: str,
        where: str,
        place: str,
        outer: Imported,
        within: tuple[str, ...],
    ) -> Iterator[Play]:
        own = read_common(
            {name: value for name, value in entry.items() if name != key}, where, self.site.ctx, known=COMMON
        )
        variables = {**own.vars, **(outer.vars or {})}
        own = settled(own, where, (variables, self.site.ctx.extra_vars), self.site.ctx.findings)
        name = self._name(entry[key], f"{where}.{key}", variables)
        if not name:
            return
        target = os.path.normpath(os.path.join(os.path.dirname(place), name))
        if not os.path.isfile(target):
            self.site.problem(f"{where}.{key}", *missing("playbook", name, [target], _beside(target)))
            return
        if target in within:
            self.site.problem(f"{where}.{key}", f"{name!r} imports itself")
            return
        given = Imported((*outer.when, *own.when), (*outer.tags, *own.tags), variables, where)
        yield from self.of(target, f"{where}.{key}", given, (*within, target))

    def _name(self, value: Any, path: str, variables: dict[str, Any]) -> str:
        """The file that is imported, without what old playbooks write behind it."""
        if not isinstance(value, str) or not value.strip():
            self.site.problem(path, f"must be the name of a playbook, not {kind(value)}", "import_playbook: web.yml")
            return ""
        try:
            name = known_text(value.strip(), (variables, self.site.ctx.extra_vars))
        except Unknown as error:
            self.site.problem(path, f"must be known before anything runs: {error}", "give it with -e NAME=VALUE")
            return ""
        try:
            words = shlex.split(name)
        except ValueError:
            words = [name]
        if len(words) > 1 and "=" in words[1]:
            hint = "write `vars:` and `tags:` as keys of the entry"
            self.site.problem(path, f"takes no parameters behind the name: {words[1][:60]}", hint)
        return words[0]


def _beside(target: str) -> list[str]:
    folder = os.path.dirname(target)
    return sorted(os.listdir(folder))[:500] if os.path.isdir(folder) else []
