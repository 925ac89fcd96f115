"""Host patterns as a condition that each host can decide for itself when the program runs.

The condition is Jinja over `inventory_hostname`, `group_names` and, for `web[0:2]` alone, `groups`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from deploy_tasks.errors import CompileError
from deploy_tasks.plan.patterns import split

_EVERYTHING = frozenset({"all", "*"})
_SUBSCRIPT = re.compile(r"(?P<base>[^\[\]]+)\[(?:(?P<index>-?\d+)|(?P<start>\d*)[:-](?P<end>-?\d*))\]")


def condition(patterns: Sequence[str]) -> str | None:
    """The condition under which a host is among those that `patterns` select; None when every host is.

    `!x` and `&x` count after all others, as in Ansible. Raises `CompileError` for what a host cannot decide.
    """
    singles = split(patterns)
    plain = [_single(single) for single in singles if single[0] not in "!&"]
    parts = [] if not plain or None in plain else [_either([part for part in plain if part is not None])]
    parts += [part for single in singles if single[0] == "&" and (part := _single(single[1:])) is not None]
    parts += [f"not {_single(single[1:]) or 'true'}" for single in singles if single[0] == "!"]
    return " and ".join(parts) or None


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def _single(pattern: str) -> str | None:
    """The condition of one pattern without its mark, in brackets if it needs them; None: every host."""
    if pattern in _EVERYTHING:
        return None
    if pattern.startswith("~"):
        return _matching(pattern[1:])
    if cut := _SUBSCRIPT.fullmatch(pattern):
        return _cut(cut)
    if any(mark in pattern for mark in "*?["):
        return _matching(_glob(pattern))
    if "{{" in pattern:
        raise CompileError(f"the host pattern {pattern!r} is a template", hint="write the group's or host's name")
    name = _quoted(pattern)
    return f"(inventory_hostname == {name} or {name} in group_names)"


def _matching(regex: str) -> str:
    """`match` holds at the start of the text, like the pattern of Ansible."""
    pattern = _quoted(regex)
    return f"(inventory_hostname is match({pattern}) or group_names | select('match', {pattern}) | list | length > 0)"


def _cut(cut: re.Match[str]) -> str:
    """`x[3]`, `x[-1]`, and `x[1:4]` with its end included, over the group's hosts in the order of the inventory."""
    if any(mark in cut["base"] for mark in "*?~"):
        raise CompileError(
            f"a task's host pattern cannot take a part of {cut['base']!r}", hint="name one group: web[0:2]"
        )
    if cut["index"] is not None:
        first, after = int(cut["index"]), int(cut["index"]) + 1
        bounds = f"{first}:{after or ''}"
    else:
        end = cut["end"]
        bounds = f"{cut['start'] or 0}:{int(end) + 1 or '' if end else ''}"
    return f"(inventory_hostname in (groups[{_quoted(cut['base'])}] | default([]))[{bounds}])"


def _glob(pattern: str) -> str:
    """The regular expression of a shell pattern, of a form that Python and Go read alike."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        closing = pattern.find("]", position + 1) if character == "[" else -1
        if closing > 0:
            inside = pattern[position:closing].replace("\\", "\\\\")
            parts.append("[" + ("^" + inside[1:] if inside[0] == "!" else inside) + "]")
            position = closing + 1
        else:
            parts.append({"*": ".*", "?": "."}.get(character) or re.escape(character))
    return f"^(?:{''.join(parts)})$"


def _quoted(text: str) -> str:
    """A Jinja string literal, whose escapes are Python's."""
    return json.dumps(text)
