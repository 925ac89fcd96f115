"""Ansible's INI inventories."""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from collections.abc import Iterable
from typing import Any

from deploy_tasks.errors import InventoryError, Problem
from deploy_tasks.plan.documents import BadDocument, plain
from deploy_tasks.plan.inventory_graph import Graph
from deploy_tasks.plan.problems import MAX_PROBLEMS, suggest
from deploy_tasks.plan.ranges import BadRange, expand

MAX_LINE = 100_000
_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?")
_GROUP = re.compile(r"([^:\]\s]+)\s*(?:#.*)?")
_KINDS = ("hosts", "children", "vars")


def read_ini(text: str, graph: Graph, source: str) -> None:
    """Fill the graph from an INI inventory. Raises `InventoryError` with every bad line."""
    _Reader(graph, source).read(text)


class _Reader:
    def __init__(self, graph: Graph, source: str) -> None:
        self.graph, self.source = graph, source
        self.line = 0
        self.group, self.kind = "ungrouped", "hosts"
        self.problems: list[Problem] = []
        # Groups that are named by `:children` or `:vars` and have to be declared somewhere.
        self.declared: set[str] = {"all", "ungrouped"}
        self.wanted: dict[str, tuple[int, str]] = {}

    def read(self, text: str) -> None:
        for number, raw in enumerate(text.splitlines(), 1):
            self.line = number
            line = raw.strip()
            if not line or line[0] in "#;":
                continue
            try:
                self._line(line)
            except InventoryError as error:
                self.problems.extend(error.problems)
            if len(self.problems) > MAX_PROBLEMS:
                break
        self._undeclared()
        if self.problems:
            raise InventoryError(self.problems)

    def _line(self, line: str) -> None:
        if len(line) > MAX_LINE:
            raise self._error(f"the line is longer than {MAX_LINE} characters")
        section = _SECTION.fullmatch(line)
        if section:
            self._section(section[1], section[2] or "hosts")
        elif line.startswith("[") and line.endswith("]") and " " in line:
            raise self._error("a section name has no blanks in it", "write [web] or [web:children]")
        elif self.kind == "vars":
            self._variable(line)
        elif self.kind == "children":
            self._child(line)
        else:
            self._host(line)

    def _section(self, group: str, kind: str) -> None:
        if kind not in _KINDS:
            self.group, self.kind = group, "hosts"
            hint = suggest(kind, _KINDS) or f"one of {', '.join(_KINDS)}"
            raise self._error(f"[{group}:{kind}] is no kind of section", hint)
        self.group, self.kind = group, kind
        self.graph.add_group(group, source=self.source, line=self.line)
        if kind == "vars":
            self.wanted.setdefault(group, (self.line, f"[{group}:vars]"))
        else:
            self.declared.add(group)

    def _variable(self, line: str) -> None:
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise self._error("is not a variable", "in a :vars section every line is name=value")
        self.graph.group_vars(self.group, {name.strip(): typed(value.strip())})

    def _child(self, line: str) -> None:
        found = _GROUP.fullmatch(line)
        if not found:
            raise self._error("is not the name of a group", "in a :children section every line is one group's name")
        self.graph.add_child(self.group, found[1], source=self.source, line=self.line)
        self.wanted.setdefault(found[1], (self.line, f"[{self.group}:children]"))

    def _host(self, line: str) -> None:
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise self._error(f"cannot be split into words: {str(error).lower()}", "close the quote") from None
        if not words:
            return
        try:
            names, port = expand(words[0])
        except BadRange as error:
            raise self._error(f"{words[0][:60]!r} {error}") from None
        variables: dict[str, Any] = {} if port is None else {"ansible_port": port}
        for word in words[1:]:
            name, equals, value = word.partition("=")
            if not equals or not name:
                # The word itself may be a secret that lost its name, so it is not shown.
                raise self._error("after the host every word must be name=value", "put values with blanks in quotes")
            variables[name] = typed(value)
        for host in names:
            self.graph.add_host(host, self.group, source=self.source, line=self.line)
            self.graph.host_vars(host, variables)

    def _undeclared(self) -> None:
        for group, (line, where) in self.wanted.items():
            if group not in self.declared:
                hint = suggest(group, self.declared) or f"add a section [{group}]"
                self.problems.append(
                    Problem(where, f"the group {group!r} is declared nowhere", hint, self.source, line)
                )

    def _error(self, message: str, hint: str | None = None) -> InventoryError:
        where = f"[{self.group}]" if self.kind == "hosts" else f"[{self.group}:{self.kind}]"
        return InventoryError([Problem(where, message, hint, self.source, self.line)])


def typed(text: str) -> Any:
    """The value of an INI variable: a Python literal where it is one that JSON can hold, otherwise the text itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    if not _json_like(value):
        return text
    try:
        return plain(value, "")
    except BadDocument:
        return text


def _json_like(value: Any) -> bool:
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += [*item.keys(), *item.values()]
        elif isinstance(item, (list, tuple)):
            stack += _items(item)
        elif not (item is None or isinstance(item, (str, bool, int, float))):
            return False
    return True


def _items(item: Iterable[Any]) -> list[Any]:
    return list(item)
