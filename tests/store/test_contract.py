"""What every store must do, run over each implementation."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_tasks.errors import StoreError
from deploy_tasks.store import Corrupt, Missing, Store, open_store
from tests.support.stores import IMPLEMENTATIONS, Harness

BIG = bytes(range(256)) * 10_000
NOWHERE = "0" * 64


@pytest.fixture(params=IMPLEMENTATIONS)
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with IMPLEMENTATIONS[request.param](tmp_path) as made:
        yield made


@pytest.fixture
def store(harness: Harness) -> Store:
    return harness.store


@pytest.mark.parametrize("data", [b"", b"x", BIG], ids=["empty", "one byte", "large"])
def test_bytes_come_back_under_their_digest(store: Store, data: bytes) -> None:
    digest = store.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert store.get(digest).read_bytes() == data
    assert store.has(digest)


def test_a_file_is_kept_like_its_bytes(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(BIG)
    digest = store.put(source)
    source.unlink()
    assert digest == store.put(BIG)
    assert store.get(digest).read_bytes() == BIG


def test_a_file_that_cannot_be_read_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot read .*gone: No such file"):
        store.put(tmp_path / "gone")


def test_what_is_not_there_is_missing(store: Store) -> None:
    assert not store.has(NOWHERE)
    with pytest.raises(Missing, match=NOWHERE):
        store.get(NOWHERE)


def test_a_deleted_blob_is_gone_and_may_be_deleted_again(store: Store) -> None:
    digest = store.put(b"x")
    store.delete(digest)
    store.delete(digest)
    assert not store.has(digest)
    with pytest.raises(Missing):
        store.get(digest)


@pytest.mark.parametrize("damage", [BIG[:-1], b"", BIG[:-1] + b"\0", BIG + b"x"], ids=["cut", "empty", "flip", "grown"])
def test_damage_is_never_served_and_putting_again_heals_it(harness: Harness, damage: bytes) -> None:
    digest = harness.store.put(BIG)
    harness.damage(digest, damage)
    with pytest.raises((Corrupt, Missing)):
        harness.store.get(digest)
    assert harness.store.put(BIG) == digest
    assert harness.store.get(digest).read_bytes() == BIG


def test_putting_over_damage_that_nobody_noticed_heals_it(harness: Harness, tmp_path: Path) -> None:
    digest = harness.store.put(BIG)
    harness.damage(digest, BIG[:100])
    (tmp_path / "again").write_bytes(BIG)
    harness.store.put(tmp_path / "again")
    assert harness.store.get(digest).read_bytes() == BIG


@pytest.mark.parametrize("digest", ["", "x" * 64, "../" * 20, NOWHERE.upper() + "A", f"{NOWHERE}\n"])
def test_what_is_no_digest_is_refused(store: Store, digest: str) -> None:
    for use in (store.get, store.has, store.delete):
        with pytest.raises(StoreError, match="not a SHA-256 digest"):
            use(digest)


def test_a_blob_is_kept_for_the_owner_alone(store: Store) -> None:
    assert store.get(store.put(b"secret")).stat().st_mode & 0o777 == 0o600


def test_many_writers_of_one_blob_leave_one_sound_blob(store: Store) -> None:
    start, found = threading.Barrier(8), []

    def write() -> None:
        start.wait()
        found.append(store.get(store.put(BIG)).read_bytes() == BIG)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


def test_a_record_is_replaced_as_a_whole(store: Store) -> None:
    store.put_record("deployments/7c2e/intent", b"first, and long")
    store.put_record("deployments/7c2e/intent", b"second")
    assert store.get_record("deployments/7c2e/intent") == b"second"


def test_records_are_listed_by_prefix_in_order(store: Store) -> None:
    names = ["deployments/a/intent", "deployments/a/report", "deployments/ab/intent", "deployments/b/intent", "other"]
    for name in reversed(names):
        store.put_record(name, b"{}")
    assert store.list_records("") == names
    assert store.list_records("deployments/a/") == names[:2]
    assert store.list_records("deployments/a") == names[:3]
    assert store.list_records("deployments/nobody/") == []


def test_a_record_that_is_not_there_is_missing(store: Store) -> None:
    store.put_record("deployments/a/intent", b"{}")
    for name in ("nobody", "deployments/a", "deployments/a/intent/more"):
        with pytest.raises(Missing, match=name):
            store.get_record(name)


def test_a_deleted_record_is_gone(store: Store) -> None:
    store.put_record("a/b", b"1")
    store.delete_record("a/b")
    store.delete_record("a/b")
    assert store.list_records("") == []
    with pytest.raises(Missing):
        store.get_record("a/b")


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.hidden", "a\0b", "a/", "x" * 200, "a/" * 300 + "b"]
)
def test_a_name_that_could_leave_the_store_is_refused(store: Store, name: str) -> None:
    for use in (store.get_record, store.delete_record, lambda name: store.put_record(name, b"")):
        with pytest.raises(StoreError, match="not a record name"):
            use(name)


def test_records_are_bounded(store: Store) -> None:
    with pytest.raises(StoreError, match="at most 16777216 are kept"):
        store.put_record("large", b"\0" * ((16 << 20) + 1))
    store.put_record("large", b"\0" * (16 << 20))
    assert len(store.get_record("large")) == 16 << 20


def test_a_damaged_record_is_never_served(harness: Harness) -> None:
    harness.store.put_record("a/b", b'{"status":"succeeded"}')
    harness.damage_record("a/b")
    with pytest.raises(Corrupt, match="record a/b is damaged"):
        harness.store.get_record("a/b")


def test_readers_of_a_record_see_the_old_or_the_new_one(store: Store) -> None:
    versions = [bytes([65 + i]) * 100_000 for i in range(20)]
    store.put_record("r", versions[0])
    done, seen = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            seen.append(store.get_record("r"))

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions:
        store.put_record("r", version)
    done.set()
    reader.join()
    assert set(seen) <= set(versions)


@pytest.mark.parametrize("url", ["ftp://host/x", "redis://host/0"])
def test_an_unknown_kind_of_store_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="no store can be opened"):
        open_store(url)
