"""A host that restarts, from the worker's side: what is noted, how long it waits, what a next worker knows."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis import Redis

from deploy_tasks import transport
from deploy_tasks.plan.hosts import Host
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.pulse import Held
from deploy_tasks.secret import Masker
from deploy_tasks.tasks import hosting
from deploy_tasks.tasks.answering import Answers
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.errands import Errand
from deploy_tasks.tasks.material import Material
from deploy_tasks.tasks.restarting import LOCAL, Forgotten, Note, Restart, RestartTimeout
from deploy_tasks.transport import BadOutput, Endpoint

NOTE = Note("r", "Restart it", timeout_s=0, delay_s=0, connect_timeout_s=1)
GOOD = {"task": "r", "name": "Restart it", "timeout": 60, "delay": 0, "connect_timeout": 0}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def held(cancelled: bool = False) -> Held:
    grant = SimpleNamespace(deployment="d1", host="web-1", attempt=1, phase="push")
    return cast(Held, SimpleNamespace(grant=grant, cancelled=lambda: cancelled))


def restart(redis: Redis, port: int = 1, **more: Any) -> Restart:
    options = SimpleNamespace(options=SimpleNamespace(connect_timeout_s=1.0))
    here = cast(Context, SimpleNamespace(redis=redis, pool=options))
    return Restart(here, held(), Endpoint("web-1", "127.0.0.1", port=port, **more), 60)


def an_hour() -> float:
    return 3600.0


def test_the_next_worker_knows_that_the_host_is_away(redis: Redis) -> None:
    first, second, third = restart(redis), restart(redis), restart(redis)
    assert first.request() == {}
    first.note(NOTE)
    second.learn()
    lost = transport.ConnectionLost("web-1", "running", "x")
    assert first.explains(lost)
    assert second.explains(lost)
    assert second.explains(transport.AuthRefused("web-1", "connecting", "x"))
    assert not second.explains(transport.HostKeyRefused("web-1", "connecting", "x"))
    assert second.request()["restarted"]["waited_s"] >= 0
    second.forget()
    third.learn()
    assert (third.pending, second.pending) == (False, False)


def test_a_host_that_forgets_its_run_is_not_restarted_again_and_again(redis: Redis) -> None:
    """Its folder does not outlive a restart: each run would begin from the start."""
    seen = restart(redis)
    seen.note(NOTE)
    seen.said("last boot time check")
    with pytest.raises(Forgotten, match="begins from the start"):
        seen.note(NOTE)
    seen.note(replace(NOTE, task="another"))
    seen.forget()
    seen.note(NOTE)  # in a loop of includes
    next_one = restart(redis)
    next_one.learn()
    next_one.note(NOTE)  # a run that was cut off before it restarted
    last = restart(redis)
    last.learn()
    with pytest.raises(Forgotten):
        last.note(NOTE)


def test_a_host_that_does_not_answer_in_time_has_failed(redis: Redis) -> None:
    away = restart(redis)
    away.note(NOTE)
    with pytest.raises(RestartTimeout) as caught:
        away.wait(an_hour)
    assert str(caught.value) == "Timed out waiting for last boot time check (timeout=0)"
    assert (caught.value.task, caught.value.touched) == ("Restart it", True)
    late = restart(redis)
    late.learn()
    assert not late.pending  # taking it back does not wait as long again


def test_a_host_that_answers_has_the_last_word(redis: Redis, listener: socket.socket) -> None:
    away = restart(redis, listener.getsockname()[1])
    away.note(NOTE)
    listener.settimeout(5)

    def greet() -> None:
        with listener.accept()[0] as connection:
            connection.sendall(b"SSH-2.0-x\r\n")

    thread = threading.Thread(target=greet)
    thread.start()
    away.wait(an_hour)
    thread.join()
    assert away.request()["restarted"]["over"] == "last boot time check"
    away.said("post-reboot test command")  # something else is waited for now, as long again
    assert "over" not in away.request()["restarted"]


def test_a_host_tells_of_a_restart_that_redis_has_forgotten(redis: Redis) -> None:
    away = restart(redis)
    away.said("last boot time check")
    assert away.pending


def test_the_deployment_ends_the_waiting(redis: Redis) -> None:
    away = restart(redis)
    away.note(replace(NOTE, timeout_s=600))
    end = time.monotonic() + 0.5
    with pytest.raises(transport.DeadlineExceeded, match="the deployment's time was over while the host restarted"):
        away.wait(lambda: end - time.monotonic())


@pytest.mark.parametrize(
    "wrong", [{"timeout": "60"}, {"timeout": True}, {"delay": None}, {"name": 3}, {"timeout": -(10**9)}]
)
def test_what_no_runner_says_is_no_note(wrong: dict[str, Any]) -> None:
    assert Note.of({**GOOD, **wrong}) is None


def answers(of: Restart | None, *secrets: str) -> Answers:
    errands = {
        "r": Errand(0, "reboot", run_once=False, delegates=False),
        "c": Errand(0, "group_by", run_once=False, delegates=False),
    }
    deployment = cast(Material, SimpleNamespace(errands=lambda _store: errands, lifetime_s=60))
    settings = SimpleNamespace(fetch_limit_mb=1)
    here = cast(Context, SimpleNamespace(store=None, redis=None, seal=None, settings=settings))
    return Answers(here, deployment, held(), 60, Masker(secrets), restart=of)


def test_the_workers_own_machine_is_not_restarted(redis: Redis) -> None:
    answer = answers(restart(redis, connection="local")).ask({"kind": "restart", **GOOD})
    assert answer() == {"error": LOCAL}


def test_no_secret_is_noted(redis: Redis) -> None:
    """A task's name may hold one, and is told when the host does not come back."""
    away = restart(redis)
    asked = answers(away, "s3cret-word")
    answer = asked.ask({"kind": "restart", **GOOD, "name": "x" * 195 + "s3cret-word"})
    asked.close()
    assert answer() == {}
    (raw,) = redis.hvals(keys.restarts("d1"))
    assert "x" * 195 in raw
    assert "s3c" not in raw


@pytest.mark.parametrize("question", [{"task": "c"}, {"task": "x"}, {"timeout": "soon"}])
def test_only_a_task_that_restarts_may_say_so(redis: Redis, question: dict[str, Any]) -> None:
    with pytest.raises(BadOutput):
        answers(restart(redis)).ask({"kind": "restart", **GOOD, **question})


def test_a_host_whose_plan_restarts_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would keep its worker busy as long as the deployment has time."""
    deployment = SimpleNamespace(
        errands=lambda _store: {"c": Errand(0, "fetch", run_once=False, delegates=False)},
        host=lambda _name: Host(name="web-1"),
        shipment=lambda _store, _grant: None,
        request=lambda *_: {},
        lifetime_s=60,
    )
    here = SimpleNamespace(store=None, redis=None, seal=None, pool=None, settings=SimpleNamespace(fetch_limit_mb=1))
    said = SimpleNamespace(summary={"status": "restarting", "away": "last boot time check"})
    monkeypatch.setattr(transport, "push", lambda *_, **__: said)
    grant = SimpleNamespace(deployment="d1", host="web-1", attempt=1, phase="push", remaining_s=60.0)
    one = cast(Held, SimpleNamespace(grant=grant, cancelled=lambda: False))
    with pytest.raises(transport.ProtocolError, match="which the plan does not ask for"):
        hosting._converse(cast(Context, here), cast(Material, deployment), one, Masker(), 5)
