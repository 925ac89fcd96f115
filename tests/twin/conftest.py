"""The twins of a test session: made once for each process of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import need_fleet
from tests.twin import theirs, twins


@pytest.fixture(scope="session")
def ansible_python(request: pytest.FixtureRequest) -> Path:
    """The Python that has ansible-core; without it the test is skipped, in CI it fails."""
    need_fleet(request.config)
    found = theirs.python()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI must compare with Ansible: tools/setup tests did not make .state/ansible", pytrace=False)
        pytest.skip("ansible-core is not set up: tools/setup tests")
    return found


@pytest.fixture(scope="session", name="twins")
def running_twins(ansible_python: Path) -> Iterator[twins.Twins]:
    """Three pairs of hosts, a loaded Ansible and a site of workers."""
    with twins.running(ansible_python) as made:
        yield made
