"""Killing what carries a deployment, while it runs."""

from __future__ import annotations

import base64
import json
import signal
import time
from pathlib import Path

import pytest

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Handle, Request, prepare
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.record import Options
from tests.support.workers import MakeSite, Site, await_until, local_hosts, plan, shell, write

HOSTS = 6


def marks(folder: Path, host: int) -> list[str]:
    """What a host noted each time its program really ran."""
    path = folder / f"host{host}" / "marks"
    return path.read_text().split() if path.exists() else []


def slow(folder: Path, seconds: float) -> dict[str, object]:
    """Notes that it ran and then takes its time."""
    return shell(f"echo ran >> {{{{ home }}}}/marks; sleep {seconds}")


def begin(site: Site, folder: Path, *tasks: dict[str, object], **options: object) -> Handle:
    request = Request(plan(*tasks), local_hosts(folder, HOSTS), options=Options(**options))
    return site.producer.submit(prepare(request))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_is_killed_loses_no_host_and_repeats_none(
    make_site: MakeSite, tmp_path: Path, number: int
) -> None:
    site = make_site(lease_s=2, parallel=4)
    site.start("control", "build", "push")
    (victim,) = [worker for worker in site.workers if worker.role == "push"]
    handle = begin(site, tmp_path, slow(tmp_path, 2), write("done"))
    await_until(lambda: sum(bool(marks(tmp_path, n)) for n in range(HOSTS)) >= 3, what="three hosts under way")
    site.start("push")
    victim.signal(number)
    if number == signal.SIGTERM:
        time.sleep(0.5)  # what systemd and docker give a worker, made short
        victim.kill()
    result = handle.wait(60)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert [marks(tmp_path, n) for n in range(HOSTS)] == [["ran"]] * HOSTS
    assert [(tmp_path / f"host{n}" / "out.txt").read_text() for n in range(HOSTS)] == ["done"] * HOSTS


def test_control_may_die_at_any_moment(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(lease_s=2)
    control, *_ = site.start("control", "build", "push")
    handle = begin(site, tmp_path, slow(tmp_path, 1), write("done"))
    await_until(lambda: any(marks(tmp_path, n) for n in range(HOSTS)), what="a host under way")
    control.kill()
    time.sleep(1.5)  # all hosts end while nobody concludes
    site.start("control")
    assert handle.wait(40).status is D.SUCCEEDED


def keys_back(site: Site, deployment: str) -> bool:
    with site.redis.client() as client:
        return bool(client.exists(keys.head(deployment)))


def test_redis_that_comes_back_without_its_data_loses_no_deployment(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(lease_s=2)
    site.start("control", "build", "push")
    handle = begin(site, tmp_path, slow(tmp_path, 4), write("done"))
    await_until(lambda: any(marks(tmp_path, n) for n in range(HOSTS)), what="a host under way")
    site.redis.kill()
    time.sleep(0.5)
    site.redis.start()

    def ended() -> bool:
        site.revive()
        return handle.status().status.final

    await_until(lambda: keys_back(site, handle.id), what="the deployment in the new Redis")
    await_until(ended, 90, "the end")
    result = handle.status()
    assert result.status is D.SUCCEEDED, result.to_json()
    assert [marks(tmp_path, n) for n in range(HOSTS)] == [["ran"]] * HOSTS


def test_a_message_delivered_twice_runs_once_and_is_concluded_once(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(lease_s=2)
    site.start("control", "build")
    handle = begin(site, tmp_path, slow(tmp_path, 0.2))
    with site.redis.client() as client:
        await_until(lambda: client.llen("push") == HOSTS, what="all messages")
        for text in client.lrange("push", 0, 2):
            copy = json.loads(text)
            copy["properties"]["delivery_tag"] = base64.b64encode(str(time.monotonic_ns()).encode()).decode()
            client.lpush("push", json.dumps(copy))
        site.start("push", "push")
        result = handle.wait(40)
        assert result.status is D.SUCCEEDED
        ends = [entry for _, entry in client.xrange(keys.events(handle.id)) if '"verdict"' in entry["e"]]
    assert len(ends) == 1
    assert [marks(tmp_path, n) for n in range(HOSTS)] == [["ran"]] * HOSTS


def test_messages_of_a_dead_worker_do_not_stay(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(lease_s=2, parallel=4)
    site.start("control", "build", "push")
    handle = begin(site, tmp_path, slow(tmp_path, 1))
    await_until(lambda: any(marks(tmp_path, n) for n in range(HOSTS)), what="a host under way")
    next(worker for worker in site.workers if worker.role == "push").kill()
    site.start("push")
    assert handle.wait(60).ok
    with site.redis.client() as client:
        await_until(lambda: client.hlen("unacked") == 0, 90, "the broom")


def test_an_urgent_undo_goes_before_pushes_that_wait(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(parallel=1)
    site.start("control", "build", "push")
    first = begin(site, tmp_path / "a", write("one"))
    assert first.wait(60).ok
    busy = begin(site, tmp_path / "b", slow(tmp_path, 0.5))
    await_until(lambda: any(marks(tmp_path / "b", n) for n in range(HOSTS)), what="a push under way")
    assert first.rollback().wait(30).status is D.ROLLED_BACK
    assert not busy.status().status.final
    assert busy.wait(30).ok
