"""Command lines and what they print, as a user would see them.

A transcript is a text file. `$ ` starts a command (run by sh in an empty folder with `examples/` beside it), the lines
after it are what must be printed on both streams, and `[2]` at the end of a block is the exit status when it is not 0.
Placeholders: `{id}`, `{n}`, `{s}` (seconds), `{size}`, `{path}`, `{text}`; a line `...` stands for any lines.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import janitor
from tests.support.compiler import site_cache

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PLACEHOLDERS = {
    "{id}": r"[0-9a-z][0-9a-z-]*",
    "{n}": r"[0-9]+",
    "{s}": r"(?:[0-9]+(?:\.[0-9])? s|[0-9]+:[0-9]{2} min)",
    "{size}": r"[0-9.]+ [kMG]?B",
    "{path}": r"\S+",
    "{text}": r".*",
}


@dataclass
class Step:
    command: str
    line: int
    expected: list[str] = field(default_factory=list)
    status: int = 0


def steps(path: Path) -> list[Step]:
    found: list[Step] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("$ "):
            found.append(Step(line[2:], number))
        elif line.startswith("#") or not found:
            continue
        elif re.fullmatch(r"\[\d+\]", line):
            found[-1].status = int(line[1:-1])
        else:
            found[-1].expected.append(line.rstrip())
    return found


def pattern(lines: list[str]) -> re.Pattern[str]:
    while lines and not lines[-1]:
        lines = lines[:-1]
    texts = []
    for line in lines:
        if line == "...":
            texts.append(r"(?:.*\n)*?")
            continue
        text = re.escape(line)
        for name, regex in PLACEHOLDERS.items():
            text = text.replace(re.escape(name), regex)
        texts.append(text + r"[ ]*\n")
    return re.compile("".join(texts))


def environment(folder: Path) -> dict[str, str]:
    """A user of this machine with no configuration of their own."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "GOCACHE", "TMPDIR")}
    home = folder / "home"
    home.mkdir()
    binaries = str(Path(sys.executable).parent)
    state = {"DEPLOY_TASKS_STATE_DIR": str(folder / "state"), "HOME": str(home), "COLUMNS": "200", "TERM": "dumb"}
    # Building the runner is what the compiler's own tests are about; here one cache serves all transcripts.
    cache = {"DEPLOY_TASKS_CACHE_DIR": str(site_cache())}
    return {**kept, **state, **cache, "PATH": f"{binaries}:{kept['PATH']}", "LC_ALL": "C.UTF-8"}


def needs_fleet(path: Path) -> list[pytest.MarkDecorator]:
    return [pytest.mark.fleet] if "fleet up" in path.read_text() else []


FILES = [pytest.param(path, id=path.stem, marks=needs_fleet(path)) for path in sorted(HERE.glob("*.txt"))]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("path", FILES)
def test_transcript(path: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    variables = environment(tmp_path)
    janitor.watch_fleet(tmp_path / "state" / "fleet")
    try:
        for step in steps(path):
            done = subprocess.run(
                ["/bin/sh", "-c", step.command],
                cwd=tmp_path,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            where = f"{path.name}:{step.line}: $ {step.command}"
            assert pattern(step.expected).fullmatch(done.stdout), f"{where} printed\n{done.stdout}"
            assert done.returncode == step.status, f"{where} ended with {done.returncode}\n{done.stdout}"
    finally:
        subprocess.run(
            ["deploy-tasks", "fleet", "down"], cwd=tmp_path, env=variables, capture_output=True, timeout=60, check=True
        )


def test_a_transcript_that_is_wrong_fails() -> None:
    assert pattern(["a {n}", "...", "end"]).fullmatch("a 12\nx\ny\nend\n")
    assert not pattern(["a {n}", "end"]).fullmatch("a b\nend\n")
    assert not pattern(["a"]).fullmatch("a\nmore\n")
