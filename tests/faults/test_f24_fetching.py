"""Faults while a host hands a file over: what comes into its place is whole, whoever brings it."""

from __future__ import annotations

import os
from pathlib import Path

from deploy_tasks.outcome import DeploymentStatus as D
from tests.faults.conftest import MakeFaultSite

_PIECE = 1 << 20


def test_a_worker_killed_in_the_middle_of_a_file(fault_site: MakeFaultSite, tmp_path: Path) -> None:
    """Its connection breaks with it. The next worker finds the run and takes the file from its beginning."""
    site = fault_site(1, lease_s=2)
    (host,) = site.hosts
    content = os.urandom(_PIECE) * 30
    host.path("/srv").mkdir(exist_ok=True)
    host.path("/srv/large").write_bytes(content)
    place = tmp_path / "got" / "large"
    _, _, first, _ = site.start()
    drafts = site.settings.state_dir / "fetching"
    handle = site.play(
        {"module": "fetch", "args": {"src": "/srv/large", "dest": str(place), "flat": True}}, timeout_s=90
    )

    def in_the_middle() -> bool:
        return any(_PIECE < path.stat().st_size < len(content) for path in drafts.glob("*"))

    site.until(in_the_middle, "some pieces have come")
    first.kill()
    assert in_the_middle()
    assert not place.exists()
    site.start("push")
    result = site.finish(handle, 90)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert result.hosts[host.name].changed == 1
    assert [note.size for note in site.site.producer.fetched(handle.id)] == [len(content)]
    assert handle.wait(20).ok
    assert place.read_bytes() == content
    assert [path.name for path in place.parent.iterdir()] == ["large"]
    assert site.site.producer.fetched(handle.id) == []
    site.check_hosts()
