"""Arguments written as one text: `src=a dest="b c" mode={{ mode }}`, and commands with `creates=` among their words.

Words end at blanks and line ends, except within quotes and within the braces of a template, which may hold both.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

# What is an argument of a command and not a word of it.
COMMAND_ARGUMENTS = frozenset(
    {"creates", "removes", "chdir", "executable", "warn", "stdin", "stdin_add_newline", "strip_empty_ends"}
)
_PAIRS = (("{{", "}}"), ("{%", "%}"), ("{#", "#}"))
_ESCAPE = re.compile(
    r"""\\(?:U[0-9a-fA-F]{8}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|N\{[^}]+\}|[\\'"abfnrtv])""",
)
_EQUALS = re.compile(r"(?<!\\)=")


class Unbalanced(Exception):
    """A quote or a template's brace is not closed; the text says which."""


def parse(text: str, *, command: bool = False) -> dict[str, str]:
    """The arguments in a text; what is no `key=value` goes into `_raw_params`, joined as it was written.

    With `command` only the arguments that commands have count as such. Raises `Unbalanced`.
    """
    found: dict[str, str] = {}
    free: list[str] = []
    for word in words(text):
        plain = _unescaped(word)
        key, value = _pair(plain)
        if key is None:
            free.append(word if "=" not in plain else plain.replace("\\=", "="))
        elif command and key not in COMMAND_ARGUMENTS:
            free.append(word)
        else:
            found[key.strip()] = unquoted(value.strip())
    if free:
        found["_raw_params"] = _joined(free)
    return found


def module_and_rest(text: str) -> tuple[str, str]:
    """`copy` and `src=a dest=b` of `copy src=a dest=b`. Raises `Unbalanced`."""
    parts = words(text)
    return (parts[0].strip(), " ".join(parts[1:])) if parts else ("", "")


def unquoted(text: str) -> str:
    """The text without the quotes around the whole of it."""
    whole = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[-2] != "\\"
    return text[1:-1] if whole else text


def words(text: str) -> list[str]:
    """The words of a text; blanks that follow one, and line ends, stay with it, so that joining gives the text back."""
    return _Splitter().split(text) if text else []


class _Splitter:
    def __init__(self) -> None:
        #: The pieces of every word.
        self.found: list[list[str]] = []
        self.quote: str | None = None
        self.depths = [0, 0, 0]

    def split(self, text: str) -> list[str]:
        lines = text.split("\n")
        for number, line in enumerate(lines):
            continued = self._line(line)
            if number < len(lines) - 1 and not continued:
                self._append_to_last("\n")
        if self.quote:
            raise Unbalanced(f"a {self.quote} is not closed")
        for depth, (opening, _) in zip(self.depths, _PAIRS, strict=True):
            if depth:
                raise Unbalanced(f"a {opening} is not closed")
        return ["".join(pieces) for pieces in self.found]

    def _line(self, line: str) -> bool:
        """Take one line; whether a backslash joins the next one to it."""
        continued = False
        for index, piece in enumerate(line.split(" ")):
            if not piece and index:
                self._append_to_last(" ")
            elif piece == "\\" and not self.quote:
                continued = True
            else:
                self._token(piece, index == 0)
        return continued

    def _token(self, token: str, first: bool) -> None:
        quoted_before, nested_before = self.quote is not None, any(self.depths)
        self.quote = _quote_after(token, self.quote)
        changed = self._count(token)
        if nested_before or quoted_before:
            self._append_to_last(token if first else f" {token}")
        elif token or changed:
            self.found.append([token])

    def _count(self, token: str) -> bool:
        """Follow the template braces of a token; whether it opens or closes more than it closes or opens."""
        changed = False
        for number, (opening, closing) in enumerate(_PAIRS):
            before = self.depths[number]
            self.depths[number] = max(0, before + token.count(opening) - token.count(closing))
            changed |= self.depths[number] != before
        return changed

    def _append_to_last(self, text: str) -> None:
        if not self.found:
            self.found.append([])
        self.found[-1].append(text)


def _quote_after(token: str, quote: str | None) -> str | None:
    """The quote that is open after the token; an escaped one opens and closes nothing."""
    before = ""
    for char in token:
        if char in "\"'" and before != "\\":
            if quote is None:
                quote = char
            elif char == quote:
                quote = None
        before = char
    return quote


def _unescaped(word: str) -> str:
    """The word with the escapes of Python's texts read; others stay as they are."""
    return _ESCAPE.sub(_character, word)


def _character(found: re.Match[str]) -> str:
    try:
        return codecs.decode(found[0], "unicode-escape")
    except ValueError:
        return found[0]


def _pair(word: str) -> tuple[str | None, str]:
    """Key and value of `key=value`; an escaped `=` does not count, nor does one that begins the word."""
    for found in _equals(word):
        if found > 0:
            return word[:found], word[found + 1 :]
    return None, word


def _equals(word: str) -> Iterator[int]:
    return (found.start() for found in _EQUALS.finditer(word))


def _joined(parts: list[str]) -> str:
    text = ""
    for part in parts:
        text += part if not text or text.endswith("\n") else f" {part}"
    return text
