"""What lies in a folder of a host, as values that can be compared."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Parts of a dumped result that tell when it was, or which inode it got: they differ between any two runs. `invocation`
#: is how Ansible calls its own modules, and `diff` is there even when nobody asked for it: ours have neither.
VOLATILE = frozenset(
    {"start", "end", "delta", "atime", "mtime", "ctime", "inode", "dev", "ansible_job_id", "results_file", "elapsed"}
    | {"invocation", "diff"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One path: its kind, permissions as in `chmod`, owner and group by number, and its content or link target."""

    kind: str
    mode: str
    owner: int
    group: int
    content: str


def read(root: Path, folder: str) -> dict[str, Entry]:
    """Everything at and below `folder` (absolute on the host), by its path on the host. Not there: nothing."""
    return {str(Path("/") / path.relative_to(root)): entry(path) for path in walk(root / folder.lstrip("/"))}


def walk(path: Path) -> Iterator[Path]:
    """The path and everything below it, in order of names; nothing when it is not there."""
    if not os.path.lexists(path):
        return
    yield path
    if path.is_dir() and not path.is_symlink():
        for name in sorted(os.listdir(path)):
            yield from walk(path / name)


def entry(path: Path) -> Entry:
    """One path, as it is to be compared."""
    found = path.lstat()
    kind = _KINDS.get(stat.S_IFMT(found.st_mode), "other")
    return Entry(kind, f"{stat.S_IMODE(found.st_mode):04o}", found.st_uid, found.st_gid, _content(path, kind))


_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo"}


def _content(path: Path, kind: str) -> str:
    if kind == "link":
        return os.readlink(path)
    if kind != "file":
        return ""
    data = path.read_bytes()
    text = data.decode(errors="backslashreplace")
    return json.dumps(_steady(json.loads(text)), indent=1, sort_keys=True) if path.suffix == ".json" else text


def _steady(value: Any) -> Any:
    """The same without what differs between any two runs."""
    if isinstance(value, dict):
        dropped = VOLATILE | ({"src"} if "checksum" in value else set())  # where Ansible put it before the module ran
        return {name: _steady(item) for name, item in value.items() if name not in dropped}
    return [_steady(item) for item in value] if isinstance(value, list) else value


def differences(wanted: Mapping[str, Entry], got: Mapping[str, Entry]) -> list[str]:
    """What differs, one line or a few for each path."""
    told = []
    for path in sorted(wanted.keys() | got.keys()):
        ours, theirs = got.get(path), wanted.get(path)
        if ours is None or theirs is None:
            told.append(f"{path}: only {'Ansible' if ours is None else 'deploy-tasks'} has it")
        elif ours != theirs:
            told += [f"{path}: {field}" for field in _fields(theirs, ours)]
    return told


def _fields(wanted: Entry, got: Entry) -> Iterator[str]:
    for name in ("kind", "mode", "owner", "group"):
        if getattr(wanted, name) != getattr(got, name):
            yield f"{name} is {getattr(got, name)}, with Ansible {getattr(wanted, name)}"
    if wanted.content != got.content:
        theirs, ours = wanted.content.splitlines(), got.content.splitlines()
        yield "content\n" + "\n".join(
            [f"    Ansible:      {line}" for line in theirs if line not in ours][:12]
            + [f"    deploy-tasks: {line}" for line in ours if line not in theirs][:12]
            or [f"    Ansible:      {wanted.content!r}", f"    deploy-tasks: {got.content!r}"]
        )
