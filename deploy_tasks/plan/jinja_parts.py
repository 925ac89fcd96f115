"""A template file with all it includes, imports and extends: parsed, checked and found, before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jinja2 import nodes

from deploy_tasks.errors import DeployError, DocumentError, Problem
from deploy_tasks.plan import jinja_checks
from deploy_tasks.plan.jinja import ExpressionError, free_variables, parse_part
from deploy_tasks.plan.jinja_header import split_header
from deploy_tasks.plan.jinja_references import Library, Meant, meanings

MAX_PARTS = 500
MAIN = ""
_Node = nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends


@dataclass(frozen=True, slots=True)
class Part:
    """One template: its tree, its plan-relative `file`, and what each reference in it (by `id`) may mean.

    What a reference means is a file by the name as it is written or computed.
    """

    file: str
    tree: nodes.Template
    refers: dict[int, Mapping[str, str]] = field(default_factory=dict)


def read_parts(
    text: str,
    *,
    where: str,
    library: Library | None = None,
    read: Callable[[str], str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Part]:
    """A template (under the name `MAIN`) and every other it may need, by file name.

    `text` may begin with a header that changes Jinja2's settings; they hold for all its parts, as do `settings`.
    `library` finds files and `read` gives their text; without them nothing can be included. Raises ExpressionError
    with everything wrong in any of them.
    """
    body, header, problems = split_header(text, where=where)
    if problems:
        raise ExpressionError(problems)
    reading = _Reading(library or Library((), lambda _: False, lambda _: ()), read, {**(settings or {}), **header})
    reading.take(MAIN, body, where)
    reading.check_functions()
    if reading.problems:
        raise ExpressionError(reading.problems)
    return reading.parts


class _Reading:
    def __init__(self, library: Library, read: Callable[[str], str] | None, settings: Mapping[str, Any]) -> None:
        self.library, self.read, self.settings = library, read, settings
        self.parts: dict[str, Part] = {}
        self.unusable: dict[str, DeployError | None] = {}  # why, as long as nobody was told
        self.certain = {MAIN}  # not only one of several that a computed name may mean
        self.problems: list[Problem] = []

    def take(self, name: str, text: str, where: str) -> None:
        """Parse one template and then all it refers to. Raises ExpressionError when it is none."""
        part = Part(where, parse_part(text, self.settings, where=where))
        self.parts[name] = part
        for node in jinja_checks.walk(part.tree):
            if isinstance(node, (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
                part.refers[id(node)] = self.resolve(node, where)

    def resolve(self, node: _Node, where: str) -> dict[str, str]:
        """The files that a reference may mean, all of them taken in."""
        found: dict[str, str] = {}
        missing = []
        several = list(meanings(node.template))
        before = len(self.problems)
        for meant in several:
            if meant.computed:
                found |= {name: file for name, file in self.candidates(meant, node, where) if self.usable(file, None)}
            elif (file := self.library.find(meant.text)) is None:
                missing.append(meant.text)
            elif self.usable(file, node):
                found[meant.text] = file
            else:
                found[meant.text] = file  # told already why it is of no use
        if len(self.problems) == before:
            self.complain(node, several, missing, bool(found), where)
        return found

    def candidates(self, meant: Meant, node: _Node, where: str) -> Iterator[tuple[str, str]]:
        found = self.library.matching(meant)
        if len(found) > MAX_PARTS:
            hint = "write a part of the name, for example {% include 'parts/' ~ name ~ '.j2' %}"
            text = f"any of {len(found)} templates may be meant"
            self.problems.append(Problem(where, text, hint=hint, file=where, line=node.lineno))
            return
        yield from found.items()

    def complain(self, node: _Node, several: list[Meant], missing: list[str], found: bool, where: str) -> None:
        """A name that is written out must be there, one of several at least."""
        if found or getattr(node, "ignore_missing", False):
            return
        places = ", ".join(self.library.folders) or "the plan's folder"
        if missing:
            names = " or ".join(f"'{name}'" for name in missing)
            text, hint = f"there is no template {names}", f"looked for in {places}"
            if any(".." in name.split("/") for name in missing):
                hint = "a template's name never leads upwards: write it from one of " + places
        elif several:
            text, hint = "which template is meant is not known, and no file fits", f"looked for in {places}"
        else:
            text, hint = "the name of a template is a text", "for example {% include 'header.j2' %}"
        self.problems.append(Problem(where, text, hint=hint, file=where, line=node.lineno))

    def usable(self, file: str, node: _Node | None) -> bool:
        """Take a file in. One that is no template only matters to the `node` that names it."""
        if file in self.parts:
            if node is not None:
                self.certain.add(file)
            return True
        if file in self.unusable:
            why = self.unusable[file]
            if node is not None and why is not None:
                self.unusable[file] = None
                self.note(why, file)
            return False
        if len(self.parts) > MAX_PARTS:
            self.problems.append(Problem(file, f"a template has more than {MAX_PARTS} parts"))
            return False
        if node is not None:
            self.certain.add(file)
        try:
            self.take(file, self.read(file) if self.read else "", file)
        except DeployError as error:
            self.unusable[file] = error
            return self.usable(file, node)
        return True

    def note(self, error: DeployError, file: str) -> None:
        if isinstance(error, DocumentError):
            self.problems += [replace(problem, file=problem.file or file) for problem in error.problems]
        else:
            self.problems.append(Problem(file, str(error), hint=error.hint, file=file))

    def check_functions(self) -> None:
        """A template may call the macros of those that include it, and those of its parents."""
        known = frozenset().union(*(jinja_checks.set_names(part.tree) for part in self.parts.values()))
        known |= {"self", "super"}
        used = frozenset().union(*(jinja_checks.used_names(part.tree) for part in self.parts.values()))
        for name, part in self.parts.items():
            if name not in self.certain:
                continue
            free = free_variables(part.tree) - known
            problems = jinja_checks.unknown_functions(part.tree, part.file, free, used)
            self.problems += [replace(problem, file=problem.file or name or None) for problem in problems]
