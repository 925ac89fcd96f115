"""Secrets as a type, and the masking of their values in text that leaves the worker."""

from __future__ import annotations

import base64
import json
import re
import shlex
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

MASK = "********"
_SHORTEST = 4
_NAMES = re.compile(
    r"pass(word|wd|phrase|code)?$|passwd|password|secret|token|api_?key|private_?key(?!_file)|credential|(^|_)pin$",
    re.IGNORECASE,
)


class Secret:
    """A value that prints as asterisks in `str`, `repr`, format strings and JSON; `reveal()` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> Any:
        raise TypeError("a secret is never pickled")


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret by its name (`db_password`, `api_token`, …)."""
    return _NAMES.search(name) is not None


def secret_values(variables: Mapping[str, Any]) -> Iterator[str]:
    """Every text under a secret-looking name, at any depth."""
    for name, value in variables.items():
        if is_secret_name(str(name)):
            yield from _texts(value)
        elif isinstance(value, Mapping):
            yield from secret_values(value)
        elif isinstance(value, (list, tuple)):
            for item in value:
                if isinstance(item, Mapping):
                    yield from secret_values(item)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)


class Masker:
    """Replaces known secret values, also when quoted, escaped or encoded, in texts and JSON-like data."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(values)

    def add(self, values: Iterable[str]) -> None:
        """More values to be replaced from now on. Safe to call while other threads mask."""
        with self._lock:
            forms = {form for value in values for form in _forms(value)} - self._known
            if forms:
                self._known |= forms
                ordered = sorted(self._known, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, ordered)))

    def text(self, text: str) -> str:
        """The text with every secret replaced."""
        pattern = self._pattern
        return pattern.sub(MASK, text) if pattern else text

    def data(self, value: Any) -> Any:
        """The same structure with every secret replaced in keys and texts."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        return value


def _forms(value: str) -> Iterator[str]:
    lines = [line for line in value.splitlines() if len(line.strip()) >= _SHORTEST * 2] if "\n" in value else []
    for text in (value, value.strip(), *lines):
        if len(text) < _SHORTEST:
            continue
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield repr(text)[1:-1]
        yield shlex.quote(text)
        yield quote(text, safe="")
        yield base64.b64encode(text.encode()).decode()
