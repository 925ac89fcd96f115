"""Where Ansible looks for the files that a playbook names: ordered folders, and the first file found in them.

Names are absolute normalised texts here, not `Path`: a large site asks for tens of thousands of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from deploy_tasks.plan.jinja import is_template

YAML_SUFFIXES = (".yml", ".yaml", ".json")
#: Modules whose sources lie in another subfolder than `files`.
SUBFOLDER = {"template": "templates", "include_vars": "vars"}
_MAX_ENTRIES = 20_000
_MAX_DEPTH = 12
_PREFIX = re.compile(r"\{\{-?\s*(playbook_dir|role_path|inventory_dir)\s*(?:~\s*(['\"])([^'\"{}\\]*)\2\s*)?-?\}\}")


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders that say where a step stands.

    `playbook` is the folder of the play's file, `roles` the folder of the step's role and then of those that led to it,
    `files` the folder of the file that the step stands in and then of those that included it.
    """

    playbook: str
    files: tuple[str, ...]
    roles: tuple[str, ...] = ()
    inventory: str | None = None

    @property
    def role(self) -> str | None:
        """The folder of the step's own role."""
        return self.roles[0] if self.roles else None

    def stack(self) -> tuple[str, ...]:
        """The folders in which a name is looked for, the strongest first; each also has a subfolder by kind."""
        return tuple(dict.fromkeys((*self.roles, self.files[0], self.playbook)))

    def places(self, subfolder: str, name: str) -> Iterator[str]:
        """Every place that `name` may be at, in order: the stack, in each folder its subfolder first."""
        if os.path.isabs(name):
            yield os.path.normpath(name)
            return
        inside = name.split("/", 1)[0] == subfolder
        for folder in self.stack():
            if folder in self.roles or os.path.dirname(folder) not in self.roles:
                tops: tuple[str, ...] = (folder,)
            else:
                tops = (os.path.dirname(folder), folder)  # a file in a role's tasks/ looks in the role first
            for top in tops:
                if not inside:
                    yield os.path.normpath(f"{top}/{subfolder}/{name}")
                yield os.path.normpath(f"{top}/{name}")

    def task_places(self, name: str, *, handlers: bool, static: bool) -> Iterator[str]:
        """Every place that an included file of tasks may be at, in order."""
        if os.path.isabs(name):
            yield os.path.normpath(name)
            return
        for folder in self.task_folders(handlers=handlers, static=static):
            yield os.path.normpath(f"{folder}/{name}")

    def task_folders(self, *, handlers: bool, static: bool) -> tuple[str, ...]:
        """The folders that included files of tasks are looked for in, in order."""
        if self.role is None:
            return tuple(dict.fromkeys((*self.files, self.playbook)))
        own = [f"{self.role}/handlers", f"{self.role}/tasks"] if handlers else [f"{self.role}/tasks"]
        first = (*self.files, *own) if static else (*own, *self.files)
        return tuple(dict.fromkeys((*first, self.role, f"{self.playbook}/tasks", self.playbook)))

    def resolve(self, name: str) -> str:
        """The name with `{{ playbook_dir }}`, `{{ role_path }}` or `{{ inventory_dir }}` at its start filled in."""
        found = _PREFIX.match(name)
        if found is None:
            return name
        folder = {"playbook_dir": self.playbook, "role_path": self.role, "inventory_dir": self.inventory}[found[1]]
        return name if folder is None else folder + (found[3] or "") + name[found.end() :]


def first_file(places: Iterable[str]) -> str | None:
    """The first place where there is something."""
    return next((place for place in places if exists(place)), None)


def exists(place: str) -> bool:
    """Whether there is a file or folder of that name; a name that no file can have counts as none."""
    try:
        return os.path.exists(place)
    except ValueError:
        return False


def main_files(folder: str, stem: str | None, *, merge: bool) -> list[str]:
    """The YAML files of a role's folder (`tasks`, `vars` …): `main` or what `…_from` names.

    With `merge` a folder of that name counts too, and everything in it, subfolders included.
    """
    suffixes = (*YAML_SUFFIXES, "") if stem is None else ("", *YAML_SUFFIXES)
    for suffix in suffixes:
        place = os.path.normpath(f"{folder}/{stem or 'main'}{suffix}")
        if os.path.isdir(place):
            if merge:
                return list(_yaml_below(place, suffixes, 0))
        elif exists(place):
            return [place]
    return []


def _yaml_below(folder: str, suffixes: Sequence[str], depth: int) -> Iterator[str]:
    for name in sorted(os.listdir(folder)):
        place = f"{folder}/{name}"
        suffix = os.path.splitext(name)[1]
        if name.startswith(".") or name.endswith("~"):
            continue
        if os.path.isdir(place):
            if not suffix and depth < _MAX_DEPTH:
                yield from _yaml_below(place, suffixes, depth + 1)
        elif not suffix or suffix in suffixes:
            yield place


@lru_cache(maxsize=1024)
def entries(folder: str) -> tuple[str, ...]:
    """The files below a folder, relative to it, sorted; hidden ones are left out, the number is bounded."""
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inner = os.path.relpath(place, folder)
        if inner.count(os.sep) >= _MAX_DEPTH:
            folders.clear()
        found += [os.path.normpath(f"{inner}/{name}") for name in sorted(names) if not name.startswith(".")]
        if len(found) > _MAX_ENTRIES:
            break
    return tuple(found[:_MAX_ENTRIES])


def common(first: str, second: str) -> str:
    """The nearest folder that both are in."""
    return os.path.commonpath([first, second])


def relative(place: str, base: str) -> str:
    """`place` as a posix name relative to `base`, which it must lie in; `.` for the base itself."""
    return os.path.relpath(place, base)


def has_expression(name: str) -> bool:
    """Whether a name is only known when the step is reached."""
    return is_template(name)
