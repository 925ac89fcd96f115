"""Who performs what is done once for a batch, on a real Redis."""

from __future__ import annotations

import pytest
from redis import Redis

from deploy_tasks.outcome import HostState as S
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.once import OnceBook, Turn
from tests.support.batch import RunningBatch

HOSTS = ("web 0", "web 1", "web 2")
PERFORM, WAIT = Turn("perform"), Turn("wait")


class Batch(RunningBatch):
    """Three hosts of one batch."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, len(HOSTS))
        self.once = OnceBook(redis)

    def ask(self, host: str, *, attempt: int = 1, impatient: bool = False) -> Turn:
        return self.once.ask("d1", "t1", host, attempt, HOSTS, expire_s=60, impatient=impatient)

    def tell(self, host: str, sealed: str = "sealed", *, attempt: int = 1) -> bool:
        return self.once.tell("d1", "t1", host, attempt, sealed, expire_s=60)


@pytest.fixture
def batch(redis: Redis) -> Batch:
    return Batch(redis)


def test_the_first_host_performs_and_the_others_take_its_result(batch: Batch, redis: Redis) -> None:
    batch.begin(*HOSTS)
    assert [batch.ask(host) for host in ("web 1", "web 2", "web 0", "web 1")] == [WAIT, WAIT, PERFORM, WAIT]
    assert batch.tell("web 0")
    assert [batch.ask(host) for host in ("web 1", "web 2")] == [Turn("done", "sealed")] * 2
    assert 0 < redis.ttl(keys.once("d1")) <= 60


@pytest.mark.parametrize("state", [S.SUCCEEDED, S.FAILED, S.UNREACHABLE, S.CANCELLED])
def test_a_host_that_ends_without_it_hands_it_on(batch: Batch, state: S) -> None:
    batch.begin(*HOSTS)
    assert batch.ask("web 0") == PERFORM
    batch.end("web 0", state)
    assert [batch.ask("web 2"), batch.ask("web 1"), batch.ask("web 2")] == [WAIT, PERFORM, WAIT]
    assert not batch.tell("web 0", "too late")
    assert batch.tell("web 1")
    assert batch.ask("web 2") == Turn("done", "sealed")


def test_what_a_host_has_told_outlives_it(batch: Batch) -> None:
    batch.begin(*HOSTS)
    batch.ask("web 0")
    batch.tell("web 0")
    batch.end("web 0")
    assert batch.ask("web 1") == Turn("done", "sealed")


def test_who_begins_anew_performs_it_again(batch: Batch) -> None:
    """Its worker died: what the host had done was taken back before its next attempt."""
    batch.begin(*HOSTS, lease_s=0)
    batch.ask("web 0")
    batch.tell("web 0", "old")
    assert batch.ledger.hosts.expire([("d1", "web 0")], 3, 10, "s")[0].attempt == 2
    batch.begin("web 0", attempt=2)
    assert batch.ask("web 0", attempt=2) == PERFORM
    assert batch.ask("web 1") == WAIT
    assert batch.tell("web 0", "new", attempt=2)
    assert batch.ask("web 1") == Turn("done", "new")


def test_a_host_that_no_worker_has_is_waited_for_only_so_long(batch: Batch) -> None:
    """Whoever waits holds a worker's place, which that host may need."""
    batch.begin("web 1")
    assert batch.ask("web 1") == WAIT
    assert batch.ask("web 1", impatient=True) == PERFORM
    batch.begin("web 0", "web 2")
    assert batch.ask("web 0") == WAIT
    assert batch.tell("web 1")
    assert batch.ask("web 0") == Turn("done", "sealed")


def test_a_performer_whose_worker_is_gone_is_waited_for_only_so_long(batch: Batch) -> None:
    batch.begin(*HOSTS, lease_s=0)
    assert batch.ask("web 0") == PERFORM
    assert batch.ledger.hosts.expire([("d1", "web 0")], 3, 10, "s")[0].what == "again"
    assert batch.ask("web 1") == WAIT
    assert batch.ask("web 1", impatient=True) == PERFORM
