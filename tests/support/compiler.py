"""What tests need to build and link: a small Go program, and the cache that test runs share."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

MAIN = 'package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("hello\\n") }\n'


def shared_cache() -> Path:
    """A cache folder that outlives test runs: its entries are keyed by what they were built from."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "deploy-tasks-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def site_cache() -> Path:
    """The cache of workers and commands in tests. What Go itself compiles it shares with `shared_cache`: half a minute
    of a processor where that is empty."""
    base = shared_cache()
    folder = base / "site"
    folder.mkdir(mode=0o700, exist_ok=True)
    (base / "go-build").mkdir(mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (folder / "go-build").symlink_to("../go-build")
    return folder


def go_program(folder: Path, main: str = MAIN) -> Path:
    """Source of a program that builds in a moment."""
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module hello\n\ngo 1.24\n")
    (folder / "main.go").write_text(main)
    return folder
