"""Confirm or revert: a plan that locks us out of a host is taken back by the host itself."""

from __future__ import annotations

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Request, prepare
from deploy_tasks.rollout.record import Options
from tests.support.fleet import MakeFleet
from tests.support.workers import MakeSite, await_until, plan, write

KEYS = "/root/.ssh/authorized_keys"


def test_a_host_that_locks_us_out_takes_itself_back(make_fleet: MakeFleet, make_site: MakeSite) -> None:
    fleet = make_fleet(2)
    first, second = fleet.hosts
    before = fleet[first].path(KEYS).read_bytes()
    site = make_site(known_hosts=fleet.known_hosts_path, warm_connections=0, connect_timeout_s=5)
    site.start()
    locking = {**write("nobody\n", KEYS), "when": f"inventory_hostname == '{first}'"}
    tasks = plan(write("new", "/etc/motd"), locking)
    options = Options(confirm_within=4, max_fail_percentage=50)
    handle = site.producer.submit(prepare(Request(tasks, fleet.inventory_path, options=options)))
    result = handle.wait(120)
    assert result.status is D.FAILED, result.to_json()

    locked, fine = result.hosts[first], result.hosts[second]
    assert (locked.status.value, locked.unconfirmed) == ("rolled_back", True), locked
    assert locked.error is not None
    assert locked.error.message == "it was not confirmed in time: the host has taken it back by itself"
    assert fleet[first].path(KEYS).read_bytes() == before
    assert not fleet[first].path("/etc/motd").exists() or fleet[first].path("/etc/motd").read_text() != "new"

    assert (fine.status.value, fine.unconfirmed) == ("succeeded", False)
    assert fleet[second].path("/etc/motd").read_text() == "new"
    kept = fleet[second].state_dir / "deployments" / handle.id
    assert (kept / "confirmed.json").exists()
    assert not (kept / "unconfirmed.json").exists()


def test_a_host_that_stays_away_says_so_when_it_comes_back(make_fleet: MakeFleet, make_site: MakeSite) -> None:
    fleet = make_fleet(1)
    (name,) = fleet.hosts
    host = fleet[name]
    before = host.path(KEYS).read_bytes()
    site = make_site(known_hosts=fleet.known_hosts_path, warm_connections=0, connect_timeout_s=1)
    site.start()
    request = Request(plan(write("nobody\n", KEYS)), fleet.inventory_path, options=Options(confirm_within=2))
    handle = site.producer.submit(prepare(request))
    waiting = host.state_dir / "deployments" / handle.id / "unconfirmed.json"
    try:
        await_until(waiting.exists, 60, "the host's waiting")
        host.drop_packets()
        result = handle.wait(120)
        assert result.hosts[name].status.value == "undo_failed", result.to_json()
        await_until(lambda: host.path(KEYS).read_bytes() == before, 60, "the host's taking itself back")
    finally:
        host.restore_packets()
    result = handle.rollback().wait(60)
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert result.hosts[name].unconfirmed
