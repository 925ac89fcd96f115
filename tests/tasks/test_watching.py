"""What operators see while it runs: the phase of each host as the state of its task."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from celery.events.state import State

from deploy_tasks import broker
from deploy_tasks.producer import Request, prepare
from deploy_tasks.rollout.record import Options
from tests.support.workers import Site, local_hosts, plan, shell


def test_phases_of_hosts_are_states_of_their_tasks(site: Site, tmp_path: Path) -> None:
    application = broker.make_celery(site.settings)
    state, seen, listening, enough = State(), [], threading.Event(), threading.Event()

    def on_event(event: dict[str, Any]) -> None:
        state.event(event)
        task = state.tasks.get(event.get("uuid"))
        if task is not None:
            seen.append((event["type"], task.state, str(task.kwargs)))
        if event["type"] == "task-succeeded" and "deploy_tasks.push" in str(getattr(task, "name", "")):
            enough.set()

    def listen() -> None:
        with application.connection_for_read() as connection:
            receivers.append(application.events.Receiver(connection, handlers={"*": on_event}))
            listening.set()
            receivers[0].capture(limit=None, timeout=30, wakeup=False)

    receivers: list[Any] = []
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert listening.wait(10)
    # The receiver subscribes in `capture`; a first deployment shows when it hears.
    producer = site.producer
    for _ in range(3):
        request = Request(plan(shell("sleep 0.5")), local_hosts(tmp_path, 1), options=Options(verify=True))
        handle = producer.submit(prepare(request))
        assert handle.wait(30).ok
        if enough.wait(2):
            break
    receivers[0].should_stop = True
    listener.join(10)
    assert ("task-running", "RUNNING") in {(kind, shown) for kind, shown, _ in seen}
    named = [kwargs for _, _, kwargs in seen if "deployment" in kwargs]
    assert any("host0" in kwargs and handle.id in kwargs for kwargs in named)


def test_messages_about_nothing_are_nothing(site: Site) -> None:
    application = broker.make_celery(site.settings)
    before = site.producer.ledger.ids()
    for task, names in (
        (broker.START, {"deployment": "nobody"}),
        (broker.COMPILE, {"deployment": "nobody", "target": "x86_64-linux"}),
        (broker.PUSH_HOST, {"deployment": "nobody", "host": "h", "attempt": 1, "batch": 0}),
        (broker.UNDO_HOST, {"deployment": "nobody", "host": "h", "attempt": 1}),
        (broker.CONCLUDE, {"deployment": "nobody", "batch": 0}),
    ):
        answer = application.send_task(task, kwargs=names, ignore_result=False).get(timeout=20)
        assert "unknown" in str(answer)
    assert site.producer.ledger.ids() == before
