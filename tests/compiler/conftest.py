"""Toolchains for tests: the real one, and one whose every build is different."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy_tasks.compiler.cache import Cache
from deploy_tasks.compiler.gobuild import Builder
from deploy_tasks.compiler.toolchain import Toolchain, find_toolchain
from tests.support.compiler import go_program
from tests.support.expressions import Evaluator, evaluate_command


@pytest.fixture(scope="session")
def evaluator() -> Iterator[Evaluator]:
    """The runner's evaluator of expressions, in a process of its own."""
    running = Evaluator(evaluate_command())
    yield running
    running.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Source of a small program."""
    return go_program(tmp_path / "hello")


@pytest.fixture
def pretend(tmp_path: Path) -> Pretend:
    """A toolchain that counts its builds and never gives the same bytes twice."""
    return Pretend(tmp_path / "pretend")


class Pretend:
    """A `go` of a few lines of shell. Each build appends a line to `builds`; `body` may be replaced."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.builds = folder / "builds"
        self.go = folder / "go"
        self.body('head -c 20000 /dev/urandom > "$out"')

    def body(self, text: str) -> None:
        """What a build does; `$out` is the file to write."""
        self.go.write_text(
            '#!/bin/sh\nPATH=/usr/bin:/bin\nwhile [ $# -gt 1 ]; do [ "$1" = -o ] && out=$2; shift; done\n'
            f"echo built >> {self.builds}\n{text}\n"
        )
        self.go.chmod(0o755)

    @property
    def count(self) -> int:
        """How many builds were started."""
        return len(self.builds.read_text().splitlines()) if self.builds.exists() else 0

    @property
    def toolchain(self) -> Toolchain:
        """As the builder takes it."""
        return replace(find_toolchain(), go=self.go)

    def builder(self, cache: Path, source: Path, *, timeout_s: float = 60.0) -> Builder:
        """A builder that uses it."""
        return Builder(Cache(cache), source, self.toolchain, timeout_s)
