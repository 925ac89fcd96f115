"""What was built before: runners by what they were built from, artifacts by what they were linked of.

Contents lie under their digest and are checked at every use, so that a half-written or damaged entry is never served:
it counts as absent and is made again. Entries are made by one builder at a time, in any number of processes.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy_tasks.errors import BuildError, StoreError
from deploy_tasks.store import Corrupt, FolderStore, Missing
from deploy_tasks.store.base import check_digest
from deploy_tasks.store.files import make_folder

DEFAULT_LIMIT = 2 << 30
# What was used a moment ago may be on its way to a host.
GRACE_S = 900.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was made: the digests of what it consists of, and when, in seconds since the epoch."""

    blobs: tuple[str, ...]
    made_at: float

    @classmethod
    def read(cls, data: bytes) -> Entry:
        """From a record; raises `ValueError` when it is not one."""
        try:
            document = json.loads(data)
            return cls(tuple(map(check_digest, document["blobs"])), float(document["made_at"]))
        except (KeyError, TypeError, StoreError) as error:
            raise ValueError(f"not an entry: {error}") from error


class Cache:
    """A cache in the folder `root`. Threads and processes may share it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.blobs = FolderStore(root, mode=0o700, durable=False)

    def find(self, kind: str, key: str, *, blobs: int) -> Entry | None:
        """The entry under `kind` and `key`, if it has that many blobs and every one of them is sound."""
        try:
            entry = Entry.read(self.blobs.get_record(f"{kind}/{key}"))
            for digest in entry.blobs:
                self.blobs.get(digest)
        except (Missing, Corrupt, ValueError):
            return None
        return entry if len(entry.blobs) == blobs else None

    def keep(self, kind: str, key: str, *blobs: str) -> Entry:
        """Record that the entry consists of `blobs`, which are in the store already."""
        entry = Entry(blobs, time.time())
        self.blobs.put_record(f"{kind}/{key}", json.dumps(asdict(entry)).encode())
        return entry

    @contextlib.contextmanager
    def single_flight(self, kind: str, key: str, *, timeout_s: float) -> Iterator[None]:
        """Only one holder per kind and key at a time; one that dies lets go. Raises `BuildError` in the end."""
        # One of 256 lock files by the key's first two digits: they stay few, and sharing one costs only waiting.
        make_folder(self.root / "locks")
        descriptor = os.open(self.root / "locks" / f"{kind}-{key[:2]}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, kind, time.monotonic() + timeout_s)
            yield
        finally:
            os.close(descriptor)

    def prune(self, limit: int = DEFAULT_LIMIT, *, grace_s: float = GRACE_S) -> int:
        """Remove what was unused longest until at most `limit` bytes are kept; returns the bytes removed.

        What was used within `grace_s` seconds stays even when that is more.
        """
        self.blobs.sweep()
        found = sorted(self.blobs.blobs(), key=lambda blob: blob.used)
        total, gone, young = sum(blob.size for blob in found), 0, time.time() - grace_s
        for blob in found:
            if total - gone <= limit or blob.used > young:
                break
            self.blobs.delete(blob.digest)
            gone += blob.size
        self._forget_incomplete()
        return gone

    def _forget_incomplete(self) -> None:
        for name in self.blobs.list_records(""):
            with contextlib.suppress(Missing, Corrupt, ValueError):
                if all(map(self.blobs.has, Entry.read(self.blobs.get_record(name)).blobs)):
                    continue
            self.blobs.delete_record(name)


def _lock(descriptor: int, kind: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                message = f"waited too long for another process that makes the same {kind.removesuffix('s')}"
                raise BuildError(
                    message, hint="see whether a build hangs; a higher build timeout waits longer"
                ) from None
            time.sleep(_POLL_S)
        else:
            return
