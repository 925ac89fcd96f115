"""The ledger on a real Redis."""

from __future__ import annotations

import itertools

import pytest
from redis import Redis

from deploy_tasks.errors import BadInput, NotFound, Refused
from deploy_tasks.outcome import DeploymentStatus, HostOutcome, HostState
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.hostbook import Move
from deploy_tasks.rollout.ledger import FINISHED, Ledger
from deploy_tasks.rollout.record import Record
from deploy_tasks.rollout.views import Grant, NotGranted
from tests.support.stepping import make_record as record

S = HostState


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis)


def running(ledger: Ledger, made: Record, batch: int = 0) -> Record:
    assert ledger.create(made)
    assert ledger.claim(made.id, "status", "queued", "running")
    assert ledger.launch(made, batch, 10)
    return made


def granted(ledger: Ledger, host: str = "web 0", attempt: int = 1, owner: str = "w1", lease_s: float = 10) -> Grant:
    grant = ledger.hosts.grant("d1", host, attempt, owner, lease_s)
    assert isinstance(grant, Grant), grant
    return grant


def end(ledger: Ledger, grant: Grant, state: HostState, touched: bool = True) -> str:
    outcome = HostOutcome(host=grant.host, status=state, touched=touched)
    return ledger.hosts.move(Move(grant, [state], outcome)).what


def test_a_deployment_is_written_whole_and_sealed(ledger: Ledger) -> None:
    made = record(batches=(1, 3))
    assert ledger.create(made)
    shot = ledger.snapshot("d1")
    assert shot.head.status is DeploymentStatus.QUEUED
    assert shot.head.record == made
    assert set(shot.states) == set(made.hosts)
    assert {row.batch for row in shot.rows.values()} == {0, 1}
    assert ledger.ids() == ["d1"]
    assert ledger.active() == ["d1"]


def test_the_same_deployment_twice_is_one_and_another_under_its_id_is_refused(ledger: Ledger) -> None:
    assert ledger.create(record())
    assert not ledger.create(record().model_copy(update={"by": "bob@desk"}))
    with pytest.raises(BadInput, match="d1"):
        ledger.create(record(hosts=3))


def test_held_hosts_are_refused_with_holder_and_what_to_do(ledger: Ledger) -> None:
    ledger.create(record())
    with pytest.raises(Refused, match="web 0 is held by deployment d1 of ann@desk") as error:
        ledger.create(record("d2", hosts=2))
    assert error.value.exit_status == 3
    assert "cancel d1" in str(error.value.hint)
    with pytest.raises(NotFound):
        ledger.head("d2")


def test_a_holder_nobody_has_heard_of_is_taken_over(ledger: Ledger, redis: Redis) -> None:
    running(ledger, record())
    granted(ledger)
    redis.zadd(keys.ACTIVE, {"d1": 1})
    assert ledger.create(record("d2"))
    old = ledger.snapshot("d1")
    assert old.head.status is DeploymentStatus.FAILED
    assert "d2" in str(old.head.reason)
    assert old.states["web 0"] is S.FAILED
    assert old.states["web 1"] is S.CANCELLED
    assert ledger.active() == ["d2"]
    assert isinstance(ledger.hosts.grant("d1", "web 1", 1, "w", 10), NotGranted)


def test_finishing_lets_the_hosts_go_once(ledger: Ledger) -> None:
    made = running(ledger, record())
    assert ledger.finish(made, DeploymentStatus.FAILED, "because")
    assert not ledger.finish(made, DeploymentStatus.SUCCEEDED)
    assert ledger.head("d1").reason == "because"
    assert ledger.create(record("d2"))


def test_sequences_only_grow(ledger: Ledger, redis: Redis) -> None:
    far = 10**14
    redis.set(keys.SEQUENCE, far)
    ledger.create(record("d1"))
    made = ledger.head("d1")
    assert int(made.fields["sequence"]) == far + 1


def test_nothing_starts_before_the_deployment_runs(ledger: Ledger) -> None:
    ledger.create(record())
    answer = ledger.hosts.grant("d1", "web 0", 1, "w1", 10)
    assert isinstance(answer, NotGranted)
    assert answer.why == "refused"
    unknown = ledger.hosts.grant("nope", "web 0", 1, "w1", 10)
    assert isinstance(unknown, NotGranted)
    assert unknown.why == "unknown"


def test_a_host_is_given_to_one_worker(ledger: Ledger) -> None:
    running(ledger, record())
    first = granted(ledger)
    assert first.before is S.QUEUED
    assert granted(ledger).owner == first.owner
    other = ledger.hosts.grant("d1", "web 0", 1, "w2", 10)
    assert isinstance(other, NotGranted)
    assert other.why == "held"
    assert end(ledger, first, S.SUCCEEDED) == "ok"
    late = ledger.hosts.grant("d1", "web 0", 1, "w2", 10)
    assert isinstance(late, NotGranted)
    assert (late.why, late.state) == ("done", S.SUCCEEDED)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(S, S)))
def test_the_scripts_walk_exactly_the_drawn_edges(ledger: Ledger, redis: Redis, old: S, new: S) -> None:
    from deploy_tasks.rollout.states import allowed

    running(ledger, record())
    grant = granted(ledger)
    redis.hset(keys.hosts("d1"), "web 0", f"{old} 1 0 w1")
    answer = ledger.hosts.move(Move(grant, [new], later=0))
    assert (answer.what == "ok") == (allowed(old, new) or old is new)
    row = ledger.snapshot("d1").rows["web 0"]
    assert row.state is (new if answer.what == "ok" else old)


def test_a_failure_undone_on_the_host_is_one_move(ledger: Ledger) -> None:
    running(ledger, record())
    grant = granted(ledger)
    outcome = HostOutcome(host="web 0", status=S.ROLLED_BACK, touched=True)
    answer = ledger.hosts.move(Move(grant, [S.RUNNING, S.FAILED, S.UNDOING, S.ROLLED_BACK], outcome))
    assert (answer.what, answer.left) == ("ok", 3)
    shot = ledger.snapshot("d1")
    assert shot.states["web 0"] is S.ROLLED_BACK
    assert shot.outcomes["web 0"] == outcome
    assert shot.head.fields["b:0:bad"] == "1"


def test_an_end_told_twice_counts_once(ledger: Ledger) -> None:
    running(ledger, record())
    grant = granted(ledger)
    assert end(ledger, grant, S.SUCCEEDED) == "ok"
    assert end(ledger, grant, S.SUCCEEDED) == "repeated"
    assert end(ledger, grant, S.FAILED) == "lost"
    assert ledger.head("d1").fields["b:0:left"] == "3"


def test_a_worker_that_lost_its_host_can_write_nothing(ledger: Ledger, redis: Redis) -> None:
    running(ledger, record())
    first = granted(ledger)
    redis.zadd(keys.LEASES, {keys.member("d1", "web 0"): 1})
    (found,) = ledger.hosts.expired()
    (again,) = ledger.hosts.expire([found], 3, 10, "s")
    assert (again.what, again.attempt, again.owner) == ("again", 2, "w1")
    late = ledger.hosts.grant("d1", "web 0", 1, "w9", 10)
    assert isinstance(late, NotGranted)
    assert late.why == "superseded"
    assert ledger.hosts.renew([first], 10).lost == {"w1"}
    assert end(ledger, first, S.SUCCEEDED) == "lost"
    second = granted(ledger, attempt=2, owner="w2")
    assert second.sequence == first.sequence
    assert end(ledger, first, S.FAILED) == "lost"
    assert end(ledger, second, S.SUCCEEDED) == "ok"


def test_attempts_are_counted_and_end(ledger: Ledger, redis: Redis) -> None:
    running(ledger, record())
    for attempt in (1, 2):
        granted(ledger, attempt=attempt, owner=f"w{attempt}")
        redis.zadd(keys.LEASES, {keys.member("d1", "web 0"): 1})
        (answer,) = ledger.hosts.expire([("d1", "web 0")], 2, 10, "sweeper")
    assert answer.what == "exhausted"
    assert answer.owner == "w2"
    row = ledger.snapshot("d1").rows["web 0"]
    assert row.owner == "sweeper"


def test_a_host_nobody_took_is_told_as_waiting_and_a_live_lease_is_left_alone(ledger: Ledger, redis: Redis) -> None:
    running(ledger, record())
    granted(ledger, "web 1")
    redis.zadd(keys.LEASES, {keys.member("d1", "web 0"): 1})
    waiting, alive, gone = ledger.hosts.expire([("d1", "web 0"), ("d1", "web 1"), ("d1", "nobody")], 3, 10, "s")
    assert (waiting.what, waiting.attempt, waiting.owner) == ("waiting", 1, "-")
    assert alive.what == "alive"
    assert gone.what == "alive"
    assert ledger.hosts.expired() == []


def test_renewal_keeps_the_lease_and_tells_about_a_cancel(ledger: Ledger, redis: Redis) -> None:
    running(ledger, record())
    grant = granted(ledger, lease_s=1)
    before = redis.zscore(keys.LEASES, keys.member("d1", "web 0"))
    assert ledger.hosts.renew([grant], 30).stops == {}
    after = redis.zscore(keys.LEASES, keys.member("d1", "web 0"))
    assert before is not None
    assert after is not None
    assert after > before + 20_000
    assert ledger.cancel("d1", "asked by ann") == "cancelling"
    assert ledger.hosts.renew([grant], 30).stops == {"d1": "asked by ann"}


def test_cancelling_ends_what_waits_and_only_that(ledger: Ledger) -> None:
    running(ledger, record())
    grant = granted(ledger)
    ledger.cancel("d1", "asked")
    states = ledger.snapshot("d1").states
    assert states == {"web 0": S.CONNECTING, "web 1": S.CANCELLED, "web 2": S.CANCELLED, "web 3": S.CANCELLED}
    assert end(ledger, grant, S.CANCELLED) == "ok"
    assert ledger.head("d1").fields["b:0:left"] == "0"
    with pytest.raises(NotFound):
        ledger.cancel("nope", "x")


def test_when_the_budget_of_a_batch_is_spent_no_further_host_starts(ledger: Ledger) -> None:
    running(ledger, record(max_fail_percentage=25))
    end(ledger, granted(ledger, "web 0"), S.FAILED)
    assert granted(ledger, "web 1").stop == ""
    end(ledger, granted(ledger, "web 1"), S.UNREACHABLE)
    refused = granted(ledger, "web 2")
    assert "too many hosts" in refused.stop
    assert ledger.snapshot("d1").states["web 2"] is S.QUEUED
    assert end(ledger, refused, S.CANCELLED) == "ok"


def test_a_host_already_under_way_goes_on_when_the_budget_is_spent(ledger: Ledger, redis: Redis) -> None:
    running(ledger, record())
    granted(ledger, "web 1")
    end(ledger, granted(ledger, "web 0"), S.FAILED)
    redis.zadd(keys.LEASES, {keys.member("d1", "web 1"): 1})
    ledger.hosts.expire([("d1", "web 1")], 3, 10, "s")
    again = granted(ledger, "web 1", attempt=2, owner="w2")
    assert (again.stop, again.before) == ("", S.CONNECTING)


def test_a_worker_whose_deployment_has_ended_is_told_to_stop(ledger: Ledger) -> None:
    made = running(ledger, record())
    grant = granted(ledger)
    ledger.finish(made, DeploymentStatus.FAILED, "taken over")
    assert ledger.hosts.renew([grant], 10).stops == {"d1": "the deployment has ended"}


def test_taking_back_needs_a_higher_attempt_and_sequence(ledger: Ledger) -> None:
    made = running(ledger, record(hosts=2))
    first = granted(ledger)
    end(ledger, first, S.SUCCEEDED)
    end(ledger, granted(ledger, "web 1"), S.FAILED)
    assert ledger.unwind(made, made.hosts, expected=[DeploymentStatus.RUNNING], reason="r", wait_s=10)
    assert not ledger.unwind(made, made.hosts, expected=[DeploymentStatus.RUNNING], reason="r", wait_s=10)
    grant = ledger.hosts.grant("d1", "web 0", 2, "u1", 10, "undo")
    assert isinstance(grant, Grant)
    assert grant.sequence > first.sequence
    assert isinstance(ledger.hosts.grant("d1", "web 1", 2, "w", 10, "push"), NotGranted)
    answer = ledger.hosts.move(Move(grant, [S.ROLLED_BACK]))
    assert (answer.what, answer.left) == ("ok", 1)


def test_taking_back_later_needs_the_hosts_again(ledger: Ledger) -> None:
    made = running(ledger, record(hosts=1))
    end(ledger, granted(ledger), S.SUCCEEDED)
    ledger.finish(made, DeploymentStatus.SUCCEEDED)
    running(ledger, record("d2", hosts=1))
    with pytest.raises(Refused):
        ledger.unwind(made, made.hosts, expected=FINISHED, reason="r", wait_s=10, relock=True)
    ledger.finish(record("d2", hosts=1), DeploymentStatus.SUCCEEDED)
    assert ledger.unwind(made, made.hosts, expected=FINISHED, reason="r", wait_s=10, relock=True)
    assert ledger.status("d1") is DeploymentStatus.ROLLING_BACK
    with pytest.raises(Refused):
        ledger.create(record("d3", hosts=1))


def test_scripts_come_back_after_redis_forgot_them(ledger: Ledger, redis: Redis) -> None:
    running(ledger, record())
    grant = granted(ledger)
    redis.script_flush()
    assert [r.what for r in ledger.hosts.move_all([Move(grant, [S.SENDING]), Move(grant, [S.RUNNING])])] == ["ok", "ok"]


def test_a_thousand_hosts_fit_in_little_memory(ledger: Ledger, redis: Redis) -> None:
    before = int(redis.info("memory")["used_memory"])
    running(ledger, record(hosts=1000))
    per_host = (int(redis.info("memory")["used_memory"]) - before) / 1000
    assert per_host < 2000
