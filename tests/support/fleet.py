"""Fixtures of real SSH hosts. A machine without root rights or sshd skips the tests that need them and says how many;
with `CI=true` it fails instead, so that a green run there means they ran."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks import fleet as local_fleet
from deploy_tasks.fleet import Fleet
from tests.support import janitor

MakeFleet = Callable[..., Fleet]
_SKIPPED = pytest.StashKey[list[str]]()


def need_fleet(config: pytest.Config, *, isolated: bool = True) -> None:
    """Skip (or fail in CI) where this machine cannot run the hosts."""
    lack = local_fleet.missing()
    if lack is None and isolated and not local_fleet.isolation():
        lack = "hosts with roots of their own need root rights"
    if lack is None:
        return
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"CI must run the fleet tests: {lack}", pytrace=False)
    config.stash.setdefault(_SKIPPED, []).append(lack)
    pytest.skip(lack)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say aloud how many tests did not run for want of hosts (xdist: per process)."""
    skipped = config.stash.get(_SKIPPED, [])
    if skipped:
        terminalreporter.write_line(f"NOT RUN: {len(skipped)} fleet tests: {skipped[0]}", red=True, bold=True)


@pytest.fixture(scope="session")
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Four hosts for the whole session. Leave them as you found them; for rough treatment use `make_fleet`."""
    need_fleet(request.config)
    root = tmp_path_factory.mktemp("fleet")
    janitor.watch_fleet(root)
    made = local_fleet.up(4, root)
    yield made
    made.down()


@pytest.fixture
def make_fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeFleet]:
    """Make fleets of the test's own: `make_fleet(3, sshd_extra="MaxSessions 1")`. They are taken down after it."""
    made: list[Path] = []

    def make(count: int = 1, **options: Any) -> Fleet:
        need_fleet(request.config, isolated=options.get("isolated") is not False)
        made.append(tmp_path_factory.mktemp("fleet"))
        janitor.watch_fleet(made[-1])
        return local_fleet.up(count, made[-1], **options)

    yield make
    for root in made:
        local_fleet.down(root)
