"""Values as Jinja literals, so that data never becomes code when it is put into an expression."""

from __future__ import annotations

from typing import Any

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal(value: Any) -> str:
    """The Jinja expression whose value is this JSON value."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"({value!r})" if value < 0 else repr(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quote(str(key))}: {literal(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(literal(item) for item in value) + "]"


def quote(text: str) -> str:
    """A text as a Jinja string literal; Jinja reads backslash escapes as Python does."""
    return "'" + "".join(_ESCAPES.get(char) or _char(char) for char in text) + "'"


def is_template(value: Any) -> bool:
    """Whether a value is one whole template, `{{ … }}`."""
    return isinstance(value, str) and value.strip().startswith("{{") and value.strip().endswith("}}")


def unbraced(text: str) -> str:
    """The expression inside `{{ … }}`."""
    return text.strip()[2:-2].strip()


def _char(char: str) -> str:
    return char if char.isprintable() else f"\\U{ord(char):08x}"
