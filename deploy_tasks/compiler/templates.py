"""What a program embeds: files in order of first use, templates as trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from deploy_tasks.compiler.embedding import Embedded, Names, Use, normal, read_template, uses
from deploy_tasks.compiler.expressions import Node, lower_parts
from deploy_tasks.errors import CompileError, DocumentError
from deploy_tasks.plan.jinja_parts import MAIN, read_parts
from deploy_tasks.plan.jinja_references import Library, template_folders
from deploy_tasks.plan.model import Play, Task

T = TypeVar("T")


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
        self._parts: set[str] = set()  # what templates include: it is in their trees
        self.templates: dict[str, Node] = {}

    def note(self, task: Task) -> None:
        """Take along what the task uses."""
        if not self._paths:
            return
        for use in uses(task, self._names):
            if task.module == "template":
                self._template(use, task)
            # The mode of a template's file is asked for by `mode: preserve`.
            if task.module != "template" or task.args.get("mode") == "preserve":
                self._copied[use.name] = None

    def embedded(self) -> tuple[Embedded, ...]:
        """The files in order of first use, and at the end those that no task was seen to use. Raises `CompileError`."""
        known = self._copied.keys() | self.templates.keys() | self._parts
        rest = (name for name in self._names if name not in known)
        return tuple(Embedded.read(name, self._paths[name]) for name in [*self._copied, *rest])

    def used_by(self, play: Play) -> list[Node]:
        """The trees of the templates that a play's tasks may render."""
        tasks = [task for task in play.walk() if task.module == "template"]
        names = {use.name: None for task in tasks for use in uses(task, self._names)}
        return [self.templates[name] for name in names if name in self.templates]

    def _template(self, use: Use, task: Task) -> None:
        name = use.name
        if name in self.templates or (name in self._seen and not use.certain):
            return
        self._seen.add(name)
        if use.certain or name.endswith(".j2"):
            node = self._attempt(use.where, lambda: self._parsed(name, task))
        else:
            node = self._parsed_or_nothing(name, task)
        if node is not None:
            self.templates[name] = node

    def _parsed(self, name: str, task: Task) -> Node:
        library = Library(
            template_folders(task.search, self._playbook_dir, name), self._paths.__contains__, self._names.below
        )
        text = self._read(name)
        parts = read_parts(text, where=name, library=library, read=self._read)
        self._parts |= parts.keys() - {MAIN}
        return lower_parts(parts, text)

    def _read(self, name: str) -> str:
        return read_template(name, self._paths[name])

    def _parsed_or_nothing(self, name: str, task: Task) -> Node | None:
        """A candidate that is no template at all (a picture, say) is only in the way of a folder that is searched."""
        try:
            return self._parsed(name, task)
        except (CompileError, DocumentError):
            return None
