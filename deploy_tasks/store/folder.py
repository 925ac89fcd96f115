"""A store in a folder: `blobs/ab/<digest>`, `records/<name>`, and `temp/` for what is still arriving."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from deploy_tasks.errors import StoreError
from deploy_tasks.store.base import MAX_BLOB, MAX_RECORD, Corrupt, Missing, check_digest, check_name, seal, unseal
from deploy_tasks.store.files import arriving, copy_exactly, digest_bytes, digest_file, make_folder

STALE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Blob:
    """One blob as it lies in the folder: size in bytes, last use in seconds since the epoch."""

    digest: str
    size: int
    used: float


class Incoming:
    """A blob being written to `stream`; `digest` is known afterwards."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stream: BinaryIO
        self.digest = ""


class FolderStore:
    """See `Store`. `mode` is the mode of blob files; without `durable` a power cut may lose (never damage) blobs."""

    def __init__(self, root: Path, *, mode: int = 0o600, durable: bool = True, max_blob: int = MAX_BLOB) -> None:
        self.root = Path(root)
        self._mode = mode
        self._durable = durable
        self._max_blob = max_blob
        self._temp = self.root / "temp"
        make_folder(self.root)

    @contextlib.contextmanager
    def incoming(self, expected: str | None = None) -> Iterator[Incoming]:
        """A blob written piece by piece; it has its digest when the block has ended well.

        Raises `Corrupt` when that is not the `expected` one; nothing is kept then.
        """
        draft = Incoming(self._temp / f"{secrets.token_hex(16)}.new")
        make_folder(self._temp)
        try:
            with draft.path.open("xb") as draft.stream:
                yield draft
            if expected is not None and (found := digest_file(draft.path)[0]) != expected:
                raise Corrupt(f"what arrived for blob {expected} has the digest {found}", hint="try again")
            draft.digest = self._put_file(draft.path)
        finally:
            draft.path.unlink(missing_ok=True)

    def put(self, source: bytes | Path) -> str:
        """Keep the bytes, or the content of a file, unless a sound copy is here already."""
        return self._put_bytes(source) if isinstance(source, bytes) else self._put_file(source)

    def _put_bytes(self, data: bytes) -> str:
        if len(data) > self._max_blob:
            raise StoreError(f"the content has {len(data)} bytes, at most {self._max_blob} are kept")
        digest = digest_bytes(data)
        if not self._sound(digest):
            with self._arriving(self._blob(digest)) as stream:
                stream.write(data)
        return digest

    def _put_file(self, source: Path) -> str:
        try:
            digest, _ = digest_file(source)
            if self._sound(digest):
                return digest
            with source.open("rb") as stream, self._arriving(self._blob(digest)) as target:
                if copy_exactly(stream, target, self._max_blob)[0] != digest:
                    raise StoreError(f"{source} changed while it was read", hint="try again when nobody writes to it")
        except OSError as error:
            raise StoreError(f"cannot read {source}: {error.strerror}") from error
        return digest

    def get(self, digest: str) -> Path:
        """The blob's file, after its content was checked. A damaged blob is removed."""
        path = self._blob(digest)
        try:
            found, _ = digest_file(path)
        except FileNotFoundError:
            raise Missing(f"blob {digest} is not in the store {self.root}") from None
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from error
        if found != digest:
            path.unlink(missing_ok=True)
            raise Corrupt(f"blob {digest} was damaged on disk and has been removed", hint="deploy again to rebuild it")
        self._mark_used(path)
        return path

    def path(self, digest: str) -> Path:
        """Where the blob lies, unchecked: for those who have just put it there or got it."""
        return self._blob(digest)

    def has(self, digest: str) -> bool:
        """Whether the blob's file exists."""
        return self._blob(digest).is_file()

    def delete(self, digest: str) -> None:
        """Remove the blob's file."""
        self._blob(digest).unlink(missing_ok=True)

    def put_record(self, name: str, data: bytes) -> None:
        """Write or replace a record by rename."""
        sealed = seal(check_name(name), data)
        with self._arriving(self._record(name)) as stream:
            stream.write(sealed)

    def get_record(self, name: str) -> bytes:
        """The record as last written."""
        try:
            with self._record(check_name(name)).open("rb") as stream:
                return unseal(name, stream.read(MAX_RECORD + 66))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise Missing(f"record {name} is not in the store {self.root}") from None
        except OSError as error:
            raise StoreError(f"cannot read record {name}: {error.strerror}") from error

    def list_records(self, prefix: str) -> list[str]:
        """The names that start with `prefix`, sorted."""
        base = self.root / "records"
        folder = check_name(prefix.rpartition("/")[0]) if "/" in prefix else ""
        return sorted(name for path in _files(base / folder) if (name := _name(path, base)).startswith(prefix))

    def delete_record(self, name: str) -> None:
        """Remove the record's file."""
        with contextlib.suppress(NotADirectoryError):
            self._record(check_name(name)).unlink(missing_ok=True)

    def blobs(self) -> Iterator[Blob]:
        """What lies in the folder, in no order."""
        for path in _files(self.root / "blobs"):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                yield Blob(path.name, status.st_size, status.st_mtime)

    def sweep(self, *, older_than_s: float = STALE_S) -> int:
        """Remove what killed writers left in `temp/`; returns how many files went."""
        gone = 0
        for path in _files(self._temp):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > older_than_s:
                    path.unlink()
                    gone += 1
        return gone

    def _sound(self, digest: str) -> bool:
        path = self._blob(digest)
        try:
            sound = digest_file(path)[0] == digest
        except FileNotFoundError:
            return False
        if sound:
            self._mark_used(path)
        return sound

    def _mark_used(self, path: Path) -> None:
        # A pruner in another process may have been quicker; then the next reader says so.
        with contextlib.suppress(OSError):
            os.utime(path)

    def _blob(self, digest: str) -> Path:
        return self.root / "blobs" / check_digest(digest)[:2] / digest

    def _record(self, name: str) -> Path:
        return self.root / "records" / name

    def _arriving(self, path: Path) -> contextlib.AbstractContextManager[BinaryIO]:
        mode = self._mode if path.is_relative_to(self.root / "blobs") else 0o600
        return arriving(path, temp=self._temp, mode=mode, durable=self._durable)


def _files(folder: Path) -> Iterator[Path]:
    for base, _, names in os.walk(folder):
        yield from (Path(base, name) for name in names)


def _name(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix()
