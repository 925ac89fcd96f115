"""The single values that plans hold: text, numbers, truth and nothing; what else parsers make becomes text."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any


class NotPlain(ValueError):
    """A value that no plan may hold; the text says what it holds, `hint` what to write instead."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def scalar(value: Any) -> Any:
    """The plain value of one that holds no others. Raises `NotPlain`."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise NotPlain("a number that is not finite", "write it as text, in quotes")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return _text(str(value))


def _text(value: str) -> str:
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise NotPlain("half of a surrogate pair, which is not Unicode text")
    return value


def key_text(key: Any) -> str:
    """A mapping's key as the text that JSON has for it."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
