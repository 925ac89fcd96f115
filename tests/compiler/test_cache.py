"""The cache keeps within its bounds, and never removes what is in use."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from deploy_tasks.compiler.cache import Cache
from deploy_tasks.errors import BuildError


def entry(cache: Cache, key: str, size: int, *, used: float) -> str:
    digest = cache.blobs.put(key.encode() * (size // len(key)))
    cache.keep("things", key, digest)
    os.utime(cache.blobs.path(digest), (used, used))
    return digest


def test_what_was_unused_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for i, key in enumerate(("aa", "bb", "cc", "dd")):
        entry(cache, key, 1000, used=1000.0 + i)
    assert cache.find("things", "aa", blobs=1) is not None, "which makes it the one used last"
    assert cache.prune(2000, grace_s=60) == 2000
    assert [key for key in ("aa", "bb", "cc", "dd") if cache.find("things", key, blobs=1)] == ["aa", "dd"]
    assert cache.blobs.list_records("") == ["things/aa", "things/dd"]


def test_what_was_just_used_stays_whatever_the_limit(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    digest = cache.blobs.put(b"x" * 1000)
    assert cache.prune(0) == 0
    assert cache.blobs.has(digest)
    assert cache.prune(0, grace_s=-1) == 1000


def test_pruning_less_than_the_limit_removes_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entry(cache, "aa", 1000, used=1000.0)
    assert cache.prune(1000, grace_s=0) == 0
    assert cache.find("things", "aa", blobs=1) is not None


def test_one_holder_at_a_time_and_the_next_is_let_in(tmp_path: Path) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with Cache(tmp_path).single_flight("things", "aa", timeout_s=60):
            with lock:
                inside += 1
                most = max(most, inside)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


def test_waiting_for_another_ends_in_an_error(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with cache.single_flight("runners", "aa", timeout_s=1):
        with (
            pytest.raises(BuildError, match="another process that makes the same runner"),
            cache.single_flight("runners", "aa", timeout_s=0.1),
        ):
            pass
        with cache.single_flight("runners", "bb", timeout_s=0.1):
            pass
