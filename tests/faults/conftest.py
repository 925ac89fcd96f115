"""A site for each fault: hosts, Redis and workers of the test's own, all of it gone afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.support.site import FaultSite
from tests.support.fleet import MakeFleet
from tests.support.workers import MakeSite

MakeFaultSite = Callable[..., FaultSite]


@pytest.fixture
def fault_site(make_fleet: MakeFleet, make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> MakeFaultSite:
    """Make a site: `fault_site(5, lease_s=2)`. Its workers show their stacks when a test waits in vain."""
    monkeypatch.setenv("PYTHONFAULTHANDLER", "1")

    def make(count: int = 3, *, fleet: dict[str, Any] | None = None, **settings: Any) -> FaultSite:
        hosts = make_fleet(count, **(fleet or {}))
        options = {"lease_s": 3, "known_hosts": hosts.known_hosts_path, **settings}
        return FaultSite(hosts, make_site(**options))

    return make
