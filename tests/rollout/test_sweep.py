"""What the sweeper finds and sets going again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState as S
from deploy_tasks.rollout import archive, fetched, keys, sweep
from deploy_tasks.rollout.fetched import Note
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.sweep import Limits, Sweeper
from deploy_tasks.store import FolderStore
from tests.support.stepping import Stepper, make_record


@dataclass
class Case:
    redis: Redis
    rollout: Stepper
    sweeper: Sweeper

    def expire(self, host: str) -> None:
        """The lease of a host ends now."""
        assert self.redis.zscore(keys.LEASES, keys.member("d1", host)) is not None
        self.redis.zadd(keys.LEASES, {keys.member("d1", host): 1})

    def tick(self) -> list[tuple[object, ...]]:
        """One tick, as if the last look at every deployment was long ago."""
        self.redis.hset(keys.head("d1"), "due", "1")
        self.sweeper.tick()
        return self.rollout.outbox.take()


@pytest.fixture
def case(redis: Redis, tmp_path: Path) -> Case:
    store = FolderStore(tmp_path / "store")
    rollout = Stepper(Ledger(redis), store, make_record(hosts=2, deployment_timeout_s=100))
    redis.set(keys.EPOCH, "1")
    return Case(redis, rollout, Sweeper(rollout.ledger, rollout.outbox, store, Limits()))


def test_a_start_that_was_lost_is_made_up_for(case: Case) -> None:
    case.rollout.ledger.create(case.rollout.record)
    assert case.tick() == [("compile", "x86_64-linux")]


def test_a_build_whose_worker_died_is_asked_for_again(case: Case) -> None:
    case.rollout.ledger.create(case.rollout.record)
    case.rollout.step()
    case.rollout.outbox.take()
    assert case.tick() == []
    case.redis.zadd(keys.BUILDS, {keys.member("d1", "x86_64-linux"): 1})
    assert case.tick() == [("compile", "x86_64-linux")]


def test_hosts_of_a_dead_worker_go_to_another_under_a_higher_attempt(case: Case) -> None:
    first, second = case.rollout.compiled()
    case.rollout.end(first, S.SUCCEEDED)
    case.rollout.grant(second)
    assert case.tick() == []
    case.expire("web 1")
    assert case.tick() == [("push", "web 1", 2)]
    case.rollout.end(("push", "web 1", 2), S.SUCCEEDED)
    case.tick()
    assert case.rollout.ledger.status("d1") is D.SUCCEEDED


def test_a_message_that_was_lost_is_sent_again_only_when_nobody_has_work_before_it(case: Case) -> None:
    case.rollout.compiled()
    case.expire("web 1")
    case.redis.lpush("push", "a message before it")
    assert case.tick() == []
    case.redis.delete("push")
    case.expire("web 1")
    assert case.tick() == [("push", "web 1", 1)]


def test_a_host_that_kills_its_workers_is_given_up_and_taken_back(case: Case) -> None:
    first, _ = case.rollout.compiled()
    case.rollout.end(first, S.SUCCEEDED)
    for attempt in (1, 2, 3):
        case.rollout.grant(("push", "web 1", attempt))
        case.expire("web 1")
        case.tick()
    shot = case.rollout.ledger.snapshot("d1")
    assert shot.head.status is D.ROLLING_BACK
    assert "3 workers ended" in str(shot.outcomes["web 1"].error)
    assert shot.outcomes["web 1"].touched


def test_a_conclusion_that_never_came_is_made_up_for(case: Case) -> None:
    for message in case.rollout.compiled():
        case.rollout.end(message, S.SUCCEEDED)
    case.sweeper.tick()
    assert case.rollout.ledger.status("d1") is D.SUCCEEDED
    assert archive.result(case.rollout.store, "d1") is not None


def test_an_overdue_deployment_is_stopped_then_ended_by_force_and_taken_back(case: Case) -> None:
    first, second = case.rollout.compiled()
    case.rollout.end(first, S.SUCCEEDED)
    grant = case.rollout.grant(second)
    now = case.rollout.ledger.now_ms()
    case.redis.hset(keys.head("d1"), "deadline", now - 1000)
    case.tick()
    assert "100 s" in case.rollout.ledger.hosts.renew([grant], 10).stops["d1"]
    case.redis.hset(keys.head("d1"), "deadline", now - int(sweep.GRACE_S * 1000) - 1000)
    undos = case.tick()
    assert {message[:2] for message in undos} == {("undo", "web 0"), ("undo", "web 1")}
    for message in undos:
        case.rollout.end(message, S.ROLLED_BACK, touched=False)
    assert case.rollout.step() is D.ROLLED_BACK


def test_a_redis_that_lost_everything_gets_the_deployment_back_from_the_store(case: Case) -> None:
    archive.keep_intent(case.rollout.store, case.rollout.record)
    case.rollout.compiled()
    case.redis.flushall()
    case.sweeper.tick()
    assert ("start", "d1") in case.rollout.outbox.take()
    assert set(case.rollout.states().values()) == {S.QUEUED}
    assert case.rollout.ledger.snapshot("d1").head.record == case.rollout.record
    case.redis.delete(keys.EPOCH)
    case.sweeper.tick()
    assert ("start", "d1") not in case.rollout.outbox.take()


def test_an_end_that_is_written_late_does_not_forget_the_rollback_asked_for_meanwhile(case: Case) -> None:
    store, record = case.rollout.store, case.rollout.record
    archive.keep_intent(store, record)
    seen = archive.undone(store, "d1")
    archive.keep_undo(store, record, whole=True)
    archive.keep_result(store, "d1", {"status": "succeeded"}, undone=seen)
    assert archive.unfinished(store) == ["d1"]
    assert archive.intent(store, "d1") == record
    assert archive.undo_wanted(store, "d1")
    assert archive.result(store, "d1") is None
    archive.keep_result(store, "d1", {"status": "rolled_back"}, undone=archive.undone(store, "d1"))
    assert archive.unfinished(store) == []
    assert archive.result(store, "d1") == {"status": "rolled_back"}


def test_a_wish_to_take_back_that_was_written_without_its_record_is_understood(case: Case) -> None:
    store, record = case.rollout.store, case.rollout.record
    store.put_record("undo/d1", b"")
    assert archive.undo_wanted(store, "d1")
    assert archive.intent(store, "d1") is None
    archive.keep_intent(store, record)
    assert archive.intent(store, "d1") == record


def test_one_damaged_record_keeps_nothing_else_from_being_brought_back(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    archive.keep_intent(case.rollout.store, case.rollout.record)
    for name in ("open/a1", "undo/a2"):
        case.rollout.store.put_record(name, b"{")
    case.redis.flushall()
    case.tick()
    assert case.rollout.ledger.status("d1") is not None
    assert {"a1", "a2"} <= {record.args[0] for record in caplog.records if isinstance(record.args, tuple)}


def test_a_rollback_that_was_asked_for_survives_the_loss_of_redis(case: Case) -> None:
    archive.keep_undo(case.rollout.store, case.rollout.record, whole=True)
    case.sweeper.tick()
    case.redis.delete(keys.EPOCH)
    case.sweeper.tick()
    case.rollout.step()
    case.rollout.ledger.put_artifact("d1", "x86_64-linux", {"digest": "1" * 64, "size": 1})
    case.rollout.step()
    case.rollout.outbox.take()
    for host in case.rollout.record.hosts:
        case.rollout.end(("push", host, 1), S.SUCCEEDED)
    assert case.rollout.step() is D.ROLLING_BACK
    for message in case.rollout.outbox.take():
        case.rollout.end(message, S.ROLLED_BACK, touched=False)
    assert case.rollout.step() is D.ROLLED_BACK
    assert archive.unfinished(case.rollout.store) == []
    assert not archive.undo_wanted(case.rollout.store, "d1")


def test_hosts_that_are_not_asked_again_after_the_loss_of_redis_are_taken_back_too(case: Case) -> None:
    """It was being taken back when Redis lost it: one host is back already, the other may still be changed."""
    archive.keep_intent(case.rollout.store, case.rollout.record)
    case.redis.delete(keys.EPOCH)
    case.sweeper.tick()
    case.rollout.step()
    case.rollout.ledger.put_artifact("d1", "x86_64-linux", {"digest": "1" * 64, "size": 1})
    case.rollout.step()
    case.rollout.outbox.take()
    case.rollout.end(("push", "web 0", 1), S.FAILED, S.UNDOING, S.ROLLED_BACK, touched=False)
    case.rollout.end(("push", "web 1", 1), S.CANCELLED, touched=False)
    assert case.rollout.step() is D.ROLLING_BACK
    assert case.rollout.outbox.take() == [("undo", "web 1", 2)]
    case.rollout.end(("undo", "web 1", 2), S.ROLLED_BACK, touched=False)
    assert case.rollout.step() is D.ROLLED_BACK


def test_a_later_batch_is_taken_back_after_the_loss_of_redis(case: Case) -> None:
    record = make_record("d2", hosts=2, batches=(1, 1))
    rollout = Stepper(case.rollout.ledger, case.rollout.store, record)
    rollout.ledger.create(record, recreated="1")
    (first,) = rollout.compiled()
    rollout.end(first, S.FAILED, S.UNDOING, S.ROLLED_BACK, touched=False)
    assert rollout.step() is D.ROLLING_BACK
    assert rollout.outbox.take() == [("undo", "web 1", 2)]
    rollout.end(("undo", "web 1", 2), S.ROLLED_BACK, touched=False)
    assert rollout.step() is D.ROLLED_BACK


def test_a_deployment_that_ended_is_not_brought_back(case: Case) -> None:
    archive.keep_intent(case.rollout.store, case.rollout.record)
    for message in case.rollout.compiled():
        case.rollout.end(message, S.SUCCEEDED)
    case.rollout.step()
    case.redis.flushall()
    case.sweeper.tick()
    assert case.rollout.outbox.take() == []
    assert case.rollout.ledger.ids() == []


def test_deployments_stay_alive_while_a_sweeper_looks_after_them(case: Case) -> None:
    case.rollout.compiled()
    case.redis.zadd(keys.ACTIVE, {"d1": 1})
    case.sweeper.tick()
    beat = case.redis.zscore(keys.ACTIVE, "d1")
    assert beat is not None
    assert abs(beat / 1000 - time.time()) < 60


def test_reply_lists_of_remote_control_do_not_pile_up(case: Case) -> None:
    case.redis.lpush("0f-1.reply.celery.pidbox", "an answer nobody fetched")
    case.sweeper.tick()
    assert 0 < case.redis.ttl("0f-1.reply.celery.pidbox") <= sweep.REPLY_KEPT_S


def test_fetched_files_that_nobody_takes_do_not_pile_up(case: Case) -> None:
    """Those of a deployment under way stay, however old."""
    case.rollout.compiled()
    store, now = case.rollout.store, case.rollout.ledger.now_ms()
    old, young = now - 31 * 86_400_000, now - 29 * 86_400_000
    notes = {}
    for name, deployment, at in (("a", "d0", old), ("b", "d0", young), ("c", "d1", old)):
        blob = store.put(name.encode())
        notes[name] = Note(name, "web 1", "t", "/x", "x", True, "x", 1, "", None, blob, at)
        fetched.keep(store, deployment, notes[name])
    case.sweeper.tick()
    assert [[note.name for note in fetched.notes(store, each)] for each in ("d0", "d1")] == [["b"], ["c"]]
    assert [store.has(note.blob) for note in notes.values()] == [False, True, True]
