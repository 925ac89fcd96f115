"""The controller files that a program takes along: which task uses which, and in what order they are met."""

from __future__ import annotations

import posixpath
import re
import stat
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_tasks.errors import CompileError
from deploy_tasks.plan.files import sources
from deploy_tasks.plan.model import Task
from deploy_tasks.store.files import digest_file

MAX_TEMPLATE = 4 << 20
_MARK = re.compile(r"\{\{|\{%|\{#")


@dataclass(frozen=True, slots=True)
class Embedded:
    """One file: its name in the plan, where it lies, digest, size in bytes, mode bits; and the target triple that alone
    needs it, if there is one."""

    name: str
    path: Path
    digest: str
    size: int
    mode: int
    target: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the program carries it."""
        return {"digest": self.digest, "size": self.size, "mode": f"{self.mode:04o}"}

    @classmethod
    def read(cls, name: str, path: Path, target: str | None = None) -> Embedded:
        """Look at the file; raises `CompileError` when it cannot be read."""
        try:
            mode = stat.S_IMODE(path.stat().st_mode) & 0o777
            digest, size = digest_file(path)
        except OSError as error:
            raise CompileError(f"cannot read {path}: {error.strerror}") from error
        return cls(name, path, digest, size, mode, target)


@dataclass(frozen=True, slots=True)
class Use:
    """A name that a task uses and the path of the argument that does; `certain` when the plan writes the name out
    instead of computing it on the host."""

    name: str
    where: str
    certain: bool


class Names:
    """The names of a plan's files in order, found alone or by folder."""

    def __init__(self, names: Iterable[str]) -> None:
        self._sorted = sorted(map(normal, names))
        self._known = frozenset(self._sorted)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sorted)

    def at(self, name: str) -> list[str]:
        """The file of that name, or else all files in the folder of that name."""
        return [name] if name in self._known else self.below(name)

    def below(self, folder: str) -> list[str]:
        """All files in a folder and the folders in it; `.` holds everything."""
        if folder == ".":
            return self._sorted
        first = bisect_left(self._sorted, f"{folder}/")
        # "0" is what follows "/": the first name that is no longer below the folder.
        return self._sorted[first : bisect_left(self._sorted, f"{folder}0", first)]


def uses(task: Task, names: Names) -> Iterator[Use]:
    """The names that the task's sources may stand for: a file, all of a folder, or, where an expression is part of
    the source, everything below the folders written before it."""
    for where, source in sources(task):
        mark = _MARK.search(source)
        if mark is None:
            yield from (Use(name, where, True) for name in names.at(normal(source)))
        else:
            folder = normal(source[: mark.start()].rpartition("/")[0])
            yield from (Use(name, where, False) for name in names.below(folder))


def normal(name: str) -> str:
    """The one spelling of a plan-relative name: `./a//b/` is `a/b`."""
    return posixpath.normpath(name)


def read_template(name: str, path: Path) -> str:
    """The text of a template file; raises `CompileError` when it is not UTF-8 text of a sane size."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_TEMPLATE + 1)
        if len(data) > MAX_TEMPLATE:
            raise CompileError(f"the template {name} is larger than {MAX_TEMPLATE >> 20} MiB", hint="copy it as a file")
        return data.decode("utf-8")
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise CompileError(f"the template {name} is not UTF-8 text", hint="copy it as a file") from None
