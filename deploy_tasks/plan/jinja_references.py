"""Which templates an `include`, `import` or `extends` may mean: names written out, and patterns for computed ones."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

Reference = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_ANY = ".*"


@dataclass(frozen=True, slots=True)
class Meant:
    """One way to read the name of a template: `text` is the name, or a regular expression when it is `computed`.

    `vague` says that nothing of the name is known.
    """

    text: str
    computed: bool = False

    @property
    def vague(self) -> bool:
        return self.computed and self.text == _ANY


Known = Callable[[nodes.Node], Sequence[Any]]
"""The values that an expression may have, as far as the plan says them: none if it does not."""


def nothing_known(_tree: nodes.Node) -> Sequence[Any]:
    """Nothing is known of any variable."""
    return ()


def bounded(known: Known, most: int) -> Known:
    """The same, asked so many times at most: variables that are made of each other have no end otherwise."""
    left = most

    def within(tree: nodes.Node) -> Sequence[Any]:
        nonlocal left
        left -= 1
        return known(tree) if left >= 0 else ()

    return within


def meanings(tree: nodes.Node, known: Known = nothing_known, depth: int = 8) -> Iterator[Meant]:
    """What the name in a reference may be, as far as the plan says it."""
    match tree:
        case nodes.Const(value=value):
            yield from _of_value(value)
        case nodes.List(items=items) | nodes.Tuple(items=items):
            for item in items:
                yield from meanings(item, known, depth)
        case nodes.CondExpr(expr1=yes, expr2=no):
            yield from meanings(yes, known, depth)
            if no is not None:
                yield from meanings(no, known, depth)
        case nodes.Or(left=left, right=right):
            yield from meanings(left, known, depth)
            yield from meanings(right, known, depth)
        case _ if depth and (values := known(tree)):
            for value in values:
                yield from meanings(value, known, depth - 1) if isinstance(value, nodes.Node) else _of_value(value)
        case _:
            yield Meant(_pattern(tree, known, depth), computed=True)


def _of_value(value: Any) -> Iterator[Meant]:
    if isinstance(value, str):
        yield Meant(value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _of_value(item)


def _pattern(tree: nodes.Node, known: Known, depth: int) -> str:
    """A regular expression for the texts that an expression gives."""
    match tree:
        case nodes.Const(value=str() | int() as text):
            return re.escape(str(text))
        case nodes.TemplateData(data=text):
            return re.escape(text)
        case nodes.Concat(nodes=parts):
            return _joined(parts, known, depth)
        case nodes.Add(left=left, right=right):
            return _joined([left, right], known, depth)
        case _ if depth and (values := known(tree)):
            return _either(values, known, depth - 1)
    return _ANY


def _either(values: Iterable[Any], known: Known, depth: int) -> str:
    several: set[str] = set()
    for value in values:
        pattern = _value_pattern(value, known, depth)
        if pattern == _ANY:
            return _ANY
        several.add(pattern)
    return f"(?:{'|'.join(sorted(several))})"


def _value_pattern(value: Any, known: Known, depth: int) -> str:
    if isinstance(value, nodes.Node):
        return _pattern(value, known, depth)
    return re.escape(str(value)) if isinstance(value, (str, int)) else _ANY


def _joined(parts: Iterable[nodes.Node], known: Known, depth: int) -> str:
    text = "".join(_pattern(part, known, depth) for part in parts)
    return text.replace(_ANY * 2, _ANY)


@dataclass(frozen=True, slots=True)
class Library:
    """The files in which templates are looked for: `folders` in order, whether a file `exists`, which are `below` one.

    All names are plan-relative.
    """

    folders: Sequence[str]
    exists: Callable[[str], bool]
    below: Callable[[str], Iterable[str]]

    def find(self, name: str) -> str | None:
        """The file that a name written in a template means."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            return None
        files = (posixpath.normpath(posixpath.join(folder, *parts)) for folder in self.folders)
        return next((file for file in files if self.exists(file)), None)

    def matching(self, meant: Meant) -> dict[str, str]:
        """The files that a computed name may mean, by the name as it is then computed.

        When nothing of the name is known, only folders for templates and the template's own are looked through.
        """
        wanted = re.compile(meant.text, re.DOTALL)
        found: dict[str, str] = {}
        own = self.folders[-1:]
        for folder in self.folders:
            if meant.vague and posixpath.basename(folder) != "templates" and folder not in own:
                continue
            for file in self.below(folder):
                name = file if folder in ("", ".") else posixpath.relpath(file, folder)
                if name not in found and wanted.fullmatch(name):
                    found[name] = file
        return found


def template_folders(search: Iterable[str], playbook_dir: str, template: str) -> tuple[str, ...]:
    """Where a template looks for others: as Ansible does, each place's `templates` before the place itself."""
    places = [*search, playbook_dir, posixpath.dirname(template)]
    both = [posixpath.normpath(posixpath.join(place, under)) for place in places for under in ("templates", "")]
    return tuple(dict.fromkeys(both))
