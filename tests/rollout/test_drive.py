"""The way of a deployment, step by step, with every trigger doubled, early or missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState as S
from deploy_tasks.rollout import archive
from deploy_tasks.rollout.drive import go_on
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.store import FolderStore
from tests.support.stepping import Stepper, make_record

Make = Callable[..., Stepper]


@pytest.fixture
def make(redis: Redis, tmp_path: Path) -> Make:
    def build(**options: object) -> Stepper:
        return Stepper(Ledger(redis), FolderStore(tmp_path / "store"), make_record(**options))  # type: ignore[arg-type]

    return build


def test_all_well_in_two_batches(make: Make) -> None:
    rollout = make(batches=(1, 3))
    for expected in (["web 0"], ["web 1", "web 2", "web 3"]):
        messages = rollout.compiled() if expected == ["web 0"] else rollout.outbox.take()
        assert [message[1] for message in messages] == expected
        for message in messages:
            rollout.end(message, S.SUCCEEDED)
        status = rollout.step()
    assert status is D.SUCCEEDED
    assert rollout.ledger.active() == []
    kept = archive.result(rollout.store, "d1")
    assert kept is not None
    assert kept["status"] == "succeeded"
    assert archive.unfinished(rollout.store) == []


def test_every_trigger_twice_changes_nothing(make: Make) -> None:
    rollout = make(batches=(2, 2))
    messages = rollout.compiled()
    assert rollout.step() is D.RUNNING
    assert rollout.outbox.take() == []
    for message in messages:
        rollout.end(message, S.SUCCEEDED)
    rollout.step()
    rollout.step()
    assert len(rollout.outbox.take()) == 2


def test_a_conclusion_that_comes_early_waits(make: Make) -> None:
    rollout = make(hosts=2)
    first, second = rollout.compiled()
    rollout.end(first, S.SUCCEEDED)
    assert rollout.step() is D.RUNNING
    rollout.end(second, S.SUCCEEDED)
    assert rollout.step() is D.SUCCEEDED


def test_a_failure_takes_the_whole_deployment_back(make: Make) -> None:
    rollout = make(batches=(2, 2))
    for message in rollout.compiled():
        rollout.end(message, S.SUCCEEDED)
    rollout.step()
    good, bad = rollout.outbox.take()
    rollout.end(good, S.SUCCEEDED)
    rollout.end(bad, S.FAILED, S.UNDOING, S.ROLLED_BACK)
    assert rollout.step() is D.ROLLING_BACK
    undos = rollout.outbox.take()
    assert undos == [("undo", f"web {n}", 2) for n in range(3)]
    assert rollout.step() is D.ROLLING_BACK
    assert rollout.outbox.take() == []
    for message in undos:
        rollout.end(message, S.ROLLED_BACK, touched=False)
    assert rollout.step() is D.ROLLED_BACK
    assert set(rollout.states().values()) == {S.ROLLED_BACK}


def test_what_cannot_be_taken_back_is_a_failure_that_says_so(make: Make) -> None:
    rollout = make(hosts=2)
    good, bad = rollout.compiled()
    rollout.end(good, S.SUCCEEDED)
    rollout.end(bad, S.FAILED)
    rollout.step()
    undos = rollout.outbox.take()
    rollout.end(undos[0], S.ROLLED_BACK, touched=False)
    rollout.end(undos[1], S.UNDO_FAILED)
    assert rollout.step() is D.FAILED
    assert "1 host could not be taken back" in str(rollout.ledger.head("d1").reason)


def test_hosts_that_were_never_touched_are_not_undone(make: Make) -> None:
    rollout = make(hosts=3)
    for message in rollout.compiled():
        rollout.end(message, S.UNREACHABLE, touched=False)
        rollout.step()
        break
    shot = rollout.ledger.snapshot("d1")
    assert shot.head.status is D.RUNNING
    refused = rollout.grant(("push", "web 1", 1))
    assert "too many" in refused.stop


def test_failing_without_touching_anything_is_failed_not_rolled_back(make: Make) -> None:
    rollout = make(hosts=1)
    (message,) = rollout.compiled()
    rollout.end(message, S.UNREACHABLE, touched=False)
    assert rollout.step() is D.FAILED
    assert rollout.outbox.take() == []


@pytest.mark.parametrize(("percentage", "status"), [(25, D.FAILED), (24, D.ROLLING_BACK)])
def test_the_budget_decides(make: Make, percentage: float, status: D) -> None:
    rollout = make(hosts=4, max_fail_percentage=percentage)
    *good, bad = rollout.compiled()
    for message in good:
        rollout.end(message, S.SUCCEEDED)
    rollout.end(bad, S.FAILED)
    assert rollout.step() is status


def test_a_cancelled_deployment_takes_back_and_is_cancelled(make: Make) -> None:
    rollout = make(batches=(2, 2))
    first, second = rollout.compiled()
    rollout.end(first, S.SUCCEEDED)
    grant = rollout.grant(second)
    rollout.ledger.cancel("d1", "asked")
    assert rollout.step() is D.RUNNING
    rollout.end(("push", grant.host, 1), S.CANCELLED, S.UNDOING, S.ROLLED_BACK)
    assert rollout.step() is D.ROLLING_BACK
    (undo,) = rollout.outbox.take()
    rollout.end(undo, S.ROLLED_BACK, touched=False)
    assert rollout.step() is D.CANCELLED
    assert [state.value for state in rollout.states().values()] == ["rolled_back"] * 2 + ["cancelled"] * 2


def test_cancelled_before_it_began(make: Make) -> None:
    rollout = make()
    rollout.ledger.create(rollout.record)
    rollout.ledger.cancel("d1", "asked")
    assert rollout.step() is D.CANCELLED
    assert set(rollout.states().values()) == {S.CANCELLED}


def test_a_build_that_fails_ends_it_before_any_host(make: Make) -> None:
    rollout = make()
    rollout.ledger.create(rollout.record)
    rollout.step()
    rollout.ledger.claim("d1", "build_failed", "", "no such target")
    assert rollout.step() is D.FAILED
    assert rollout.ledger.head("d1").reason == "no such target"
    assert set(rollout.states().values()) == {S.CANCELLED}


def test_check_mode_is_never_taken_back(make: Make) -> None:
    rollout = make(hosts=2, check=True)
    good, bad = rollout.compiled()
    rollout.end(good, S.SUCCEEDED)
    rollout.end(bad, S.FAILED)
    assert rollout.step() is D.FAILED
    assert rollout.outbox.take() == []


def test_only_so_many_hosts_at_once(make: Make) -> None:
    rollout = make(hosts=5, parallel=2)
    waiting = rollout.compiled()
    most = 0
    while waiting:
        most = max(most, len(waiting))
        rollout.end(waiting.pop(0), S.SUCCEEDED)
        go_on(rollout.ledger, rollout.outbox, rollout.record)
        waiting += [message for message in rollout.outbox.take() if message[0] == "push"]
    assert most == 2
    assert set(rollout.states().values()) == {S.SUCCEEDED}
    assert rollout.step() is D.SUCCEEDED
