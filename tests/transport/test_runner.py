"""The dialogue with the real runner, over every transport."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.transport import Endpoint, HostRefused, Pool, ask, push, undo
from tests.support.shipments import compiled, request_of, shipment_of

Place = tuple[Endpoint, Pool, Path]


def seen(place: Place, path: str) -> Path:
    """A path of the host as seen from here."""
    state = place[2]
    root = Path(*state.parts[:4]) if state.parts[1] == "proc" else Path("/")
    return root / path.lstrip("/")


def write(path: str, content: str) -> dict[str, Any]:
    return {"module": "copy", "args": {"dest": path, "content": content}}


@pytest.fixture
def target(place: Place, tmp_path: Path) -> str:
    """A file for plans to change, on whichever host."""
    return str(tmp_path / "target") if place[0].connection == "local" else f"/root/target-{tmp_path.name}"


def test_a_plan_runs_and_tells_its_tasks(place: Place, target: str) -> None:
    endpoint, pool, state = place
    shipment = shipment_of(compiled(write(target, "one\n")), "d-1")
    events: list[Mapping[str, Any]] = []
    report = push(endpoint, shipment, request_of(shipment), pool=pool, on_event=events.append)
    assert (report.summary["status"], report.summary["changed"]) == ("succeeded", 1)
    assert seen(place, target).read_text() == "one\n"
    assert [event["status"] for event in events if event["event"] == "task"] == ["ok", "changed"]  # facts first
    assert {"connecting", "sending", "running"} <= report.phases.keys()
    assert (state / "deployments" / "d-1" / "report.json").exists()


def test_a_short_way_brings_the_artifact_whole_and_a_long_one_in_parts(
    place: Place, target: str, request: pytest.FixtureRequest
) -> None:
    endpoint, pool, state = place
    shipment = shipment_of(compiled(write(target, "one\n")), "d-1")
    whole = push(endpoint, shipment, request_of(shipment), pool=pool)
    assert whole.bytes_sent > shipment.size
    runner = state / "blobs" / shipment.runner_digest
    assert runner.stat().st_ino == (state / "artifacts" / shipment.artifact).stat().st_ino
    runner.unlink()
    (state / "artifacts" / shipment.artifact).unlink()
    request.getfixturevalue("far")
    again = shipment_of(compiled(write(target, "two\n")), "d-2")
    parts = push(endpoint, again, request_of(again), pool=pool)
    assert parts.summary["status"] == "succeeded"
    assert again.runner_packed.stat().st_size < parts.bytes_sent < again.runner_size
    assert runner.stat().st_size == again.runner_size


def test_an_artifact_that_is_not_what_it_is_called_never_runs(place: Place, target: str) -> None:
    endpoint, pool, state = place
    other = shipment_of(compiled(write(target, "other\n")), "d-1")
    shipment = dataclasses.replace(shipment_of(compiled(write(target, "one\n")), "d-1"), artifact=other.artifact)
    with pytest.raises(HostRefused, match="damaged"):
        push(endpoint, shipment, request_of(shipment), pool=pool)
    assert not seen(place, target).exists()
    assert not list((state / "blobs").iterdir())
    assert not list((state / "artifacts").iterdir())


def test_a_change_of_the_plan_sends_the_change_alone(place: Place, target: str) -> None:
    endpoint, pool, _ = place
    first = shipment_of(compiled(write(target, "one\n")), "d-1")
    second = shipment_of(compiled(write(target, "two\n")), "d-2")
    brought = push(endpoint, first, request_of(first), pool=pool).bytes_sent
    again = push(endpoint, second, request_of(second), pool=pool)
    assert brought > 500_000
    assert again.bytes_sent < 5_000
    assert seen(place, target).read_text() == "two\n"


def test_the_same_request_again_gets_the_same_report(place: Place, target: str) -> None:
    endpoint, pool, _ = place
    shipment = shipment_of(compiled(write(target, "one\n")), "d-1")
    push(endpoint, shipment, request_of(shipment), pool=pool)
    seen(place, target).write_text("somebody else's\n")
    again = push(endpoint, shipment, request_of(shipment), pool=pool)
    assert again.summary["repeated"] is True
    assert seen(place, target).read_text() == "somebody else's\n"


def test_an_undo_restores_what_was_there(place: Place, target: str) -> None:
    endpoint, pool, _ = place
    seen(place, target).write_text("before\n")
    shipment = shipment_of(compiled(write(target, "after\n")), "d-1")
    push(endpoint, shipment, request_of(shipment), pool=pool)
    assert seen(place, target).read_text() == "after\n"
    back = shipment_of(compiled(write(target, "after\n")), "d-1")
    report = undo(endpoint, back, request_of(back), pool=pool)
    assert report.summary["status"] == "rolled_back"
    assert target in str(report.summary["undo"]["undone"])
    assert seen(place, target).read_text() == "before\n"


def test_a_failing_plan_takes_itself_back(place: Place, target: str) -> None:
    endpoint, pool, _ = place
    seen(place, target).write_text("before\n")
    artifact = compiled(write(target, "after\n"), {"module": "command", "args": {"_raw_params": "false"}})
    shipment = shipment_of(artifact, "d-1")
    report = push(endpoint, shipment, request_of(shipment), pool=pool)
    assert report.summary["status"] == "rolled_back"
    assert report.summary["error"]["module"] == "command"
    assert seen(place, target).read_text() == "before\n"


def test_a_cancel_stops_the_run(place: Place, target: str) -> None:
    endpoint, pool, _ = place
    started = threading.Event()

    def on_event(event: Mapping[str, Any]) -> None:
        if event["event"] == "task_start":
            started.set()

    artifact = compiled({"module": "command", "args": {"_raw_params": "sleep 600"}})
    shipment = shipment_of(artifact, "d-1")
    report = push(
        endpoint, shipment, request_of(shipment), pool=pool, on_event=on_event, cancelled=started.is_set, deadline_s=30
    )
    assert report.summary["status"] in ("cancelled", "rolled_back")


def test_an_older_request_is_refused(place: Place, target: str) -> None:
    endpoint, pool, _ = place
    artifact = compiled(write(target, "one\n"))
    newer = shipment_of(artifact, "d-2", sequence=1_000_002)
    older = shipment_of(artifact, "d-1", sequence=1_000_001)
    push(endpoint, newer, request_of(newer), pool=pool)
    with pytest.raises(HostRefused) as caught:
        push(endpoint, older, request_of(older), pool=pool)
    assert (caught.value.reason, caught.value.touched) == ("superseded", False)


def test_questions_are_answered(place: Place, target: str) -> None:
    endpoint, pool, _ = place
    shipment = shipment_of(compiled(write(target, "one\n")), "d-1")
    push(endpoint, shipment, request_of(shipment), pool=pool)
    listed = ask(endpoint, shipment, "list", pool=pool)["deployments"]
    assert "d-1" in str(listed)
    assert ask(endpoint, shipment, "status", pool=pool)["state"] == "reported"
    assert ask(endpoint, shipment, "facts", pool=pool)["facts"]["ansible_system"] == "Linux"
    assert "pruned" in ask(endpoint, shipment, "prune", pool=pool)
