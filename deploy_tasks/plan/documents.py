"""Reading documents from outside: bounded bytes, JSON and YAML as plain bounded data, errors with line and caret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import yaml

from deploy_tasks.errors import Problem
from deploy_tasks.plan import doubles
from deploy_tasks.plan.scalars import NotPlain, key_text, scalar
from deploy_tasks.plan.yaml_nodes import MAX_DEPTH, TooDeep, compose
from deploy_tasks.plan.yaml_values import MAX_NODES, BadValue, Refused, Values
from deploy_tasks.secret import is_secret_name

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "PLAN_DEPTH", "BadDocument", "Unlock", "at_node", "caret"]
__all__ += ["compose_yaml", "construct", "decode", "parse_json", "parse_yaml", "placed", "plain", "read_bounded"]

MAX_BYTES = 32 << 20
#: Plans nest deeper than what people write: roles, includes and blocks stand inside each other.
PLAN_DEPTH = 200
Unlock = Callable[[str], Any]
_SNIPPET = 60
#: So many names beside one that is not there are looked at.
_NEIGHBOURS = 1000
_MAX_SHOWN = 10_000
_NAME = re.compile(r"([\w-]{1,60})[\"']?\s{0,4}[:=]\s{0,4}")
# A value up to its closing quote; a broken line may have none, then up to the end.
_VALUE = re.compile(r"\"[^\"]*\"|'[^']*'|.*")


#: What to do about what YAML's own parser says, by a word of it.
_YAML_HINTS = {
    "tab character": "indent with blanks",
    "expected key": "keys of one mapping stand in the same column",
    "expected '-' indicator": "the dashes of one list stand in the same column, the keys of an item to the right",
    "mapping values are not allowed": "a text with ': ' in it needs quotes; keys stand in the column of the others",
    "cannot start any token": "a text that begins with this character needs quotes",
}


class BadDocument(Exception):
    """A document cannot be read; `problem` says where and why. Callers turn it into their own error."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read_bounded(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The content of a regular file. Raises `BadDocument` when it cannot be read or is larger than `limit` bytes."""
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise BadDocument(Problem("", f"cannot be read: {error.strerror}", _near(path), str(path))) from None
    except ValueError as error:
        raise BadDocument(Problem("", f"is not a usable file name: {error}", file=str(path))) from None
    if len(data) > limit:
        raise BadDocument(Problem("", f"is larger than the limit of {limit >> 20} MiB", file=str(path)))
    return data


def _near(path: Path) -> str | None:
    """What a name that is not there may have been, among its neighbours."""
    try:
        names = [] if path.exists() else [each.name for each in islice(path.parent.iterdir(), _NEIGHBOURS)]
    except OSError:
        return None
    near = get_close_matches(path.name, names, n=1)
    return f"did you mean {path.parent / near[0]}?" if near else None


def decode(data: bytes, source: str) -> str:
    """UTF-8 text, a byte order mark dropped."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem("", "is not UTF-8 text", "save the file as UTF-8", source, line)
        raise BadDocument(problem) from None


def parse_json(text: str, source: str, *, depth: int = MAX_DEPTH) -> Any:
    """JSON as bounded plain data; a syntax error is shown with its line and a caret under the column."""
    if len(text) > MAX_BYTES:
        raise BadDocument(Problem("", f"is larger than the limit of {MAX_BYTES >> 20} MiB", file=source))
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise BadDocument(_caret(text, error.msg, error.lineno, error.colno, source)) from None
    except RecursionError:
        raise BadDocument(Problem("", f"is nested deeper than {depth} levels", file=source)) from None
    except ValueError as error:
        raise BadDocument(Problem("", f"holds a number that JSON does not allow: {error}", file=source)) from None
    return plain(value, source, depth=depth)


def parse_yaml(text: str, source: str, unlock: Unlock | None = None, *, secret: bool = False) -> Any:
    """One YAML document as bounded plain data (dates become text, keys become text).

    `unlock` gives the value that stands for a text that ansible-vault encrypted; without it such texts are refused.
    `secret`: no warning names what stands in the document.
    """
    return construct(compose_yaml(text, source), source, unlock, secret=secret)


def compose_yaml(text: str, source: str) -> yaml.Node | None:
    """The node tree of one YAML document, whose nodes know their lines; None when it is empty."""
    try:
        return compose(text)
    except TooDeep as error:
        line, column = error.mark.line + 1, error.mark.column + 1
        raise BadDocument(Problem("", str(error), None, source, line, column)) from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadDocument(_yaml_problem(text, error, source)) from None


def construct(node: yaml.Node | None, source: str, unlock: Unlock | None = None, *, secret: bool = False) -> Any:
    """The plain value of a node. Raises `BadDocument` for tags that YAML files of ours may not have."""
    try:
        return Values(unlock and placed(unlock), doubles.warning(source, secret=secret)).of(node)
    except BadValue as error:
        raise BadDocument(at_node(error.node, error.message, error.hint, source)) from None


def placed(unlock: Unlock) -> Unlock:
    """The same, whose `BadDocument` for a text becomes a problem at the place where the text stands."""

    def opened(locked: str) -> Any:
        try:
            return unlock(locked)
        except BadDocument as error:
            raise Refused(error.problem.message, error.problem.hint) from None

    return opened


def at_node(node: yaml.Node, message: str, hint: str | None, source: str, text: str = "") -> Problem:
    """A problem at a node's place, with the line and a caret when the document's text is given."""
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    shown = f"{message}\n    {caret(text, line, column)}" if text else message
    return Problem("", shown, hint, source, line, column)


def plain(value: Any, source: str, *, depth: int = MAX_DEPTH) -> Any:
    """A copy made of dict, list, str, int, float, bool and None only, its depth and size bounded.

    An anchor that is used again and again is counted each time, so that a small file cannot unfold into a huge one.
    """
    return _Plain(source, depth).copy(value, 0)


class _Plain:
    def __init__(self, source: str, deepest: int) -> None:
        self.source = source
        self.deepest = deepest
        self.left = MAX_NODES

    def copy(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if self.left < 0:
            self._refuse(f"holds more than {MAX_NODES} values")
        if depth > self.deepest:
            self._refuse(f"is nested deeper than {self.deepest} levels")
        if isinstance(value, dict):
            return {key_text(self._scalar(key)): self.copy(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.copy(item, depth + 1) for item in value]
        if isinstance(value, (set, frozenset)):
            return [self.copy(item, depth + 1) for item in sorted(value, key=str)]
        return self._scalar(value)

    def _scalar(self, value: Any) -> Any:
        try:
            return scalar(value)
        except NotPlain as error:
            self._refuse(f"holds {error}", error.hint)

    def _refuse(self, message: str, hint: str | None = None) -> NoReturn:
        raise BadDocument(Problem("", message, hint, self.source))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _yaml_problem(text: str, error: Exception, source: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or str(error).splitlines()[0]
    if mark is None:
        return Problem("", f"is not YAML: {message}", file=source)
    found = _caret(text, f"not YAML: {message}", mark.line + 1, mark.column + 1, source)
    return replace(found, hint=next((hint for word, hint in _YAML_HINTS.items() if word in message), found.hint))


def _caret(text: str, message: str, line: int, column: int, source: str) -> Problem:
    """A syntax problem with the offending line and a caret below the column."""
    shown = f"{_lower(message)}\n    {caret(text, line, column)}"
    return Problem("", shown, _json_hint(message), source, line, column)


def caret(text: str, line: int, column: int) -> str:
    """A line of the text, what looks like a secret hidden, and below it a caret under the column."""
    lines = text.split("\n", line)
    shown = _hidden(lines[line - 1].rstrip("\r")) if line <= len(lines) else ""
    start = max(0, column - 1 - _SNIPPET // 2)
    piece = shown[start : start + _SNIPPET].replace("\t", " ")
    return f"{piece}\n    {' ' * (column - 1 - start)}^"


def _hidden(line: str) -> str:
    """The line with what looks like a secret replaced, its length kept so that the caret stays in place."""
    shown = line[:_MAX_SHOWN]
    for name in _NAME.finditer(shown):
        if is_secret_name(name[1]):
            value = _VALUE.match(shown, name.end())
            assert value is not None
            shown = shown[: value.start()] + "*" * len(value[0]) + shown[value.end() :]
    return shown


def _json_hint(message: str) -> str | None:
    if "property name" in message:
        return "keys stand in double quotes, and no comma may follow the last one"
    if "Expecting ',' delimiter" in message:
        return "a comma is missing before this place, or a bracket was not closed"
    return None


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
