"""Who performs what only so many hosts may perform at a time, on a real Redis."""

from __future__ import annotations

import pytest
from redis import Redis

from deploy_tasks.outcome import HostState as S
from deploy_tasks.rollout import keys, slots
from deploy_tasks.rollout.slots import Limit, Slot, SlotBook
from tests.support.batch import RunningBatch

HOSTS = ("web 0", "web 1", "web 2", "web 3")
GO, WAIT = Slot("go"), Slot("wait")
ONE = Limit(1)
IN_ORDER = Limit(1, "0 t1", tolerated=0)


class Batch(RunningBatch):
    """Four hosts of one batch."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, len(HOSTS))

    def lose(self, host: str) -> None:
        assert self.ledger.hosts.expire([("d1", host)], 3, 10, "s")[0].what == "again"

    def book(self, host: str, attempt: int = 1) -> SlotBook:
        return SlotBook(self.redis, "d1", host, attempt, 60)

    def ask(self, host: str, limit: Limit = ONE, *, task: str = "0 t1", attempt: int = 1, late: bool = False) -> Slot:
        return self.book(host, attempt).ask(task, limit, HOSTS, impatient=late)

    def done(self, host: str, *, failed: bool = False, attempt: int = 1) -> None:
        self.book(host, attempt).done("0 t1", failed=failed)


@pytest.fixture
def batch(redis: Redis) -> Batch:
    made = Batch(redis)
    made.begin(*HOSTS)
    return made


def test_so_many_perform_it_and_the_next_when_one_is_done(batch: Batch, redis: Redis) -> None:
    two = Limit(2)
    assert [batch.ask(host, two) for host in HOSTS] == [GO, GO, WAIT, WAIT]
    assert batch.ask("web 2", two, task="0 other") == GO, "another task counts for itself"
    batch.done("web 1")
    assert [batch.ask(host, two) for host in ("web 3", "web 2", "web 0")] == [GO, WAIT, GO]
    assert 0 < redis.ttl(keys.slots("d1")) <= 60


@pytest.mark.parametrize("state", [S.SUCCEEDED, S.FAILED, S.UNREACHABLE, S.CANCELLED])
def test_a_host_that_ends_holds_nothing(batch: Batch, state: S) -> None:
    assert [batch.ask("web 0"), batch.ask("web 1")] == [GO, WAIT]
    batch.end("web 0", state)
    assert batch.ask("web 1") == GO


def test_a_host_that_comes_to_another_task_has_left_this_one(batch: Batch) -> None:
    """It began anew, and never told that it was done."""
    assert [batch.ask("web 0"), batch.ask("web 0", task="0 before"), batch.ask("web 1")] == [GO, GO, GO]
    batch.book("web 1").leave()
    assert batch.ask("web 2") == GO


def test_a_slot_is_kept_some_time_for_a_host_without_a_worker(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = batch.redis
    lost.zadd(keys.LEASES, {keys.member("d1", "web 0"): 0})
    assert batch.ask("web 0") == GO
    batch.lose("web 0")
    assert batch.ask("web 1") == WAIT
    monkeypatch.setattr(slots, "PATIENCE_MS", -1)
    assert batch.ask("web 1") == GO
    batch.begin("web 0", attempt=2)
    assert batch.ask("web 2") == WAIT
    batch.done("web 1")
    assert batch.ask("web 2") == WAIT, "the first one is back, and may still be at it"
    batch.done("web 0", attempt=2)
    assert batch.ask("web 2") == GO


def test_an_earlier_attempt_frees_nothing(batch: Batch) -> None:
    batch.redis.zadd(keys.LEASES, {keys.member("d1", "web 0"): 0})
    assert batch.ask("web 0") == GO
    batch.lose("web 0")
    batch.begin("web 0", attempt=2)
    assert batch.ask("web 0", attempt=2) == GO
    batch.done("web 0", attempt=1)
    assert batch.ask("web 1") == WAIT


def test_in_order(batch: Batch) -> None:
    assert [batch.ask(host, IN_ORDER) for host in ("web 2", "web 1", "web 0", "web 1")] == [WAIT, WAIT, GO, WAIT]
    batch.done("web 0")
    assert [batch.ask(host, IN_ORDER) for host in ("web 3", "web 2", "web 1")] == [WAIT, WAIT, GO]
    batch.book("web 2").passed("0 t1", "0 t1")
    batch.done("web 1")
    assert batch.ask("web 3", IN_ORDER) == GO, "the one before it has passed"


def test_who_has_ended_is_not_waited_for(batch: Batch) -> None:
    batch.end("web 0", S.SUCCEEDED)
    batch.end("web 1", S.FAILED)
    assert batch.ask("web 2", IN_ORDER) == GO, "a failure elsewhere is none of this task"


def test_who_has_no_worker_is_waited_for_only_so_long(redis: Redis) -> None:
    """Whoever waits holds a worker's place, which that host may need."""
    batch = Batch(redis)
    batch.begin("web 1")
    assert [batch.ask("web 1", IN_ORDER), batch.ask("web 1", IN_ORDER, late=True)] == [WAIT, GO]


def test_after_it_has_failed_nobody_begins(batch: Batch) -> None:
    assert batch.ask("web 0", IN_ORDER) == GO
    batch.done("web 0", failed=True)
    assert [batch.ask(host, IN_ORDER) for host in HOSTS[1:]] == [Slot("stop", ("web 0",))] * 3


def test_so_many_may_fail(batch: Batch) -> None:
    limit = Limit(1, "0 t1", tolerated=1)
    for host in HOSTS[:2]:
        assert batch.ask(host, limit) == GO
        batch.done(host, failed=True)
    assert batch.ask("web 2", limit) == Slot("stop", ("web 0", "web 1"))


def test_a_host_that_is_lost_at_it_counts_as_a_failure(batch: Batch) -> None:
    assert batch.ask("web 0", IN_ORDER) == GO
    batch.end("web 0", S.UNREACHABLE)
    assert batch.ask("web 1", IN_ORDER) == Slot("stop", ("web 0",))


def test_who_was_not_at_it_tells_no_failure(batch: Batch) -> None:
    batch.done("web 3", failed=True)
    assert batch.ask("web 0", IN_ORDER) == GO
