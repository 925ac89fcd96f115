"""What a worker takes in of a file: what was announced, within bounds, and what it checked."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis import Redis

from deploy_tasks.compiler.asking import Document
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.rollout import fetched, keys
from deploy_tasks.rollout.fetched import HEADER
from deploy_tasks.rollout.views import Grant
from deploy_tasks.settings import load
from deploy_tasks.store import open_store
from deploy_tasks.tasks import fetching
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.fetching import Fetching
from deploy_tasks.tasks.material import Material
from deploy_tasks.transport import BadOutput
from deploy_tasks.transport.dialogue import Caller, Dialogue, Progress

CONTENT = b"0123456789" * 10
STEP = {"id": "t1", "module": "fetch", "args": {"src": "/x", "dest": "out"}}


class Taking:
    """A worker that takes files from a host; nobody follows the deployment."""

    def __init__(self, redis: Redis, folder: Path, limit_mb: float = 1.0) -> None:
        self.folder, self.store = folder, open_store(str(folder / "store"))
        here = SimpleNamespace(
            redis=redis,
            store=self.store,
            settings=load(state_dir=folder, fetch_limit_mb=limit_mb),
            ledger=SimpleNamespace(now_ms=lambda: 7),
        )
        material = SimpleNamespace(
            host=lambda name: Host(name=name),
            inventory=Inventory(hosts={}, groups={}),
            document=lambda _store: Document().read({"plays": [{"tasks": [STEP]}]}),
            lowered_extra={},
            lifetime_s=60,
        )
        grant = SimpleNamespace(deployment="d1", host="web1")
        self.fetching = Fetching(
            cast(Context, here), cast(Material, material), cast(Grant, grant), lambda _s: True, lambda: False
        )
        self._asked = 0

    def offer(self, content: bytes = CONTENT, **more: Any) -> dict[str, Any]:
        self._asked += 1
        said = {"task": "t1", "src": "/x", "dest": "out", "flat": False, "size": len(content)}
        said |= {"checksum": hashlib.sha1(content).hexdigest(), "run": "a1", "id": self._asked}
        return dict(self.fetching.offer(said | more)())

    def piece(self, upload: str, piece: bytes, at: int = 0) -> dict[str, Any]:
        data = base64.b64encode(piece).decode()
        return dict(self.fetching.piece({"do": "piece", "upload": upload, "at": at, "data": data}))

    def end(self, upload: str, content: bytes = CONTENT, **more: Any) -> dict[str, Any]:
        return dict(self.fetching.end({"upload": upload, "sha256": hashlib.sha256(content).hexdigest(), **more})())

    @property
    def drafts(self) -> list[Path]:
        return list((self.folder / "fetching").iterdir())


@pytest.fixture
def taking(redis: Redis, tmp_path: Path) -> Iterator[Taking]:
    made = Taking(redis, tmp_path)
    yield made
    made.fetching.close()
    assert made.drafts == []


def test_a_file_in_pieces_is_kept_and_answered_again(taking: Taking, redis: Redis) -> None:
    upload = taking.offer()["upload"]
    assert taking.piece(upload, CONTENT[:60]) == {}
    assert taking.piece(upload, CONTENT[60:], 60) == {}
    answer = taking.end(upload)
    sums = {name: hashlib.new(name, CONTENT).hexdigest() for name in ("sha1", "md5")}
    assert answer == {"changed": True, "dest": "out/web1/x", "checksum": sums["sha1"], "md5sum": sums["md5"]}
    (note,) = fetched.notes(taking.store, "d1")
    assert (note.name, note.place, note.size, note.at) == (upload, "out/web1/x", 100, 7)
    assert taking.store.get(note.blob).read_bytes()[HEADER:] == CONTENT
    assert taking.end(upload) == answer  # as another worker is asked when this one has died
    assert redis.ttl(keys.fetched("d1")) > 0


def test_what_is_not_whole_is_no_file(taking: Taking) -> None:
    upload = taking.offer()["upload"]
    taking.piece(upload, CONTENT[:60])
    assert len(taking.drafts) == 1
    assert "was damaged on its way" in taking.end(upload)["failed"]
    again = taking.offer()["upload"]
    taking.piece(again, CONTENT[:60])
    taking.fetching.close()
    assert taking.drafts == []
    assert fetched.notes(taking.store, "d1") == []
    assert taking.piece(again, CONTENT[60:], 60) == {"again": True}
    assert taking.end(again) == {"again": True}


def test_a_file_that_changed_meanwhile(taking: Taking) -> None:
    other = b"9" * 50
    for strict in (True, False):
        upload = taking.offer()["upload"]
        taking.piece(upload, other)
        answer = taking.end(upload, other, validate=strict)
        assert answer.get("failed") == ("checksum mismatch" if strict else None)
        assert answer["checksum"] == hashlib.sha1(other).hexdigest()
    assert len(fetched.notes(taking.store, "d1")) == 1


def test_one_host_hands_over_so_much(taking: Taking, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "upload" in taking.offer(size=600_000)
    assert taking.offer(size=400_001)["failed"] == (
        "/x has 400001 bytes, and 600000 were fetched from this host before: a deployment takes at most 1000000 from "
        "one host (DEPLOY_TASKS_FETCH_LIMIT_MB)"
    )
    assert "upload" in taking.offer(size=400_000)
    monkeypatch.setattr(fetching, "MAX_FILES", 2)
    assert taking.offer(b"")["failed"] == "/x: a deployment takes at most 2 files from one host"


def test_the_bounds_are_those_of_the_deployment(taking: Taking, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host cannot begin anew by breaking its connection, or by restarting."""
    content = b"x" * 600_000
    upload = taking.offer(content)["upload"]
    taking.piece(upload, content)
    assert taking.end(upload, content)["changed"] is True
    next_one = Taking(redis, taking.folder)
    assert "and 600000 were fetched from this host before" in next_one.offer(size=400_001)["failed"]
    assert "upload" in next_one.offer(size=400_000)
    next_one.fetching.close()
    monkeypatch.setattr(fetching, "MAX_FILES", 1)
    assert "at most 1 files" in Taking(redis, taking.folder).offer(b"")["failed"]


def test_pieces_are_those_that_were_announced(taking: Taking) -> None:
    upload = taking.offer()["upload"]
    for piece, at in ((CONTENT + b"x", 0), (b"", 0), (CONTENT, 1), (CONTENT, -1)):
        with pytest.raises(BadOutput, match="that it has not announced"):
            taking.piece(upload, piece, at)
    with pytest.raises(BadOutput, match="no base64"):
        taking.fetching.piece({"upload": upload, "at": 0, "data": "*"})
    large = taking.offer(size=900_000, run="b2")["upload"]
    assert taking.piece(large, b"x" * 900_000) == {}
    with pytest.raises(BadOutput, match="ends a file without its checksum"):
        taking.fetching.end({"upload": upload})


@pytest.mark.parametrize(
    "more",
    [
        {"src": None},
        {"dest": 5},
        {"dest": "x" * 5000},
        {"flat": "yes"},
        {"size": -1},
        {"size": True},
        {"size": 1e3},
        {"checksum": "x"},
        {"run": "../x"},
        {"id": "1"},
    ],
)
def test_offers_that_no_program_makes(taking: Taking, more: dict[str, Any]) -> None:
    (taking.folder / "fetching").mkdir()
    with pytest.raises(BadOutput):
        taking.offer(**more)


def test_places_are_the_plans(taking: Taking) -> None:
    (taking.folder / "fetching").mkdir()
    assert "is none that the plan and the inventory say for web1" in taking.offer(dest="/etc")["failed"]
    assert "leads out of the folder of its host" in taking.offer(src="../x")["failed"]
    assert "is none that the plan" in taking.offer(task="t2")["failed"]


def test_a_receiver_that_went_away_is_not_waited_for(taking: Taking, redis: Redis) -> None:
    """Nor does it find, when it comes back, what was asked in the meantime: that is in the store."""
    redis.set(keys.receiver("d1"), "here", px=300)
    upload = taking.offer()["upload"]
    redis.set(keys.receiver("d1"), "here", px=300)
    taking.piece(upload, CONTENT)
    assert taking.end(upload)["changed"] is True
    assert redis.llen(keys.mail("d1")) == 0
    assert len(fetched.notes(taking.store, "d1")) == 1


def test_files_do_not_count_as_output_once_they_are_taken() -> None:
    """A conversation has a bound; what fetching has bounded already is not counted twice, what it refused is."""

    def dialogue(answer: dict[str, Any]) -> Any:
        caller = Caller(lambda _: None, lambda: False, lambda: None, lambda: None, lambda _: lambda: answer)
        made: Any = Dialogue(cast(Any, None), cast(Any, None), Progress(touched=True), caller)
        return made

    data = "x" * (1 << 20)
    for answer, counted in (({}, 0), ({"again": True}, len(data))):
        made = dialogue(answer)
        made._take_question({"event": "ask", "id": 1, "kind": "fetch", "do": "piece", "data": data})
        assert made._reader.received == counted - len(data)
