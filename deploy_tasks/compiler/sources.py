"""The runner's Go source: what belongs to a build, and its digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from deploy_tasks.errors import BuildError

RUNNER = Path(__file__).resolve().parent.parent / "runner"
MAX_SOURCE = 64 << 20
PARTS = "parts.go"
_SUFFIXES = frozenset({".go", ".s", ".mod", ".sum"})
Stamp = tuple[tuple[str, int, int, int], ...]


def source_digest(root: Path) -> str:
    """The digest of names and contents of all that is built below `root`; raises `BuildError` when that is nothing.

    Reads the files only when a name, size, time or inode differs from the last call.
    """
    return _digest_of(root, _stamp(root))


def snapshot(root: Path) -> dict[str, bytes]:
    """Contents by name relative to `root`, tests left out. What is built is written from this, never read twice."""
    try:
        return {name: (root / name).read_bytes() for name, *_ in _stamp(root)}
    except OSError as error:
        raise BuildError(f"cannot read the runner's source {error.filename}: {error.strerror}") from error


def imports(files: dict[str, bytes], parts: tuple[str, ...]) -> dict[str, bytes]:
    """The file of the main package that links `parts`, folders of the snapshot; nothing for none.

    Raises `BuildError` when the snapshot has no such folder.
    """
    for part in parts:
        if not any(name.startswith(f"{part}/") and name.endswith(".go") for name in files):
            raise BuildError(f"the runner's source has no part {part}", hint="install deploy-tasks again")
    lines = [f'\t_ "runner/{part}"' for part in parts]
    return {PARTS: "\n".join(["package main", "", "import (", *lines, ")", ""]).encode()} if parts else {}


def digest_of(files: dict[str, bytes]) -> str:
    """The digest of a snapshot."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return whole.hexdigest()


@lru_cache(maxsize=8)
def _digest_of(root: Path, stamp: Stamp) -> str:
    return digest_of(snapshot(root))


def _stamp(root: Path) -> Stamp:
    found = tuple(sorted(_walk(root, "")))
    if not found:
        raise BuildError(f"no Go source in {root}", hint="install deploy-tasks again")
    if sum(size for _, size, *_ in found) > MAX_SOURCE:
        raise BuildError(f"more than {MAX_SOURCE} bytes of Go source in {root}")
    return found


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, int, int, int]]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise BuildError(f"cannot read the runner's source {folder}: {error.strerror}") from error
    for entry in entries:
        name = entry.name
        if name.startswith((".", "_")) or name == "testdata":
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / name, f"{prefix}{name}/")
        elif Path(name).suffix in _SUFFIXES and not name.endswith("_test.go"):
            status = entry.stat()
            yield f"{prefix}{name}", status.st_size, status.st_mtime_ns, status.st_ino
