"""One suite for every transport: what a push promises, whatever carries it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.errors import BadInput
from deploy_tasks.transport import (
    Cancelled,
    ConnectionLost,
    DeadlineExceeded,
    Endpoint,
    HostRefused,
    HostSilent,
    Pool,
    ProtocolError,
    Shipment,
    ask,
    push,
    undo,
)
from tests.support.runners import shell

Place = tuple[Endpoint, Pool, Path]
Ship = Callable[..., Shipment]


def test_a_first_push_brings_runner_and_parts_and_returns_the_summary(place: Place, ship: Ship) -> None:
    endpoint, pool, state = place
    shipment = ship()
    events: list[Mapping[str, Any]] = []
    report = push(endpoint, shipment, {"vars": {"a": 1}}, pool=pool, on_event=events.append)
    assert report.summary["status"] == "succeeded"
    assert report.summary["request"] == {"vars": {"a": 1}}
    assert report.summary["manifest"]["artifact"] == shipment.artifact
    assert [event.get("phase", event["event"]) for event in events] == ["connecting", "sending", "running", "task"]
    kept = sorted(path.name for path in (state / "fake-parts").iterdir())
    assert kept == sorted(part.digest for part in shipment.parts)
    assert [path.name for path in (state / "blobs").iterdir()] == [shipment.runner_digest]
    assert (state / "blobs" / shipment.runner_digest).stat().st_mode & 0o777 == 0o700


def test_a_second_push_sends_only_what_is_new(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    first = push(endpoint, ship(), {}, pool=pool)
    second = push(endpoint, ship(parts=(b"files" * 1000, b"other program")), {}, pool=pool)
    assert first.bytes_sent > 5000
    assert second.bytes_sent < 2000
    assert second.summary["status"] == "succeeded"


def test_a_question_is_answered(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    answer = ask(endpoint, ship(), "facts", pool=pool, extra={"subset": ["min"]})
    assert (answer["do"], answer["subset"]) == ("facts", ["min"])


def test_an_undo_says_so_in_manifest_and_phase(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    events: list[Mapping[str, Any]] = []
    report = undo(endpoint, ship(), {}, pool=pool, on_event=events.append)
    assert report.summary["manifest"]["do"] == "undo"
    assert "undoing" in report.phases
    assert "undoing" in [event.get("phase") for event in events]


def test_a_cancel_reaches_the_runner_and_its_summary_comes_back(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    running = threading.Event()

    def on_event(event: Mapping[str, Any]) -> None:
        if event.get("phase") == "running":
            running.set()

    report = push(endpoint, ship(), {"act": "wait_for_cancel"}, pool=pool, on_event=on_event, cancelled=running.is_set)
    assert report.summary["status"] == "cancelled"
    assert report.summary["heard"][-1] == '{"cancel":true}'


def test_a_cancel_before_the_beginning_touches_nothing(place: Place, ship: Ship) -> None:
    endpoint, pool, state = place
    with pytest.raises(Cancelled) as caught:
        push(endpoint, ship(), {}, pool=pool, cancelled=lambda: True)
    assert not caught.value.touched
    assert not state.exists()


def test_ten_megabytes_on_both_streams_do_not_block(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    events: list[Mapping[str, Any]] = []
    report = push(endpoint, ship(), {"act": "noisy"}, pool=pool, on_event=events.append, deadline_s=60)
    assert report.bytes_received > 10_000_000
    assert sum(event["event"] == "task" for event in events) == 201


def test_pings_and_alive_keep_a_slow_run_alive(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    assert push(endpoint, ship(), {"act": "slow"}, pool=pool).summary["status"] == "succeeded"


def test_a_deadline_ends_it_from_outside_and_names_the_phase(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded) as caught:
        push(endpoint, ship(), {"act": "hang"}, pool=pool, deadline_s=1.5)
    assert time.monotonic() - start < 20
    assert (caught.value.phase, caught.value.touched, caught.value.retryable) == ("running", True, False)


def test_a_silent_host_is_given_up(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    impatient = Pool(_changed(pool, silence_s=1.0))
    with impatient, pytest.raises(HostSilent) as caught:
        push(endpoint, ship(), {"act": "hang"}, pool=impatient, deadline_s=30)
    assert caught.value.phase == "running"
    assert caught.value.touched


def test_a_runner_that_dies_is_told_with_its_status(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    with pytest.raises(HostRefused, match="ended with status 7") as caught:
        push(endpoint, ship(), {"act": "die"}, pool=pool)
    assert caught.value.reason == "ended"
    assert caught.value.touched


def test_a_refusal_carries_reason_message_and_hint(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    runner = shell("""echo '{"event":"refused","reason":"busy","message":"d-7 runs here"}'; exit 3""")
    with pytest.raises(HostRefused, match="d-7 runs here") as caught:
        push(endpoint, ship(runner), {}, pool=pool)
    assert caught.value.reason == "busy"
    assert not caught.value.touched
    assert "another deployment" in str(caught.value.hint)


def test_another_platform_is_refused_before_anything_is_sent(place: Place, ship: Ship) -> None:
    endpoint, pool, state = place
    with pytest.raises(HostRefused, match="the runner is for Linux sparc64, this host is Linux") as caught:
        push(endpoint, ship(machine="sparc64"), {}, pool=pool)
    assert caught.value.reason == "wrong_target"
    assert not state.exists()


def test_a_damaged_runner_is_refused_and_not_kept(place: Place, ship: Ship) -> None:
    endpoint, pool, state = place
    shipment = ship()
    other = ship(shell("true"))
    shipment.runner_packed.write_bytes(other.runner_packed.read_bytes())
    with pytest.raises(HostRefused) as caught:
        push(endpoint, shipment, {}, pool=pool)
    assert caught.value.reason == "digest"
    assert list((state / "blobs").iterdir()) == []


def test_a_torn_runner_is_refused_and_not_kept(place: Place, ship: Ship) -> None:
    endpoint, pool, state = place
    shipment = ship()
    packed = bytearray(shipment.runner_packed.read_bytes())
    packed[len(packed) // 2] ^= 0xFF
    shipment.runner_packed.write_bytes(bytes(packed))
    with pytest.raises(HostRefused) as caught:
        push(endpoint, shipment, {}, pool=pool)
    assert caught.value.reason == "digest"
    assert list((state / "blobs").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("garbage", 'echo \'{"event":"need","parts":[]}\'; read x; head -c 100000 /dev/urandom; sleep 600'),
        ("endless line", 'echo \'{"event":"need","parts":[]}\'; exec tr "\\0" x </dev/zero'),
        ("endless noise", "exec yes hello"),
        ("endless events", 'exec yes \'{"event":"x"}\''),
        ("foreign part", 'echo \'{"event":"need","parts":["../../etc/shadow"]}\'; sleep 600'),
        ("wrong types", 'echo \'{"event":"need","parts":{"a":1}}\'; sleep 600'),
        ("doubled need", 'echo \'{"event":"need","parts":[]}\'; echo \'{"event":"need","parts":[]}\'; sleep 600'),
        ("deep", 'echo \'{"event":"need","parts":[]}\'; head -c 60000 /dev/zero | tr "\\0" "["; echo; sleep 600'),
    ],
)
def test_a_host_that_talks_nonsense_is_cut_off(place: Place, ship: Ship, name: str, lines: str) -> None:
    endpoint, pool, _ = place
    with pytest.raises(ProtocolError):
        push(endpoint, ship(shell(lines)), {}, pool=pool, deadline_s=60)


def test_a_trickle_does_not_outlive_the_deadline(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    runner = shell("while :; do printf x; sleep 0.1; done")
    with pytest.raises(DeadlineExceeded):
        push(endpoint, ship(runner), {}, pool=pool, deadline_s=2)


def test_a_request_that_is_no_json_or_too_large_is_refused_here(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    with pytest.raises(BadInput, match="cannot be sent"):
        push(endpoint, ship(), {"vars": {"a": object()}}, pool=pool)
    with pytest.raises(BadInput, match="16777216 are possible"):
        push(endpoint, ship(), {"vars": {"a": "x" * (16 << 20)}}, pool=pool)


def test_a_host_that_does_not_read_is_given_up(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    digestless = ship(shell('echo \'{"event":"need","parts":[]}\'; sleep 600'))
    impatient = Pool(_changed(pool, silence_s=1.5))
    with impatient, pytest.raises(HostSilent) as caught:
        push(endpoint, digestless, {"vars": {"a": "x" * (15 << 20)}}, pool=impatient, deadline_s=60)
    assert caught.value.phase in ("sending", "running")


def test_a_part_that_shrank_on_this_side_is_our_error(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    shipment = ship()
    shipment.parts[0].path.write_bytes(b"short")
    with pytest.raises(ConnectionLost, match="shorter than announced"):
        push(endpoint, shipment, {}, pool=pool)


def _changed(pool: Pool, **changes: Any) -> Any:
    return dataclasses.replace(pool.options, **changes)
