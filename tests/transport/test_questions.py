"""Questions of a running program: answered in their time, while all else goes on; others end the talk."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.transport import (
    Answer,
    BadOutput,
    DeadlineExceeded,
    Endpoint,
    Pool,
    ProtocolError,
    Shipment,
    push,
)
from deploy_tasks.transport import dialogue as talking

Place = tuple[Endpoint, Pool, Path]
Ship = Callable[..., Shipment]


def asking(*questions: Mapping[str, Any], answers: int | None = None) -> dict[str, Any]:
    return {"act": "ask", "questions": list(questions), "answers": len(questions) if answers is None else answers}


def at_once(question: Mapping[str, Any]) -> Answer:
    return lambda: {"kind": question["kind"], "length": len(question["text"])}


def heard(summary: Mapping[str, Any]) -> list[Any]:
    return [json.loads(line) for line in summary["heard"]]


def test_questions_are_answered_by_their_numbers(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    request = asking({"id": 1, "kind": "once"}, {"id": 7, "kind": "delegate", "text": 4 << 20})
    report = push(endpoint, ship(), request, pool=pool, on_question=at_once)
    assert heard(report.summary) == [
        {"answer": 1, "kind": "once", "length": 0},
        {"answer": 7, "kind": "delegate", "length": 4 << 20},
    ]


def test_an_answer_that_takes_its_time_holds_nothing_up(
    place: Place, ship: Ship, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pings and the other answer go on; only what takes time is waited for."""
    endpoint, pool, _ = place
    monkeypatch.setattr(talking, "PING_S", 0.05)
    late = threading.Event()

    def ask(question: Mapping[str, Any]) -> Answer:
        if question["id"] == 2:
            late.set()
            return dict
        return lambda: {"late": True} if late.is_set() else None

    report = push(endpoint, ship(), asking({"id": 1, "kind": "a"}, {"id": 2, "kind": "b"}), pool=pool, on_question=ask)
    assert sorted(heard(report.summary), key=lambda line: int(line["answer"])) == [
        {"answer": 1, "late": True},
        {"answer": 2},
    ]


def test_a_cancel_reaches_a_host_that_waits_for_an_answer(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    asked = threading.Event()

    def ask(question: Mapping[str, Any]) -> Answer:
        asked.set()
        return lambda: None

    request = asking({"id": 1, "kind": "once"})
    report = push(endpoint, ship(), request, pool=pool, on_question=ask, cancelled=asked.is_set)
    assert (report.summary["status"], heard(report.summary)) == ("cancelled", [{"cancel": True}])


def test_the_deadline_counts_while_an_answer_is_waited_for(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    request = asking({"id": 1, "kind": "once"})
    with pytest.raises(DeadlineExceeded, match="not finished after 1 s") as caught:
        push(endpoint, ship(), request, pool=pool, on_question=lambda _: lambda: None, deadline_s=1.0)
    assert caught.value.touched


@pytest.mark.parametrize(
    ("questions", "why"),
    [
        ([{"id": 1, "kind": "a"}, {"id": 1, "kind": "a"}], "under the number 1, after 1"),
        ([{"id": "one", "kind": "a"}], "under the number 'one'"),
        ([{"kind": "a"}], "under the number None"),
        ([{"id": number, "kind": "never"} for number in range(1, 10)], "more than 8 questions at once"),
        ([{"id": 1, "kind": "a", "text": 6 << 20}], "a line of more than 5120 KiB"),
        ([{"id": 1, "kind": "refused"}], "no such question"),
    ],
)
def test_what_no_program_asks_ends_the_talk(
    place: Place, ship: Ship, questions: list[dict[str, Any]], why: str
) -> None:
    endpoint, pool, _ = place

    def ask(question: Mapping[str, Any]) -> Answer:
        if question["kind"] == "refused":
            raise BadOutput("no such question")
        return lambda: None

    with pytest.raises(ProtocolError, match=why):
        push(endpoint, ship(), asking(*questions), pool=pool, on_question=ask)


def test_nobody_answers_unless_somebody_does(place: Place, ship: Ship) -> None:
    endpoint, pool, _ = place
    with pytest.raises(ProtocolError, match="asks for 'once', and nobody answers questions here"):
        push(endpoint, ship(), asking({"id": 1, "kind": "once"}), pool=pool)


def test_an_answer_that_cannot_be_sent_is_told_as_an_error(
    place: Place, ship: Ship, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, pool, _ = place
    monkeypatch.setattr(talking, "LARGEST_ANSWER", 1000)
    answers: dict[str, Answer] = {"large": lambda: {"text": "x" * 2000}, "strange": lambda: {"value": {1, 2}}}
    request = asking({"id": 1, "kind": "large"}, {"id": 2, "kind": "strange"})
    report = push(endpoint, ship(), request, pool=pool, on_question=lambda question: answers[str(question["kind"])])
    large, strange = heard(report.summary)
    assert large == {"answer": 1, "error": "the answer takes 2023 bytes, 1000 are possible"}
    assert "cannot be sent" in strange["error"]
