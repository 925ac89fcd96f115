"""Who follows puts fetched files in place: one message after the other, whoever dies and whatever is lost meanwhile."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis
from redis.exceptions import RedisError

from deploy_tasks.compiler.fetched_places import Places
from deploy_tasks.rollout import fetched, keys, receiving
from deploy_tasks.rollout.fetched import HEADER, Note
from deploy_tasks.rollout.receiving import Receiver
from deploy_tasks.store import FolderStore


class Anywhere:
    """Places of a host whose plan allows all that is asked for."""

    def find(self, _task: str, dest: str, _src: str, *, flat: bool) -> str:
        if dest == "broken":
            raise ZeroDivisionError
        return dest


class Desk:
    """A folder, a store, and somebody who follows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder / "desk", FolderStore(folder / "store")
        self.receiver = Receiver(self.folder, lambda _host: cast(Places, Anywhere()))

    def keep(self, name: str, content: bytes, at: int, dest: str = "x") -> Note:
        """What a worker keeps before it asks."""
        draft = self.folder.with_name("draft")
        draft.write_bytes(name.encode().ljust(HEADER) + content)
        sum_ = hashlib.sha1(content).hexdigest()
        note = Note(name, "web", "t", "/x", dest, True, dest, len(content), sum_, None, self.store.put(draft), at)
        fetched.keep(self.store, "d1", note)
        return note

    def ask(self, **message: Any) -> dict[str, Any]:
        return self.receiver._answered(self.store, "d1", message, lambda: None)

    def take(self, note: Note) -> dict[str, Any]:
        return self.ask(do="take", note=note.name)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_is_taken_leaves_the_store_and_is_answered_again(desk: Desk) -> None:
    """The worker may be dead by then, and a worker that lost the answer asks again."""
    note = desk.keep("a", b"content", 1)
    answer = desk.take(note)
    assert answer["changed"] is True
    assert (desk.folder / "x").read_bytes() == b"content"
    assert fetched.notes(desk.store, "d1") == []
    assert not desk.store.has(note.blob)
    assert desk.take(note) == answer


def test_what_was_kept_replaces_nothing_later(desk: Desk) -> None:
    desk.keep("old", b"old", 1)
    desk.keep("other", b"other", 1, "y")
    desk.take(desk.keep("new", b"new", 2))
    desk.receiver.collect(desk.store, "d1")
    assert (desk.folder / "x").read_bytes() == b"new"
    assert (desk.folder / "y").read_bytes() == b"other"
    assert fetched.notes(desk.store, "d1") == []


def test_a_note_that_goes_while_they_are_listed_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.keep("a", b"a", 1, "a")
    monkeypatch.setattr(desk.store, "list_records", lambda prefix: [f"{prefix}a", f"{prefix}gone"])
    assert [note.name for note in fetched.notes(desk.store, "d1")] == ["a"]


@pytest.mark.parametrize(
    ("dest", "told"),
    [("\ud800", "Failed to fetch the file: 'utf-8' codec"), ("broken", "internal error: ZeroDivision")],
)
def test_whatever_breaks_is_told(desk: Desk, dest: str, told: str) -> None:
    """A worker would wait for an answer as long as its host has time."""
    assert desk.take(desk.keep("a", b"", 1, dest))["failed"].startswith(told)


def test_who_died_with_the_message_is_not_waited_for(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when another follows, who says that he is there."""
    monkeypatch.setattr(fetched, "PRESENT_S", 0)
    redis.set(keys.receiver("d1"), "another who follows")
    looks = 0

    def stopped() -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:
            assert redis.lpop(keys.mail("d1"))
        return looks > 3

    assert fetched.put_in_place(redis, "d1", {"do": "look"}, stopped) is None
    assert looks == 1


def test_a_message_that_waits_or_is_worked_on_is_waited_for(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched, "PRESENT_S", 0)
    redis.set(keys.receiver("d1"), "here")
    looks: list[dict[str, Any]] = []

    def step() -> bool:
        looks.append({})
        if len(looks) == 2:
            monkeypatch.setattr(fetched, "PRESENT_S", 60)
            taken = fetched.take_mail(redis, "d1")
            monkeypatch.setattr(fetched, "PRESENT_S", 0)
            assert taken is not None
            looks[0].update(taken)
        elif len(looks) == 3:
            fetched.answer_mail(redis, "d1", looks[0], {"send": True})
        return False

    assert fetched.put_in_place(redis, "d1", {"do": "look"}, step) == {"send": True}
    assert len(looks) == 3


def test_a_redis_that_is_away_does_not_stop_the_writing(
    desk: Desk, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise RedisError("away")

    monkeypatch.setattr(receiving, "_SIGN_S", -1)
    monkeypatch.setattr(fetched, "say_busy", away)
    sign = receiving._Sign(redis, "d1", {"reply": "1"})
    note = desk.keep("a", b"content", 1)
    assert desk.receiver._answered(desk.store, "d1", {"do": "take", "note": note.name}, sign.give)["changed"] is True


def test_a_follower_answers_what_workers_ask(desk: Desk, redis: Redis) -> None:
    with desk.receiver.at_work(redis, desk.store, "d1"):
        answer: Mapping[str, Any] | None = None
        waiting = threading.Event()
        while answer is None:  # until it says that it is there
            look = {"do": "look", "host": "web", "task": "t", "dest": "x", "src": "/x", "flat": True, "checksum": "0"}
            answer = fetched.put_in_place(redis, "d1", look, waiting.is_set)
    assert answer == {"send": True, "dest": str(desk.folder / "x")}
    assert not redis.exists(keys.receiver("d1"))
