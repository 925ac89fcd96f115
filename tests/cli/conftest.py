"""The commands as processes of their own, with a state folder of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.compiler import site_cache

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent


@dataclass
class Commands:
    """Runs `deploy-tasks` and `rustle-deploy` as a user without any configuration would."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        # Building the runner is the compiler's own subject: one cache serves all tests.
        cache = site_cache()
        self.environment = {
            **kept,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "DEPLOY_TASKS_STATE_DIR": str(self.folder / "state"),
            "DEPLOY_TASKS_CACHE_DIR": str(cache),
            "RUSTLE_DEPLOY_CACHE_DIR": str(cache),
            "COLUMNS": "200",
        }

    def start(self, *arguments: str, **options: object) -> subprocess.Popen[str]:
        """The command as a process in a process group of its own."""
        return subprocess.Popen(
            [str(BIN / arguments[0]), *arguments[1:]],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *arguments: str, stdin: str = "", more: Mapping[str, str] | None = None, timeout_s: float = 100
    ) -> subprocess.CompletedProcess[str]:
        """The command, finished."""
        return subprocess.run(
            [str(BIN / arguments[0]), *arguments[1:]],
            cwd=self.folder,
            env={**self.environment, **(more or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """Commands with a fresh home and state folder."""
    return Commands(tmp_path)
