"""What a program embeds: files in order of first use, templates as trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from deploy_tasks.compiler.embedding import Embedded, Names, Use, normal, read_template, uses
from deploy_tasks.compiler.expressions import Node, lower_parts
from deploy_tasks.errors import CompileError, DocumentError
from deploy_tasks.plan.jinja_parts import MAIN, read_parts
from deploy_tasks.plan.jinja_references import Library, template_folders
from deploy_tasks.plan.lookup_files import Wanted, in_text, looks_up, plan_looks_up, wanted
from deploy_tasks.plan.model import Inventory, OwnModule, Plan, Play, Task
from deploy_tasks.plan.own_modules import ANY
from deploy_tasks.plan.template_settings import rendered_name, settings_of

T = TypeVar("T")
_USUAL: Mapping[str, Any] = MappingProxyType({})


class Attempt(Protocol):
    """Does some work, and keeps what it finds wrong for later."""

    def __call__(self, where: str, work: Callable[[], T], /) -> T | None: ...


class Files:
    """The files of a plan, told of its tasks one after another."""

    def __init__(self, files: Mapping[str, Path], attempt: Attempt, playbook_dir: str = "") -> None:
        self._paths = {normal(name): path for name, path in files.items()}
        self._names = Names(files)
        self._attempt = attempt
        self._playbook_dir = playbook_dir
        self._copied: dict[str, None] = {}
        self._seen: set[str] = set()
        self._wrong: set[str] = set()  # where tasks stand whose settings were told to be wrong
        self._parts: set[str] = set()  # what templates include: it is in their trees
        self._looks_up = False
        self._targets: dict[str, str] = {}  # the platform of an own module's executable
        self._shared: set[str] = set()  # what tasks use besides
        self.own: dict[str, OwnModule] = {}
        self.templates: dict[str, Node] = {}

    def note(self, task: Task) -> None:
        """Take along what the task uses."""
        if not self._paths:
            return
        if task.own is not None:
            self.own[task.own.name] = task.own
            self._targets |= {normal(name): target for target, name in task.own.files.items() if target != ANY}
        for use in uses(task, self._names):
            if task.own is None:
                self._shared.add(use.name)
            if task.module == "template":
                self._template(use, task)
            # The mode of a template's file is asked for by `mode: preserve`.
            if task.module != "template" or task.args.get("mode") == "preserve":
                self._copied[use.name] = None

    def embedded(self) -> tuple[Embedded, ...]:
        """The files in order of first use, and at the end those that no task was seen to use. Raises `CompileError`."""
        known = self._copied.keys() | self.templates.keys() | self._parts
        rest = (name for name in self._names if name not in known)
        alone = {name: target for name, target in self._targets.items() if name not in self._shared}
        return tuple(Embedded.read(name, self._paths[name], alone.get(name)) for name in [*self._copied, *rest])

    def look_up(self, plan: Plan, inventory: Inventory | None = None) -> None:
        """Take along the templates that lookups in the plan may render, and note whether files are looked up at all."""
        self._looks_up = plan_looks_up(plan)
        for lookup in wanted(plan, inventory) if self._looks_up else ():
            self._looked_up(lookup)

    def looks_up(self, task: Task) -> bool:
        """Whether expressions that the task evaluates may look up files."""
        return self._looks_up or task.module == "template"

    def _looked_up(self, lookup: Wanted) -> None:
        library = Library(lookup.folders(self._playbook_dir), self._paths.__contains__, self._names.below)
        names, _wrong = lookup.files(library) if lookup.kind == "template" else ([], None)
        for name in names:
            if name not in self.templates:
                node = self._attempt(lookup.where, partial(self._parsed, name, lookup.search))
                if node is not None:
                    self.templates[name] = node

    def used_by(self, play: Play) -> list[Node]:
        """The trees of the templates that a play's tasks may render."""
        tasks = [task for task in play.walk() if task.module == "template"]
        names = {
            rendered_name(use.name, self._settings(task)): None for task in tasks for use in uses(task, self._names)
        }
        return [self.templates[name] for name in names if name in self.templates]

    def _template(self, use: Use, task: Task) -> None:
        name, settings = use.name, self._settings(task)
        key = rendered_name(name, settings)
        if key in self.templates or (key in self._seen and not use.certain):
            return
        self._seen.add(key)
        if use.certain or name.endswith(".j2"):
            node = self._attempt(use.where, lambda: self._parsed(name, task.search, settings))
        else:
            node = self._parsed_or_nothing(name, task.search, settings)
        if node is not None:
            self.templates[key] = node
            self._parts.add(name)

    def _settings(self, task: Task) -> dict[str, Any]:
        """How the task wants its template to be read; what is wrong with that is told once."""
        if task.where in self._wrong:
            return {}
        found = self._attempt(task.where, lambda: settings_of(task))
        if found is None:
            self._wrong.add(task.where)
        return found or {}

    def _parsed(self, name: str, search: tuple[str, ...], settings: Mapping[str, Any] = _USUAL) -> Node:
        library = Library(
            template_folders(search, self._playbook_dir, name), self._paths.__contains__, self._names.below
        )
        text = self._read(name)
        for lookup in in_text(text, name, search) if looks_up(text) else ():
            self._looked_up(lookup)
        parts = read_parts(text, where=name, library=library, read=self._read, settings=settings)
        self._parts |= parts.keys() - {MAIN}
        return lower_parts(parts, text)

    def _read(self, name: str) -> str:
        return read_template(name, self._paths[name])

    def _parsed_or_nothing(self, name: str, search: tuple[str, ...], settings: Mapping[str, Any]) -> Node | None:
        """A candidate that is no template at all (a picture, say) is only in the way of a folder that is searched."""
        try:
            return self._parsed(name, search, settings)
        except (CompileError, DocumentError):
            return None
