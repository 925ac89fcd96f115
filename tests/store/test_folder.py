"""What only a store in a folder can get wrong: half-written files, killed writers, full disks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy_tasks.errors import StoreError
from deploy_tasks.store import FolderStore, Missing
from deploy_tasks.store.files import arriving, copy_exactly, digest_bytes

WRITER = """
import sys
from pathlib import Path
from deploy_tasks.store import FolderStore
with FolderStore(Path(sys.argv[1])).incoming() as blob:
    blob.stream.write(b"half")
    blob.stream.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


def files_below(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_killed_writer_leaves_nothing_that_is_served_and_is_swept(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    store = FolderStore(tmp_path)
    assert list(store.blobs()) == []
    assert not store.has(digest_bytes(b"half"))
    assert len(files_below(tmp_path)) == 1
    assert store.sweep() == 0, "a young draft may belong to a living writer"
    assert store.sweep(older_than_s=-1) == 1
    assert files_below(tmp_path) == []


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)

    def fail_in_a_blob() -> None:
        with store.incoming() as blob:
            blob.stream.write(b"half")
            raise ZeroDivisionError

    def fail_in_a_file() -> None:
        with arriving(tmp_path / "x", temp=tmp_path / "temp") as stream:
            stream.write(b"half")
            raise ZeroDivisionError

    for fail in (fail_in_a_blob, fail_in_a_file):
        with pytest.raises(ZeroDivisionError):
            fail()
    assert files_below(tmp_path) == []


def test_a_blob_written_in_pieces_has_its_digest(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with store.incoming() as blob:
        blob.stream.write(b"one ")
        blob.stream.write(b"two")
    assert blob.digest == digest_bytes(b"one two")
    assert store.get(blob.digest).read_bytes() == b"one two"
    assert files_below(tmp_path) == [store.path(blob.digest)]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_told_with_what_is_free(tmp_path: Path) -> None:
    def write() -> None:
        with arriving(tmp_path / "x", temp=tmp_path / "temp") as stream:
            full = os.open("/dev/full", os.O_WRONLY)
            os.dup2(full, stream.fileno())
            os.close(full)
            stream.write(b"x" * 100_000)

    with pytest.raises(StoreError, match=r"No space left on device, \d+ bytes are free") as caught:
        write()
    assert str(tmp_path) in (caught.value.hint or "")
    assert files_below(tmp_path) == []


def test_too_much_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store", max_blob=1000)
    large = tmp_path / "large"
    large.write_bytes(b"x" * 1001)
    for source in (large, large.read_bytes()):
        with pytest.raises(StoreError, match=r"1000 bytes|at most 1000"):
            store.put(source)
    assert files_below(tmp_path / "store") == []


def test_copying_stops_at_the_limit(tmp_path: Path) -> None:
    with Path("/dev/zero").open("rb") as endless, (tmp_path / "x").open("wb") as out:
        with pytest.raises(StoreError, match="larger than 3000000 bytes"):
            copy_exactly(endless, out, 3_000_000)
        assert out.tell() <= 3_000_000


def test_a_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = FolderStore(tmp_path / "store")
        store.put_record("a/b", b"secret")
        store.put(b"x")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "store").rglob("*")}
    assert modes == {0o700, 0o600}


def test_a_use_is_noticed_for_pruning(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    digest = store.put(b"x")
    os.utime(store.path(digest), (1000, 1000))
    store.get(digest)
    assert next(iter(store.blobs())).used > 1000
    assert next(iter(store.blobs())).size == 1


def test_a_folder_instead_of_a_record_is_missing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_record("a/b", b"x")
    with pytest.raises(Missing):
        store.get_record("a")
    store.delete_record("a/b/c")
    assert store.get_record("a/b") == b"x"
