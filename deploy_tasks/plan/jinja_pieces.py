"""Plan values as parts of an expression: `a{{ b }}` becomes `'a' ~ (b)`, a list of templates a list of expressions.

Within `{{ }}` of a plan a backslash stands for itself (see `jinja.parse_template`), elsewhere Jinja2 reads it as an
escape; what is made here is for within `{{ }}`, and `escaped` is the same for elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateSyntaxError

from deploy_tasks.plan.fields import bad
from deploy_tasks.plan.jinja import environment, is_template

_SKIPPED = frozenset({"raw_begin", "raw_end", "comment_begin", "comment", "comment_end"})

_ENDS = frozenset({"elif", "else", "endif"})
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template: literal text, or the expression of an output, as written and with backslashes doubled."""

    text: str
    output: bool
    escaped: str = ""


def pieces(text: str) -> list[Piece] | None:
    """The parts of a template that consists of texts and outputs; None when it holds statements (`{% … %}`).

    Raises a model error for a template that cannot be read.
    """
    found: list[Piece] = []
    plain: list[str] = []
    escaped: list[str] = []
    inside = False
    try:
        for _, kind, value in environment().lex(text):
            if kind == "variable_begin":
                inside = True
            elif kind == "variable_end":
                found.append(Piece("".join(plain).strip(), True, "".join(escaped).strip()))
                plain, escaped, inside = [], [], False
            elif inside:
                plain.append(value)
                escaped.append(value.replace("\\", "\\\\") if kind == "string" else value)
            elif kind == "data":
                found.append(Piece(value, False))
            elif kind not in _SKIPPED:
                return None
    except TemplateSyntaxError as error:
        raise bad(f"template syntax: {error.message}") from None
    return found


def whole(value: Any) -> Piece | None:
    """The one output that a text is, blanks around it aside; None when it is anything else."""
    if not is_template(value):
        return None
    found = pieces(value.strip())
    return found[0] if found and len(found) == 1 and found[0].output else None


def expression(value: Any) -> str:
    """The expression, for within `{{ }}`, whose value the host would give to this plan value.

    Raises a model error for what cannot be one.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return mapping(value.items())
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(expression(item) for item in value) + "]"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"({value!r})" if value < 0 else repr(value)


def mapping(items: Iterable[tuple[Any, Any]]) -> str:
    """The expression of a mapping, whose keys may be numbers, true, false and null."""
    return "{" + ", ".join(f"{_key(key)}: {expression(value)}" for key, value in items) + "}"


def _key(key: Any) -> str:
    return literal(key) if isinstance(key, str) else expression(key)


def literal(text: str) -> str:
    """A text as a literal for within `{{ }}`, where backslashes are no escapes."""
    if "'" not in text and not text.endswith("\\"):
        return f"'{text}'"
    if '"' not in text and not text.endswith("\\"):
        return f'"{text}"'
    # Neither quote can hold all of it: the quotes themselves go between the other kind.
    parts = text.split("'")
    if any(part.endswith("\\") for part in parts):
        raise bad("a text in it cannot be written in an expression", "put it into a variable under vars, and use that")
    return "(" + ' ~ "\'" ~ '.join(f"'{part}'" for part in parts) + ")"


def _branched(text: str) -> str | None:
    """The expression of a template whose only statements are conditions; None when it holds others.

    Raises a model error for a template that cannot be read.
    """
    found: list[tuple[str, str]] = []
    inside: list[str] | None = None
    try:
        environment().parse(text)
        for _, kind, value in environment().lex(text):
            if kind in ("variable_begin", "block_begin"):
                inside = []
            elif kind in ("variable_end", "block_end"):
                found.append((kind, "".join(inside or ()).strip()))
                inside = None
            elif inside is not None:
                inside.append(value)
            elif kind == "data":
                found.append((kind, value))
        return _Branches(found).whole()
    except TemplateSyntaxError as error:
        raise bad(f"template syntax: {error.message}") from None
    except RecursionError:
        raise bad("a template in it has too many conditions within each other", "take it apart") from None


class _Branches:
    """Reads the texts, outputs and conditions of a template, one after the other."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        self.rest = found[::-1]

    def whole(self) -> str | None:
        made = self._joined()
        return None if self.rest else made

    def _joined(self) -> str | None:
        """Everything up to a statement that ends a branch, as one expression."""
        parts: list[str] = []
        while self.rest and not (self.rest[-1][0] == "block_end" and _word(self.rest[-1][1]) in _ENDS):
            kind, text = self.rest.pop()
            if kind == "data":
                parts.append(literal(text))
            elif kind == "variable_end":
                parts.append(_operand(text))
            elif _word(text) != "if" or (branch := self._branch(text.partition("if")[2])) is None:
                return None
            else:
                parts.append(branch)
        return "(" + " ~ ".join(parts) + ")" if parts else "''"

    def _branch(self, condition: str) -> str | None:
        """What follows a condition, up to the end of all its branches."""
        yes, otherwise = self._joined(), "''"
        if yes is None or not self.rest:
            return None
        end = self.rest.pop()[1]
        made: str | None = otherwise
        if _word(end) == "elif":
            made = self._branch(end.partition("elif")[2])
        elif end == "else":
            made = self._joined()
            if not self.rest or self.rest.pop()[1] != "endif":
                return None
        elif end != "endif":
            return None
        return None if made is None else f"({yes} if ({condition.strip()}) else {made})"


def _word(statement: str) -> str:
    """The word that a statement begins with."""
    return statement.split(None, 1)[0] if statement.split() else ""


def _operand(text: str) -> str:
    return text if _NAME.fullmatch(text) else f"({text})"


def _text(text: str) -> str:
    if not is_template(text):
        return literal(text)
    found = pieces(text)
    if found is None:
        made = _branched(text)
        if made is not None:
            return made
        raise bad("a template in it holds statements ({% … %})", "put it into a variable under vars, and use that")
    if not found:
        return "''"
    parts = [_operand(piece.text) if piece.output else literal(piece.text) for piece in found]
    if len(found) == 1:
        return parts[0]
    return "(" + " ~ ".join(parts) + ")"
