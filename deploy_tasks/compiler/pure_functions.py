"""Filters and methods that a worker can apply itself to values that it knows: those that look at nothing else and make
nothing large of something small. Jinja2's own are Jinja2's own."""

from __future__ import annotations

import itertools
import posixpath
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import filters


class Unfit(Exception):
    """A function was given what it is not for; an expression that does that is an error on the host."""


def _of_text(function: Callable[[str], Any]) -> Callable[..., Any]:
    def apply(value: Any, *more: Any) -> Any:
        if not isinstance(value, str) or more:
            raise Unfit
        return function(value)

    return apply


def _replace(value: Any, old: Any, new: Any) -> str:
    if not (isinstance(value, str) and isinstance(old, str) and isinstance(new, str) and old):
        raise Unfit
    if len(value) * max(len(new), 1) > 1 << 16:
        raise Unfit
    return value.replace(old, new)


def _split(value: Any, by: Any = None, *more: Any) -> list[str]:
    if not isinstance(value, str) or more or not (by is None or (isinstance(by, str) and by)):
        raise Unfit
    return value.split(by)


def _strip(value: Any, chars: Any = None, *more: Any) -> str:
    if not isinstance(value, str) or more or not (chars is None or isinstance(chars, str)):
        raise Unfit
    return value.strip(chars)


def _join(value: Any, by: Any = "", *more: Any) -> str:
    if not isinstance(value, list) or more or not isinstance(by, str):
        raise Unfit
    return by.join(str(each) for each in value)


def _pick(position: int) -> Callable[..., Any]:
    def apply(value: Any, *more: Any) -> Any:
        if not isinstance(value, (list, str)) or not value or more:
            raise Unfit
        return value[position]

    return apply


def _int(value: Any, *more: Any) -> int:
    if more or not isinstance(value, (str, int, float)) or len(str(value)) > 30:
        raise Unfit
    return filters.do_int(value)


def _flatten(value: Any, *more: Any) -> list[Any]:
    if not isinstance(value, list) or more:
        raise Unfit
    return list(itertools.chain.from_iterable(_flatten(each) if isinstance(each, list) else [each] for each in value))


def _list(value: Any, *more: Any) -> list[Any]:
    if not isinstance(value, list) or more:
        raise Unfit
    return value


def _pairs(value: Any, *more: Any) -> list[Any]:
    if not isinstance(value, dict) or more:
        raise Unfit
    return [{"key": key, "value": item} for key, item in value.items()]


def _length(value: Any, *more: Any) -> int:
    if more or not isinstance(value, (str, list, dict)):
        raise Unfit
    return len(value)


def _string(value: Any, *more: Any) -> str:
    if more or not isinstance(value, (str, int)):
        raise Unfit
    return str(value)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "basename": _of_text(posixpath.basename),
    "capitalize": _of_text(str.capitalize),
    "dict2items": _pairs,
    "dirname": _of_text(posixpath.dirname),
    "count": _length,
    "first": _pick(0),
    "flatten": _flatten,
    "int": _int,
    "join": _join,
    "last": _pick(-1),
    "length": _length,
    "list": _list,
    "lower": _of_text(str.lower),
    "quote": _of_text(shlex.quote),
    "replace": _replace,
    "split": _split,
    "string": _string,
    "trim": _strip,
    "upper": _of_text(str.upper),
    "urlencode": _of_text(filters.do_urlencode),
}
METHODS: Mapping[str, Callable[..., Any]] = {
    "lower": FILTERS["lower"],
    "replace": _replace,
    "split": _split,
    "strip": _strip,
    "upper": FILTERS["upper"],
}
