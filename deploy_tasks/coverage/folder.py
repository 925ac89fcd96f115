"""Which files of a folder are playbooks, files of tasks and roles. Nothing is executed and no link is followed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deploy_tasks.plan.module_names import MODULE_NAMES
from deploy_tasks.plan.modules import MODULES
from deploy_tasks.plan.words import module_name

MAX_FILES = 100_000
Sort = Literal["playbook", "tasks", "handlers"]
_YAML = (".yml", ".yaml")
#: Folders whose YAML is data or text, not tasks.
_DATA = frozenset({"vars", "defaults", "meta", "files", "templates", "group_vars", "host_vars", "inventory", "library"})
_PLAYS = frozenset({"hosts", "import_playbook", "ansible.builtin.import_playbook"})
_INCLUDES = frozenset(
    {"block", "include", "import_tasks", "include_tasks", "import_role", "include_role", "local_action"}
)
# How a file that cannot be parsed shows that it was meant to be a playbook or tasks.
_LOOKS = re.compile(rb"^\s*-\s+(?:name|hosts|include|import|block)[\w.]*\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Source:
    """A file of interest; `role` is the folder of the role that it belongs to, if any."""

    path: Path
    role: Path | None


def yaml_files(root: Path) -> Iterator[Source]:
    """Every YAML file that may hold tasks, in the order of the names."""
    count = 0
    for directory, folders, names in os.walk(root):
        place = Path(directory)
        parts = place.relative_to(root).parts
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _DATA)
        for name in sorted(names):
            if name.startswith(".") or not name.endswith(_YAML):
                continue
            count += 1
            if count > MAX_FILES:
                return
            yield Source(place / name, _role_of(root, parts))


def _role_of(root: Path, parts: tuple[str, ...]) -> Path | None:
    """The folder above the nearest `tasks` or `handlers`, when it looks like a role."""
    for number in range(len(parts) - 1, -1, -1):
        if parts[number] in ("tasks", "handlers"):
            role = root.joinpath(*parts[:number])
            return role if is_role(role) else None
    return None


def is_role(folder: Path) -> bool:
    """Whether a folder is a role: it has tasks to begin with, or handlers, beside another folder of a role."""
    if any((folder / "tasks" / f"main{suffix}").is_file() for suffix in _YAML):
        return True
    others = ("defaults", "meta", "vars", "templates", "files")
    return any((folder / part).is_dir() for part in ("tasks", "handlers")) and any(
        (folder / part).is_dir() for part in others
    )


def sort_of(source: Source, root: Path, data: Any) -> Sort | None:
    """What a parsed file is; None: nothing that could be compiled."""
    if not isinstance(data, list) or not data or not all(isinstance(item, dict) for item in data):
        return _by_place(source, root) if data is None else None
    if any(_PLAYS & item.keys() for item in data):
        return "playbook"
    return _by_place(source, root) or ("tasks" if any(_is_task(item) for item in data) else None)


def _by_place(source: Source, root: Path) -> Literal["tasks", "handlers"] | None:
    inner = source.path.relative_to(source.role or root).parts[:-1]
    if "handlers" in inner:
        return "handlers"
    return "tasks" if "tasks" in inner else None


def _is_task(item: Mapping[str, Any]) -> bool:
    names = {module_name(str(key)) for key in item}
    return bool(names & (_INCLUDES | MODULES.keys() | MODULE_NAMES)) or any(str(key).count(".") == 2 for key in item)


def meant_to_be(text: bytes) -> bool:
    """Whether a file that cannot be parsed was meant to be a playbook or tasks."""
    return _LOOKS.search(text) is not None
