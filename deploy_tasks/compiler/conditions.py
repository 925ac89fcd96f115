"""Conditions with templates in them: `when: "'{{ kind }}' == 'web' and {{ port }} > 80"`.

Ansible writes what the templates give into the text, and reads the whole as an expression. Nothing is parsed on a host,
so each template becomes a value there: within quotes its text, elsewhere what its text stands for alone. What would
mean more than one value is refused by the runner (docs/program.md, `spliced`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from deploy_tasks.compiler.expr_nodes import Node, lower_expression
from deploy_tasks.errors import Problem
from deploy_tasks.plan.jinja import ExpressionError, environment, parse_expression, parse_template

_NAME = "__spliced_{}__"
_NAMED = re.compile(r"__spliced_(\d+)__")
# Beside one of these a template would be a part of a name, a number or another text.
_STICKS = re.compile(r"[\w.'\"{}]")


def spliced(condition: str, *, where: str, body: Callable[[Any], list[Node]]) -> Node | None:
    """The NODE of a condition with templates in it; `body` lowers statements. None when it cannot be told apart.

    Raises ExpressionError for what is wrong in it.
    """
    try:
        pieces = list(_pieces(condition))
    except (TemplateSyntaxError, _Unclear):
        return None
    if _NAMED.search(condition):
        return None
    found = _Splitter()
    if not all(found.take(text, is_template) for text, is_template in pieces) or found.quote:
        return None
    try:
        tree = parse_expression("".join(found.whole), where=where)
    except ExpressionError as error:
        raise ExpressionError([found.told(problem) for problem in error.problems]) from None
    node: Node = _filled(lower_expression(tree), [_value(each, where, body) for each in found.taken])
    return node


class _Unclear(Exception):
    """There is a statement or comment in it."""


def _pieces(condition: str) -> Iterator[tuple[str, bool]]:
    """The text around templates, and each template whole."""
    held = ""
    for _line, kind, text in environment().lex(condition):
        if kind.startswith(("block", "comment", "raw")):
            raise _Unclear
        if kind == "data":
            yield text, False
            continue
        held += text
        if kind == "variable_end":
            yield held, True
            held = ""


@dataclass(slots=True)
class _Splitter:
    """Puts a name in place of every template, and of every quoted text that holds one."""

    whole: list[str] = field(default_factory=list)
    #: What the names stand for: a template, and whether it is quoted text.
    taken: list[tuple[str, bool]] = field(default_factory=list)
    quote: str = ""
    _text: str = ""
    _templated: bool = False

    def take(self, piece: str, is_template: bool) -> bool:
        """The next piece; False when it cannot be told what it means."""
        if not is_template:
            return all(self._character(character) for character in piece)
        if self.quote:
            self._text, self._templated = self._text + piece, True
            return True
        if _STICKS.match(self._last()):
            return False
        self._name(piece, False)
        return True

    def told(self, problem: Problem) -> Problem:
        """A problem of the whole, with what was written instead of the names."""
        return replace(problem, message=_NAMED.sub(lambda name: self.taken[int(name[1])][0], problem.message))

    def _character(self, character: str) -> bool:
        if self.quote and character == self.quote:
            if self._templated:
                self._name(self._text, True)
            else:
                self.whole.append(f"{self.quote}{self._text}{self.quote}")
            self.quote, self._text, self._templated = "", "", False
        elif self.quote:
            self._text += character
            return character != "\\"
        elif _NAMED.fullmatch(self.whole[-1] if self.whole else "") and _STICKS.match(character):
            return False
        elif character in "'\"":
            self.quote = character
        else:
            self.whole.append(character)
        return True

    def _last(self) -> str:
        return self.whole[-1][-1:] if self.whole else ""

    def _name(self, text: str, quoted: bool) -> None:
        self.whole.append(_NAME.format(len(self.taken)))
        self.taken.append((text, quoted))


def _value(taken: tuple[str, bool], where: str, body: Callable[[Any], list[Node]]) -> Node:
    text, quoted = taken
    tree = parse_template(text, where=where, escape_backslashes=True)
    if quoted:
        return ["spliced", ["tmpl", body(tree.body)], True]
    (output,) = tree.body
    assert isinstance(output, nodes.Output)
    (expression,) = output.nodes
    return ["spliced", lower_expression(expression), False]


def _filled(node: Any, values: list[Node]) -> Any:
    match node:
        case ["var", str(name)] if found := _NAMED.fullmatch(name):
            return values[int(found[1])]
        case list():
            return [_filled(part, values) for part in node]
        case dict():
            return {key: _filled(part, values) for key, part in node.items()}
    return node
