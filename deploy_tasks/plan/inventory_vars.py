"""`group_vars/` and `host_vars/`: YAML or JSON files, or folders of them, beside an inventory or a plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from deploy_tasks.errors import InventoryError, Problem
from deploy_tasks.plan.documents import BadDocument, decode, read_bounded
from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.vault import Vault

MAX_FILES = 10_000
_SUFFIXES = ("", ".yml", ".yaml", ".json")
_MAX_FILE = 8 << 20
_MAX_DEPTH = 16
_LONGEST_NAME = 255  # in bytes, of a file


class VarFolder:
    """The variable files of one folder; each file is read once, encrypted ones with the vault's passwords."""

    def __init__(self, folder: Path, vault: Vault | None = None) -> None:
        self._folder, self._vault = folder, vault or Vault()
        self._found: dict[tuple[str, str], dict[str, Any]] = {}
        self._present = {kind: (folder / kind).is_dir() for kind in ("group_vars", "host_vars")}
        self._left = MAX_FILES

    def __call__(self, sort: Literal["group_vars", "host_vars"], name: str) -> Mapping[str, Any]:
        """The variables for a group or host. Raises `InventoryError` naming the bad file."""
        if not self._present[sort]:
            return {}
        key = (sort, name)
        if key not in self._found:
            merged: dict[str, Any] = {}
            for path in self._files(self._folder / sort, name):
                merged.update(self._read(path))
            self._found[key] = merged
        return self._found[key]

    def names(self, sort: Literal["group_vars", "host_vars"]) -> tuple[str, ...]:
        """The groups or hosts that have files."""
        if not self._present[sort]:
            return ()
        found = (path for path in sorted((self._folder / sort).iterdir()) if not path.name.startswith("."))
        return tuple(dict.fromkeys(path.stem if path.suffix in _SUFFIXES[1:] else path.name for path in found))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that were encrypted, as far as they have been read."""
        return tuple(self._vault.revealed)

    def _files(self, folder: Path, name: str) -> list[Path]:
        """The first of `name`, `name.yml`, `name.yaml`, `name.json` that exists; of a folder every file in it."""
        for suffix in _SUFFIXES if name not in (".", "..") else ():  # those are the folders of all the others
            path = folder / f"{name}{suffix}"
            if len(path.name.encode(errors="replace")) > _LONGEST_NAME:
                continue
            if path.is_dir():
                return self._inside(path, 0)
            if path.is_file():
                return [path]
        return []

    def _inside(self, folder: Path, depth: int) -> list[Path]:
        found: list[Path] = []
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or path.name.endswith("~"):
                continue
            if path.is_dir() and not path.suffix and depth < _MAX_DEPTH:
                found += self._inside(path, depth + 1)
            elif path.is_file() and path.suffix in _SUFFIXES:
                found.append(path)
        return found

    def _read(self, path: Path) -> dict[str, Any]:
        self._left -= 1
        if self._left < 0:
            raise InventoryError([Problem("", f"more than {MAX_FILES} files of variables", None, str(path.parent))])
        try:
            data = self._vault.parse_yaml(decode(read_bounded(path, _MAX_FILE), str(path)), str(path))
        except BadDocument as error:
            raise InventoryError([error.problem]) from None
        if data is None:
            return {}
        if not isinstance(data, dict):
            raise InventoryError([Problem("", f"must be a mapping of variables, not {kind(data)}", None, str(path), 1)])
        return data
