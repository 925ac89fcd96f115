"""The heartbeat of a worker, against a real Redis, at the moments when two things happen at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import pytest
from redis import Redis
from redis.exceptions import ConnectionError

from deploy_tasks.outcome import HostOutcome, HostState
from deploy_tasks.rollout.hostbook import HostBook, Move, MoveResult
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.pulse import Held, Pulse
from deploy_tasks.rollout.views import Grant
from tests.support.stepping import make_record

S = HostState


class Interrupted(HostBook):
    """A book where something happens before or after its first write of news."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None

    def move_all(self, moves: Iterable[Move]) -> list[MoveResult]:
        if self.before is not None:
            first, self.before = self.before, None
            first()
        results = super().move_all(moves)
        if self.after is not None:
            last, self.after = self.after, None
            last()
        return results


@pytest.fixture
def book(redis: Redis) -> Interrupted:
    ledger = Ledger(redis)
    record = make_record()
    assert ledger.create(record)
    assert ledger.claim(record.id, "status", "queued", "running")
    assert ledger.launch(record, 0, 10)
    return Interrupted(redis)


def held(book: HostBook, pulse: Pulse) -> Held:
    grant = book.grant("d1", "web 0", 1, "w1", 10)
    assert isinstance(grant, Grant)
    return pulse.hold(grant, "task")


def finish(pulse: Pulse, host: Held) -> str:
    return pulse.finish(host, [S.SUCCEEDED], HostOutcome(host="web 0", status=S.SUCCEEDED), patience_s=10)


def test_an_end_that_comes_while_phases_are_written_is_written(book: Interrupted, redis: Redis) -> None:
    pulse = Pulse(book, 10)
    answers: list[str] = []

    def end_now() -> None:
        thread = threading.Thread(target=lambda: answers.append(finish(pulse, host)))
        thread.start()
        while host.end is None:
            pass
        ending.append(thread)

    ending: list[threading.Thread] = []
    book.before = end_now
    host = held(book, pulse)
    for phase in ("sending", "running"):
        pulse.phase(host, phase)
    while not ending:
        pass
    ending[0].join(10)
    assert answers == ["ok"]
    assert Ledger(redis).snapshot("d1").states["web 0"] is S.SUCCEEDED


def test_phases_whose_answer_got_lost_do_not_keep_the_end_out(book: Interrupted, redis: Redis) -> None:
    def cut() -> None:
        raise ConnectionError("the answer is lost")

    pulse = Pulse(book, 10)
    book.after = cut
    host = held(book, pulse)
    for phase in ("sending", "running"):
        pulse.phase(host, phase)
    while book.after is not None:
        pass
    assert finish(pulse, host) == "ok"
    assert Ledger(redis).snapshot("d1").states["web 0"] is S.SUCCEEDED
