"""Where in which file a path of the plan is written: `roles/web/tasks/main.yml[3].args.mode` → file, line, column."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import yaml

from deploy_tasks.errors import Problem
from deploy_tasks.plan.documents import caret

if TYPE_CHECKING:
    from deploy_tasks.plan.playbook.source import Doc

_MERGE = "tag:yaml.org,2002:merge"
_STEP = re.compile(r"\.(?P<key>[A-Za-z_][A-Za-z0-9_-]*)|\[(?P<index>\d{1,9})\]|\[(?P<quoted>'[^']*'|\"[^\"]*\")\]")
_MAX_ALIASES = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int


class Places:
    """The documents of one playbook and how paths lead into them."""

    def __init__(self) -> None:
        self._docs: dict[str, Doc] = {}
        self._aliases: dict[str, str] = {}

    def add(self, doc: Doc) -> None:
        """Know a document by its name."""
        self._docs[doc.name] = doc

    def alias(self, path: str, written: str) -> None:
        """What the plan has at `path` is written at another place: `….args` at `….copy`."""
        if path != written:
            self._aliases[path] = written

    def rename(self, new: Callable[[str], str]) -> None:
        """Give every document another name; paths begin with the new one from now on."""
        names = {name: new(name) for name in self._docs}
        self._docs = {names[name]: doc for name, doc in self._docs.items()}
        self._aliases = {
            self._renamed(path, names): self._renamed(written, names) for path, written in self._aliases.items()
        }

    def find(self, path: str) -> Place | None:
        """The place of the key or item at the path, or of the nearest thing around it that is written somewhere."""
        doc, place = self._lookup(path)
        return None if doc is None or place is None else Place(doc.shown, *place)

    def line(self, path: str) -> str | None:
        """The file, by its name in the plan, and the line of what is at the path."""
        doc, place = self._lookup(path)
        return None if doc is None or place is None else f"{doc.name}:{place[0]}"

    def locate(self, problem: Problem) -> Problem:
        """The problem with file, line and column, its line and a caret in the message; as it is when it has a line."""
        if problem.line is not None:
            return problem
        doc, place = self._lookup(problem.path)
        if doc is None or place is None:
            return problem
        line, column = place
        shown = problem.message if doc.vaulted else f"{problem.message}\n    {caret(doc.text, line, column)}"
        return replace(problem, message=shown, file=doc.shown, line=line, column=column)

    def locate_all(self, problems: Iterable[Problem]) -> list[Problem]:
        """All of them located, each once, file after file in the order of their lines."""
        found = list(dict.fromkeys(self.locate(problem) for problem in problems))
        order = {doc.shown: number for number, doc in enumerate(self._docs.values())}
        last = len(order)
        return sorted(found, key=lambda each: (order.get(each.file or "", last), each.line or 0, each.column or 0))

    def _lookup(self, path: str) -> tuple[Doc | None, tuple[int, int] | None]:
        doc, rest = self._document(self._written(path))
        if doc is None or doc.root is None:
            return doc, None if doc is None else (1, 1)
        return doc, _walk(doc, doc.root, _steps(rest))

    def _document(self, path: str) -> tuple[Doc | None, str]:
        """The document whose name begins the path, and what follows the name."""
        for end in _ends(path):
            if path[:end] in self._docs:
                return self._docs[path[:end]], path[end:]
        return None, path

    def _written(self, path: str) -> str:
        """The path with every part replaced that is written elsewhere, the longest first."""
        for _ in range(_MAX_ALIASES):
            end = next((end for end in _ends(path) if path[:end] in self._aliases), None)
            if end is None:
                return path
            path = self._aliases[path[:end]] + path[end:]
        return path

    def _renamed(self, path: str, names: dict[str, str]) -> str:
        end = next((end for end in _ends(path) if path[:end] in names), None)
        return path if end is None else names[path[:end]] + path[end:]


def _ends(path: str) -> Iterator[int]:
    """Where the path may be cut, the longest piece first."""
    yield len(path)
    for index in range(len(path) - 1, 0, -1):
        if path[index] in ".[":
            yield index


def _steps(path: str) -> list[str | int]:
    """Keys and indexes of `[0].tasks[2].copy`; what cannot be read ends the path."""
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            break
        position = found.end()
        if found["index"] is not None:
            steps.append(int(found["index"]))
        else:
            steps.append(found["key"] if found["key"] is not None else str(ast.literal_eval(found["quoted"])))
    return steps


def _walk(doc: Doc, node: yaml.Node, steps: list[str | int]) -> tuple[int, int]:
    place = node.start_mark
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            found = _entry(node, str(step), 0)
            if found is None:
                break
            place, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            place = node.start_mark
        elif isinstance(node, yaml.ScalarNode) and isinstance(step, str):
            return _inside(doc, node, step) or _position(place)
        elif step != 0:
            # A single thing where a list may stand is its own first item.
            break
    return _position(place)


def _entry(node: yaml.MappingNode, key: str, depth: int) -> tuple[yaml.Node, yaml.Node] | None:
    """Key and value of a mapping, those merged into it last; of a key that stands twice, the last one."""
    for name, value in reversed(node.value):
        if isinstance(name, yaml.ScalarNode) and name.value == key and name.tag != _MERGE:
            return name, value
    if depth < _MAX_ALIASES:
        for name, value in node.value:
            if name.tag == _MERGE:
                for other in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    found = _entry(other, key, depth + 1) if isinstance(other, yaml.MappingNode) else None
                    if found:
                        return found
    return None


def _inside(doc: Doc, node: yaml.ScalarNode, key: str) -> tuple[int, int] | None:
    """The place of `key=` in arguments that are one text."""
    text = doc.text[node.start_mark.index : node.end_mark.index]
    found = re.search(rf"(?<![\w.]){re.escape(key)}\s*=", text)
    if found is None:
        return None
    before = text[: found.start()]
    line = node.start_mark.line + before.count("\n")
    column = found.start() - before.rfind("\n") - 1 if "\n" in before else node.start_mark.column + found.start()
    return line + 1, column + 1


def _position(mark: yaml.Mark) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1
