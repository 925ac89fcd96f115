"""Host ranges in inventories: `web[01:20:2]`, `db[a:f]`, several in one name, and `name:port`."""

from __future__ import annotations

import re
import string

MAX_EXPANSION = 100_000
_RANGE = re.compile(r"\[([^\[\]]*)\]")
_LETTERS = string.ascii_letters
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_BRACKETED_PORT = re.compile(r"\[([^\[\]]+)\]:(\d{1,5})")
_NAME_PORT = re.compile(r"((?:[^:\[\]]|\[[^\]]*\])+):(\d{1,5})")
_IPV6 = re.compile(r"[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%\w+)?")


class BadRange(ValueError):
    """A host pattern that cannot be expanded; the text says why."""


def expand(pattern: str) -> tuple[list[str], int | None]:
    """Host names and the port of one host entry of an inventory. Raises `BadRange`."""
    name, port = _split_port(pattern)
    if _IPV6.fullmatch(name.strip("[]")):
        return [name.strip("[]")], port
    names = [name]
    while any("[" in one for one in names[:1]):
        names = [whole for one in names for whole in _first_range(one)]
        if len(names) > MAX_EXPANSION:
            raise BadRange(f"stands for more than {MAX_EXPANSION} hosts")
    return names, port


def _split_port(pattern: str) -> tuple[str, int | None]:
    if pattern.endswith(":"):
        raise BadRange("ends with a colon; a port has to follow it")
    bracketed = _BRACKETED_PORT.fullmatch(pattern)
    # web[1:3]:22 has its range in brackets, [::1]:22 the whole name.
    found = bracketed if bracketed and _IPV6.fullmatch(bracketed[1]) else _NAME_PORT.fullmatch(pattern)
    if found is None:
        return pattern, None
    port = int(found[2])
    if not 1 <= port <= 65535:
        raise BadRange(f"{port} is not a port, it must be between 1 and 65535")
    return found[1], port


def _first_range(name: str) -> list[str]:
    found = _RANGE.search(name)
    if found is None:
        raise BadRange("has a bracket that is not closed")
    head, tail = name[: found.start()], name[found.end() :]
    if "]" in head:
        raise BadRange("has a bracket that is not opened")
    return [f"{head}{piece}{tail}" for piece in _pieces(found[1])]


def _pieces(inner: str) -> list[str]:
    bounds = inner.split(":")
    if len(bounds) not in (2, 3):
        raise BadRange(f"[{inner[:40]}] must be [first:last] or [first:last:step]")
    first, last = bounds[0] or "0", bounds[1]
    step = _step(bounds[2]) if len(bounds) == 3 else 1
    if not last:
        raise BadRange(f"[{inner[:40]}] has no end")
    if len(first) == 1 and len(last) == 1 and first in _LETTERS and last in _LETTERS:
        low, high = _LETTERS.index(first), _LETTERS.index(last)
        if low > high:
            raise BadRange(f"[{inner[:40]}] ends before it begins")
        return list(_LETTERS[low : high + 1 : step])
    return _numbers(inner, first, last, step)


def _numbers(inner: str, first: str, last: str, step: int) -> list[str]:
    if not _NUMBER.fullmatch(first) or not _NUMBER.fullmatch(last):
        raise BadRange(f"[{inner[:40]}] must go from number to number or from letter to letter")
    if first[0] == "0" and len(first) > 1 and len(first) != len(last):
        raise BadRange(f"[{inner[:40]}] must have as many digits at its end as at its beginning")
    low, high = int(first), int(last)
    if low > high:
        raise BadRange(f"[{inner[:40]}] ends before it begins")
    if (high - low) // step >= MAX_EXPANSION:
        raise BadRange(f"stands for more than {MAX_EXPANSION} hosts")
    width = len(first) if first[0] == "0" else 0
    return [str(number).zfill(width) for number in range(low, high + 1, step)]


def _step(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) == 0:
        raise BadRange(f"{text[:20]!r} is not a step, it must be a whole number above 0")
    return int(text)
