"""Deployments of several stages, step by step: who takes part in which batch, and what becomes of those who wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostOutcome
from deploy_tasks.outcome import HostState as S
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.drive import undoable
from deploy_tasks.rollout.hostbook import Move
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.record import Record, Stage
from deploy_tasks.rollout.result import Result
from deploy_tasks.rollout.views import Grant, NotGranted
from deploy_tasks.store import FolderStore
from tests.support.stepping import Message, Stepper, make_record

Make = Callable[..., Stepper]


def stage(name: str, number: int, hosts: tuple[int, int], *batches: int, budget: float = 0) -> Stage:
    return Stage(name=name, plays=(number, number + 1), hosts=(hosts,), batches=batches, max_fail_percentage=budget)


#: web 0 and 1, then 2 and 3, then all in two batches.
STAGES = stage("db", 0, (0, 2), 2), stage("web", 1, (2, 4), 2), stage("all", 2, (0, 4), 2, 2)


@pytest.fixture
def make(redis: Redis, tmp_path: Path) -> Make:
    def build(stages: tuple[Stage, ...] = STAGES, **options: Any) -> Stepper:
        return Stepper(Ledger(redis), FolderStore(tmp_path / "store"), make_record(stages=stages, **options))

    return build


def hosts(messages: list[Message]) -> list[int]:
    return [int(message[1].split()[1]) for message in messages]


def all_wait(rollout: Stepper, messages: list[Message]) -> list[Message]:
    """Every host ends its stage well; the messages of the next batch."""
    for message in messages:
        rollout.end(message, S.RUNNING, S.WAITING)
    rollout.step()
    return rollout.outbox.take()


def test_a_record_knows_the_batches_of_every_host() -> None:
    record = make_record(stages=STAGES)
    assert record.batches == (2, 2, 2, 2)
    assert [record.batch(number)[0] for number in range(4)] == ["web 0", "web 2", "web 0", "web 2"]
    assert [record.stage(number) for number in range(4)] == [0, 1, 2, 2]
    assert [record.part(number) for number in range(4)] == ["db", "web", "all", "all"]
    assert (record.later("web 0", 0), record.later("web 0", 2), record.later("web 3", 1)) == (2, None, 3)
    assert (record.earlier("web 0", 2), record.earlier("web 0", 0), record.earlier("web 3", 3)) == (0, None, 1)
    assert [number for _, number in record.numbered()] == [0, 0, 1, 1]
    assert Record.load(record.dump()) == record


def test_a_record_of_one_stage_says_nothing_of_stages() -> None:
    record = make_record(batches=(1, 3))
    assert "stages" not in record.dump()
    assert record.digest() == Record.load(record.dump()).digest()
    assert record.digest() != make_record(stages=STAGES).digest()
    assert [len(record.batch(number)) for number in range(2)] == [1, 3]


#: Web 0, and web 1 that may be added before; then web 1 and 2.
LATE = stage("a", 0, (0, 2), 2, budget=60), stage("b", 1, (1, 3), 2, budget=60)


def leave_out(rollout: Stepper, message: Message, state: S) -> None:
    """A worker comes to a host that no task has added."""
    grant = rollout.grant(message)
    outcome = HostOutcome(host=grant.host, status=state, attempt=grant.attempt, left_out=True)
    later = rollout.record.later(grant.host, grant.batch) if state is S.WAITING else None
    assert rollout.ledger.hosts.move(Move(grant, [state], outcome, later=later)).what == "ok"


def test_a_host_that_nobody_has_added_goes_through(make: Make) -> None:
    rollout = make(LATE, hosts=3)
    first, absent = rollout.compiled()
    leave_out(rollout, absent, S.WAITING)
    rollout.end(first, S.RUNNING, S.SUCCEEDED)
    rollout.step()
    absent, last = rollout.outbox.take()
    assert absent[1] == "web 1"
    leave_out(rollout, absent, S.UNTOUCHED)
    rollout.end(last, S.RUNNING, S.SUCCEEDED)
    assert rollout.step() is D.SUCCEEDED
    assert rollout.states() == {"web 0": S.SUCCEEDED, "web 1": S.UNTOUCHED, "web 2": S.SUCCEEDED}
    assert undoable(rollout.ledger.snapshot("d1")) == ("web 0", "web 2")


def test_a_host_that_nobody_has_added_counts_in_no_budget(make: Make) -> None:
    """60 % may fail: of two hosts one might, of the one that is there none."""
    rollout = make(LATE, hosts=3)
    first, absent = rollout.compiled()
    leave_out(rollout, absent, S.WAITING)
    rollout.end(first, S.RUNNING, S.FAILED)
    assert rollout.step() is D.ROLLING_BACK
    assert [message[:2] for message in rollout.outbox.take()] == [("undo", "web 0")]


def test_every_stage_in_turn_and_a_host_waits_between_its_own(make: Make) -> None:
    rollout = make()
    messages = rollout.compiled()
    assert hosts(messages) == [0, 1]
    messages = all_wait(rollout, messages)
    assert hosts(messages) == [2, 3]
    assert set(rollout.states().values()) == {S.WAITING, S.QUEUED}
    messages = all_wait(rollout, messages)
    for expected in ([0, 1], [2, 3]):
        assert hosts(messages) == expected
        for message in messages:
            rollout.end(message, S.RUNNING, S.SUCCEEDED)
        status = rollout.step()
        messages = rollout.outbox.take()
    assert status is D.SUCCEEDED
    assert set(rollout.states().values()) == {S.SUCCEEDED}


def test_a_message_of_an_earlier_stage_that_comes_again_is_nothing(make: Make) -> None:
    rollout = make()
    first, second = rollout.compiled()
    book = rollout.ledger.hosts
    rollout.end(first, S.WAITING)
    late = book.grant("d1", "web 0", 1, "w", 10, "push", 0)
    assert isinstance(late, NotGranted)
    assert late.why == "superseded"
    early = book.grant("d1", "web 0", 1, "w", 10, "push", 2)
    assert isinstance(early, NotGranted)
    assert early.why == "refused"
    rollout.end(second, S.WAITING)
    rollout.step()
    all_wait(rollout, rollout.outbox.take())
    assert isinstance(book.grant("d1", "web 0", 1, "w", 10, "push", 0), NotGranted)
    given = book.grant("d1", "web 0", 1, "w", 10, "push", 2)
    assert isinstance(given, Grant)
    assert (given.before, given.batch) == (S.WAITING, 2)


def test_an_end_of_a_stage_told_twice_counts_once(make: Make) -> None:
    rollout = make()
    first, _ = rollout.compiled()
    grant = rollout.grant(first)
    move = Move(grant, [S.RUNNING, S.WAITING], HostOutcome(host=grant.host, status=S.WAITING), later=2)
    assert rollout.ledger.hosts.move(move).what == "ok"
    assert rollout.ledger.hosts.move(move).what == "repeated"
    assert rollout.ledger.head("d1").fields["b:0:left"] == "1"


def test_attempts_are_counted_anew_in_every_stage(make: Make) -> None:
    rollout = make(stages=(stage("a", 0, (0, 4), 4), stage("b", 1, (0, 4), 4)))
    messages = rollout.compiled()
    book, redis = rollout.ledger.hosts, rollout.ledger.redis
    rollout.grant(messages[0])
    redis.zadd(keys.LEASES, {keys.member("d1", "web 0"): 0})
    assert [told.what for told in book.expire([("d1", "web 0")], 3, 10, "s")] == ["again"]
    again = [("push", "web 0", 2), *messages[1:]]
    assert [message[2] for message in all_wait(rollout, again)] == [1] * 4
    assert {row.attempt for row in rollout.ledger.snapshot("d1").rows.values()} == {1}


def test_whoever_failed_takes_no_part_any_more(make: Make) -> None:
    stages = stage("a", 0, (0, 4), 4, budget=50), stage("b", 1, (0, 4), 2, 2, budget=50)
    rollout = make(stages=stages)
    *rest, bad = rollout.compiled()
    rollout.end(bad, S.FAILED, S.UNDOING, S.ROLLED_BACK)
    messages = all_wait(rollout, rest)
    assert hosts(messages) == [0, 1]
    for message in messages:
        rollout.end(message, S.SUCCEEDED)
    rollout.step()
    (last,) = rollout.outbox.take()
    assert rollout.ledger.head("d1").fields["b:2:left"] == "1"
    rollout.end(last, S.SUCCEEDED)
    assert rollout.step() is D.FAILED
    assert "within the budget" in str(rollout.ledger.head("d1").reason)


def test_a_batch_of_which_all_have_failed_is_passed_over(make: Make) -> None:
    stages = stage("a", 0, (0, 4), 4, budget=50), stage("b", 1, (0, 2), 2, budget=50), stage("c", 2, (2, 4), 2)
    rollout = make(stages=stages)
    *bad, third, fourth = rollout.compiled()
    for message in bad:
        rollout.end(message, S.FAILED, S.UNDOING, S.ROLLED_BACK)
    rollout.end(third, S.WAITING)
    rollout.end(fourth, S.WAITING)
    rollout.step()
    messages = rollout.outbox.take()
    assert hosts(messages) == [2, 3]
    for message in messages:
        rollout.end(message, S.SUCCEEDED)
    assert rollout.step() is D.FAILED


def test_when_all_of_a_batch_fail_none_follows_whatever_the_budget(make: Make) -> None:
    rollout = make(stages=(), batches=(2, 2), max_fail_percentage=100, undo_failed=False)
    for message in rollout.compiled():
        rollout.end(message, S.FAILED)
    assert rollout.step() is D.FAILED
    assert rollout.outbox.take() == []
    assert [state.value for state in rollout.states().values()] == ["failed", "failed", "cancelled", "cancelled"]


def test_a_failure_that_is_fatal_for_all_ends_it_whatever_the_budget(make: Make) -> None:
    rollout = make(stages=(stage("a", 0, (0, 4), 4, budget=50), stage("b", 1, (0, 4), 4, budget=50)))
    *rest, started, bad = rollout.compiled()
    rollout.grant(started)
    rollout.grant(bad)
    rollout.ledger.forbid("d1", 0, "a task failed")
    rollout.end(bad, S.FAILED, S.UNDOING, S.ROLLED_BACK)
    rollout.end(started, S.WAITING)
    for message in rest:
        assert rollout.grant(message).stop.startswith("not started")
        rollout.end(message, S.CANCELLED, touched=False)
    assert rollout.step() is D.ROLLING_BACK
    assert [message[1] for message in rollout.outbox.take()] == [started[1]]
    assert rollout.ledger.head("d1").reason == "1 host failed; a task failed"


def test_each_stage_has_a_budget_of_its_own(make: Make) -> None:
    stages = stage("a", 0, (0, 4), 4, budget=50), stage("b", 1, (0, 4), 4, budget=0)
    rollout = make(stages=stages)
    *rest, bad = rollout.compiled()
    rollout.end(bad, S.FAILED, S.UNDOING, S.ROLLED_BACK)
    messages = all_wait(rollout, rest)
    rollout.end(messages[0], S.FAILED)
    assert rollout.grant(messages[1]).stop.startswith("not started")


def test_when_a_stage_fails_all_hosts_of_all_stages_are_taken_back(make: Make) -> None:
    rollout = make()
    messages = all_wait(rollout, rollout.compiled())
    rollout.end(messages[0], S.RUNNING, S.WAITING)
    rollout.end(messages[1], S.FAILED)
    assert rollout.step() is D.ROLLING_BACK
    undos = rollout.outbox.take()
    assert hosts(undos) == [0, 1, 2, 3]
    for message in undos:
        rollout.end(message, S.ROLLED_BACK, touched=False)
    assert rollout.step() is D.ROLLED_BACK
    assert set(rollout.states().values()) == {S.ROLLED_BACK}


def test_without_undo_those_who_wait_are_cancelled(make: Make) -> None:
    rollout = make(undo_failed=False)
    good, bad = rollout.compiled()
    rollout.end(good, S.WAITING)
    rollout.end(bad, S.FAILED)
    assert rollout.step() is D.FAILED
    assert [state.value for state in rollout.states().values()] == ["cancelled", "failed", "cancelled", "cancelled"]


def test_cancelling_between_stages_takes_back_who_waits_and_only_those(make: Make) -> None:
    rollout = make()
    messages = all_wait(rollout, rollout.compiled())
    rollout.ledger.cancel("d1", "asked")
    assert [state.value for state in rollout.states().values()] == ["cancelled"] * 4
    assert rollout.step() is D.ROLLING_BACK
    undos = rollout.outbox.take()
    assert hosts(undos) == [0, 1]
    assert isinstance(rollout.ledger.hosts.grant("d1", messages[0][1], 1, "w", 10, "push", 1), NotGranted)
    for message in undos:
        rollout.end(message, S.ROLLED_BACK, touched=False)
    assert rollout.step() is D.CANCELLED


def test_only_so_many_hosts_at_once_in_every_stage(make: Make) -> None:
    from deploy_tasks.rollout.drive import go_on

    rollout = make(stages=(stage("a", 0, (0, 4), 4), stage("b", 1, (0, 4), 4)), parallel=1)
    waiting, seen = rollout.compiled(), []
    while waiting:
        assert len(waiting) == 1
        message = waiting.pop()
        grant_host = message[1]
        batch = rollout.ledger.snapshot("d1").rows[grant_host].batch
        seen.append((batch, grant_host))
        rollout.end(message, S.WAITING if batch == 0 else S.SUCCEEDED)
        go_on(rollout.ledger, rollout.outbox, rollout.record)
        waiting += [sent for sent in rollout.outbox.take() if sent[0] == "push"]
        if not waiting:
            rollout.step()
            waiting += [sent for sent in rollout.outbox.take() if sent[0] == "push"]
    assert [batch for batch, _ in seen] == [0] * 4 + [1] * 4
    assert rollout.ledger.status("d1") is D.SUCCEEDED


def test_the_document_says_who_waits(make: Make) -> None:
    rollout = make()
    first, second = rollout.compiled()
    rollout.end(first, S.WAITING)
    rollout.grant(second)
    document = Result.of(rollout.ledger.snapshot("d1")).to_json()
    assert [host["status"] for host in document["hosts"].values()] == ["waiting", "connecting", "queued", "queued"]
    assert document["totals"]["waiting"] == 1


def test_what_hosts_have_told_goes_with_the_deployment(make: Make) -> None:
    rollout = make(stages=(stage("a", 0, (0, 4), 4), stage("b", 1, (0, 4), 4)))
    messages = rollout.compiled()
    rollout.ledger.redis.hset(keys.shared("d1"), "web 0", "sealed")
    for message in all_wait(rollout, messages):
        rollout.end(message, S.SUCCEEDED)
    assert rollout.step() is D.SUCCEEDED
    assert not rollout.ledger.redis.exists(keys.shared("d1"))
