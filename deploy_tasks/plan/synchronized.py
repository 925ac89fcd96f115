"""What `synchronize` sends: the filters in `rsync_opts`, and folders as they travel with a plan.

The rules are those of rsync; `runner/modules/synchronize/filter.go` applies them in the same way to what a host holds.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_tasks.plan.jinja import is_template

_OPTIONS = ("--exclude", "--include")


@dataclass(frozen=True, slots=True)
class Rule:
    """One `--exclude` or `--include`.

    `anchored`: it begins at the top of what is sent; `folders`: it stands for folders alone; `below`: and for all in
    them (`/***`); `whole`: it is compared with the whole name, not with its last part.
    """

    include: bool
    pattern: re.Pattern[str]
    anchored: bool
    folders: bool
    below: bool
    whole: bool

    def fits(self, name: str, folder: bool) -> bool:
        """Whether the rule is about this name."""
        if self.below:
            parts = name.split("/")
            above = any(self._fits("/".join(parts[:end])) for end in range(1, len(parts)))
            return above or (folder and self._fits(name))
        return (folder or not self.folders) and self._fits(name)

    def _fits(self, name: str) -> bool:
        if not self.whole:
            return self.pattern.fullmatch(name.rpartition("/")[2]) is not None
        if self.anchored:
            return self.pattern.fullmatch(name) is not None
        if self.pattern.pattern.startswith(".*"):  # ** at the beginning stands for any folders, or for none
            return self.pattern.fullmatch(f"/{name}") is not None
        parts = name.split("/")
        return any(self.pattern.fullmatch("/".join(parts[start:])) for start in range(len(parts)))


def read_rules(options: Any) -> list[Rule]:
    """The rules in `rsync_opts`. Raises `ValueError` with what is wrong with them."""
    words = shlex.split(" ".join(option.strip() for option in _listed(options)))
    rules = []
    while words:
        name, given, pattern = words[0].partition("=")
        if name not in _OPTIONS:
            raise ValueError(f"can hold --exclude=PATTERN and --include=PATTERN alone, not {words[0][:80]!r}")
        words.pop(0)
        if not given and words:
            pattern = words.pop(0)
        if not pattern.strip("/") or pattern.startswith(("- ", "+ ", "!")):
            raise ValueError(f"{name} needs a pattern")
        try:
            rules.append(_rule(name == "--include", pattern))
        except re.error:
            raise ValueError(f"{name} has a pattern that means nothing: {pattern[:80]!r}") from None
    return rules


def is_computed(options: Any) -> bool:
    """Whether `rsync_opts` are only known on the host."""
    return any(is_template(option) for option in _listed(options))


def _listed(options: Any) -> list[str]:
    """The options as a module takes a list: a text is divided at its commas, anything else alone is the one item."""
    if isinstance(options, str):
        return options.split(",")
    several = options if isinstance(options, (list, tuple)) else () if options is None else (options,)
    return [str(option) for option in several]


def _rule(include: bool, pattern: str) -> Rule:
    anchored = pattern.startswith("/")
    below = pattern.endswith("/***")
    folders = pattern.endswith("/")
    bare = pattern.removeprefix("/").removesuffix("/***").removesuffix("/")
    whole = anchored or below or "/" in bare or "**" in bare
    return Rule(include, re.compile(_regex(bare), re.DOTALL), anchored, folders, below, whole)


_PIECES = re.compile(r"(\*+)|(\?)|(\[[!^]?\]?(?:\\.|[^\]\\])*\])|\\(.)|(.)", re.DOTALL)


def _regex(pattern: str) -> str:
    if not re.search(r"[*?\[]", pattern):
        return re.escape(pattern)
    made = ""
    for stars, one, group, quoted, plain in _PIECES.findall(pattern):
        if stars:
            made += ".*" if len(stars) > 1 else "[^/]*"
        elif one:
            made += "[^/]"
        elif group:
            inner = group[1:-1]
            sign = "^" if inner[:1] in "!^" and inner[:1] else ""
            made += f"(?!/)[{sign}{inner[len(sign) :].replace('[', chr(92) + '[')}]"
        else:
            made += re.escape(quoted or plain)
    return made


def excluded(rules: Sequence[Rule], name: str, folder: bool) -> bool:
    """Whether the rules leave out a name, whatever they say of the folders it is in. The first that fits decides."""
    return next((not rule.include for rule in rules if rule.fits(name, folder)), False)


class Sent:
    """What one task sends of a folder."""

    def __init__(self, args: Mapping[str, Any], source: str) -> None:
        """`source` is `src` as written: with a slash at its end the folder itself is not sent. Rules that are wrong
        count as none: they are told where arguments are checked."""
        options = args.get("rsync_opts")
        try:
            self.rules = [] if is_computed(options) else read_rules(options)
        except ValueError:
            self.rules = []
        self.links = str(args.get("copy_links", "")).strip().lower() in ("true", "yes", "on", "1", "y", "t")
        self.top = "" if source.endswith("/") else Path(source).name + "/"

    def keep(self, relative: str, folders: list[str], files: list[str]) -> None:
        """Take out of the names within a folder, whose name below the source is `relative`, what is not sent."""
        prefix = self.top + (f"{relative}/" if relative not in ("", ".") else "")
        folders[:] = [name for name in folders if not excluded(self.rules, prefix + name, True)]
        files[:] = [name for name in files if not excluded(self.rules, prefix + name, False)]

    def files(self, folder: Path) -> Iterator[Path]:
        """The files that are sent of a folder, in order; links to folders are not walked into, they could lead
        anywhere."""
        for directory, folders, files in os.walk(folder):
            folders.sort()
            self.keep(Path(directory).relative_to(folder).as_posix(), folders, files)
            yield from (Path(directory, file) for file in sorted(files))

    def problems(self, folder: Path) -> Iterator[tuple[str, str]]:
        """What a folder holds that rsync would send otherwise than it travels with a plan: message and hint."""
        for directory, folders, files in os.walk(folder):
            relative = Path(directory).relative_to(folder).as_posix()
            self.keep(relative, folders, files)
            shown = "" if relative == "." else f"{relative}/"
            if not folders and not files:
                hint = f"put a file into it, or leave it out with rsync_opts: --exclude=/{self.top}{shown}"
                yield f"the folder {shown or folder.name!r} holds nothing to send, and folders travel with files", hint
            if ".rsync-filter" in files:
                yield f"rsync would read its filters from {shown}.rsync-filter", "write them into rsync_opts"
            for name in (*folders, *files):
                place = Path(directory, name)
                if place.is_symlink() and (not self.links or place.is_dir()):
                    hint = "make links with the module file; copy_links: true sends the files that links lead to"
                    yield f"{shown}{name} is a link, and links do not travel with a plan", hint


#: Where nothing is left out.
WHOLE = Sent({}, "")
