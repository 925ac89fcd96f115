"""Ansible host patterns: `all`, `*`, globs, groups, `!`, `&`, `~regex`, `web[0:2]`, commas, colons, `@file`."""

from __future__ import annotations

import difflib
import fnmatch
import ipaddress
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from deploy_tasks.errors import InventoryError, Problem

Groups = Mapping[str, Sequence[str]]

MAX_PATTERNS = 10_000
MAX_PATTERN_LENGTH = 1_000
MAX_LIMIT_FILE = 4 << 20
_NAMES_SHOWN = 8
_EVERYTHING = frozenset({"all", "*"})
# A colon separates patterns unless it stands inside brackets ("web[0:2]", "[::1]") or the pattern is an IPv6 address.
_PIECES = re.compile(r"(?:\[[^\]]*\]|[^:\[\]])+")
_SUBSCRIPT = re.compile(r"(?P<base>.+)\[(?:(?P<index>-?\d+)|(?P<start>\d*)[:-](?P<end>-?\d*))\]")


def split(patterns: Iterable[str] | str) -> list[str]:
    """Single patterns in order, blanks dropped. Raises `InventoryError` beyond the bounds."""
    texts = [patterns] if isinstance(patterns, str) else patterns
    found = [piece for text in texts for part in _commas(text) for piece in _colons(part)]
    if len(found) > MAX_PATTERNS:
        raise _error("", f"more than {MAX_PATTERNS} host patterns", None)
    return found


def select(
    patterns: Sequence[str] | str,
    hosts: Sequence[str],
    groups: Groups,
    sure: Groups | None = None,
) -> tuple[str, ...]:
    """The hosts that the patterns select, in the order of the patterns, each once.

    `!x` takes away and `&x` intersects, both after all others, as in Ansible. No pattern selects the group `all`.
    Where `groups` tell who may be in them, `sure` tells who is: `!x` takes away those alone, and a part of a group
    whose hosts are not sure (`x[0]`) is all of it.
    Raises `InventoryError` for a malformed pattern and for a plain name that is neither a host nor a group.
    """
    singles = _read_files(split(patterns))
    if not singles:
        return tuple(groups.get("all", hosts))
    choice = _Choice(hosts, set(hosts), groups, groups if sure is None else sure)
    chosen: dict[str, None] = {}
    plain = [single for single in singles if single[0] not in "!&"]
    for single in plain or ["all"]:
        found = choice.possible(single)
        if not found and _is_name(single, groups):
            raise _unknown(single, hosts, groups)
        chosen.update(dict.fromkeys(found))
    for single in singles:
        if single[0] == "&":
            kept = set(choice.possible(single[1:]))
            chosen = {name: None for name in chosen if name in kept}
    for single in singles:
        if single[0] == "!":
            gone = set(choice.certain(single[1:]))
            chosen = {name: None for name in chosen if name not in gone}
    return tuple(chosen)


def whole(single: str) -> str:
    """What a pattern takes a part of (`web` of `!web[0]`), or itself; without its mark."""
    bare = single.lstrip("!&")
    subscript = None if bare.startswith("~") else _SUBSCRIPT.fullmatch(bare)
    return subscript["base"] if subscript else bare


def union(singles: Sequence[str]) -> str:
    """One pattern that matches what any of these plain patterns matches by name."""
    return "~(?:" + "|".join(part[1:] if part[0] == "~" else _glob(part) for part in singles) + ")"


def _glob(single: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in single) + "$"


def _commas(text: str) -> list[str]:
    if len(text) > MAX_LIMIT_FILE:
        raise _error(text[:40], "host pattern is too long", None)
    if text.startswith("~"):
        return [text]
    return [part.strip() for part in re.split(r",(?![^\[]*\])", text) if part.strip()]


def _colons(text: str) -> list[str]:
    if len(text) > MAX_PATTERN_LENGTH:
        raise _error(text[:40], f"host pattern is longer than {MAX_PATTERN_LENGTH} characters", None)
    if text[0] in "~@" or text[:2] in ("!~", "&~") or _is_ipv6(text):
        return [text]
    if text.count("[") != text.count("]"):
        raise _error(text, "host pattern has an unmatched bracket", "write web[0:2] for the first three hosts of web")
    return [piece.strip() for piece in _PIECES.findall(text) if piece.strip()]


def _is_ipv6(text: str) -> bool:
    """Whether it is an address. `db1:db2:db3` is not, although each part could be of one."""
    try:
        ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _read_files(singles: list[str]) -> list[str]:
    """Replace each `@file` by the host names in it, one per line, as `--limit @file` does."""
    found: list[str] = []
    for single in singles:
        if not single.startswith("@"):
            found.append(single)
            continue
        path = Path(single[1:])
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_LIMIT_FILE + 1)
        except OSError as error:
            raise _error(single, f"cannot read {path}: {error.strerror}", None) from None
        if len(data) > MAX_LIMIT_FILE:
            raise _error(single, f"{path} is larger than {MAX_LIMIT_FILE >> 20} MiB", None)
        lines = (line.split("#", 1)[0].strip() for line in data.decode("utf-8", "replace").splitlines())
        found.extend(piece for line in lines if line for piece in split([line]) if not piece.startswith("@"))
    return found


@dataclass(frozen=True, slots=True)
class _Choice:
    """What patterns choose from: the hosts in order, who may be in each group and who is for sure."""

    hosts: Sequence[str]
    known: Set[str]
    groups: Groups
    sure: Groups

    def possible(self, single: str) -> list[str]:
        """The hosts that a pattern may stand for."""
        whole = self._unsettled(single)
        return self._match(single, self.groups) if whole is None else whole

    def certain(self, single: str) -> list[str]:
        """The hosts that a pattern stands for in any case."""
        return self._match(single, self.sure) if self._unsettled(single) is None else []

    def _unsettled(self, single: str) -> list[str] | None:
        """What a part is taken of (`x[0]`) whose hosts are not sure; None for anything else."""
        named = self.sure is self.groups or single in self.groups or single in self.known
        subscript = None if named else _SUBSCRIPT.fullmatch(single)
        if subscript is None:
            return None
        whole = self._match(subscript["base"], self.groups)
        return whole if whole != self._match(subscript["base"], self.sure) else None

    def _match(self, single: str, groups: Groups) -> list[str]:
        if single in _EVERYTHING:
            return list(groups.get("all", self.hosts))
        if single in groups:
            return list(groups[single])
        if single.startswith("~"):
            return self._named(_regex(single), groups)
        if single in self.known:
            return [single]
        subscript = _SUBSCRIPT.fullmatch(single)
        if subscript:
            return _cut(self._match(subscript["base"], groups), subscript)
        if not any(mark in single for mark in "*?["):
            return []
        return self._named(re.compile(fnmatch.translate(single)), groups)

    def _named(self, wanted: re.Pattern[str], groups: Groups) -> list[str]:
        """Hosts of matching groups, then matching hosts; a group that matches brings its hosts, as in Ansible."""
        found = [name for group, members in groups.items() if wanted.match(group) for name in members]
        return list(dict.fromkeys([*found, *(name for name in self.hosts if wanted.match(name))]))


def _regex(single: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(single[1:])
    except re.error as error:
        raise _error(single, f"not a regular expression: {error}", None) from None


def _cut(names: list[str], subscript: re.Match[str]) -> list[str]:
    """`x[3]`, `x[-1]`, and `x[1:4]` with its end included, as Ansible counts."""
    if subscript["index"] is not None:
        index = int(subscript["index"])
        return [names[index]] if -len(names) <= index < len(names) else []
    start = int(subscript["start"] or 0)
    end = subscript["end"]
    if end == "":
        return names[start:]
    last = int(end)
    return names[start:] if last == -1 else names[start : last + 1]


def _is_name(single: str, groups: Groups) -> bool:
    """Whether a pattern that matched nothing was meant as a name; an empty group is no mistake."""
    return single not in groups and single not in _EVERYTHING and not any(mark in single for mark in "*?[~")


def _unknown(single: str, hosts: Sequence[str], groups: Groups) -> InventoryError:
    near = difflib.get_close_matches(single, [*groups, *hosts], n=1)
    some = [*groups, *hosts][:_NAMES_SHOWN]
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(some)}" if some else None
    return _error(single, f"no host and no group is named {single!r}", hint)


def _error(pattern: str, message: str, hint: str | None) -> InventoryError:
    return InventoryError([Problem(path=pattern, message=message, hint=hint)])
