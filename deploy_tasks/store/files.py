"""Files that arrive whole or not at all, and their digests."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from deploy_tasks.errors import StoreError

CHUNK = 1 << 20


def digest_bytes(data: bytes) -> str:
    """SHA-256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> tuple[str, int]:
    """SHA-256 in hex and size in bytes of what `path` holds now; raises `OSError`."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
        return found, stream.tell()


def copy_exactly(source: BinaryIO, target: BinaryIO, limit: int) -> tuple[str, int]:
    """Copy to the end of `source`; the digest and size of what was copied. Raises `StoreError` beyond `limit` bytes."""
    seen, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise StoreError(f"the content is larger than {limit} bytes", hint="raise the size limit or send less")
        seen.update(chunk)
        target.write(chunk)
    return seen.hexdigest(), size


@contextlib.contextmanager
def arriving(path: Path, *, temp: Path, mode: int = 0o600, durable: bool = True) -> Iterator[BinaryIO]:
    """A stream whose content becomes `path` when the block ends well, and vanishes when it does not.

    The temporary file lives in the folder `temp`, which must be on the file system of `path`. With `durable` the
    content and the folder entry are on disk before this returns. A full disk is told as `StoreError`.
    """
    draft = temp / secrets.token_hex(16)
    try:
        descriptor = _create(draft, mode)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fchmod(descriptor, mode)
            if durable:
                os.fsync(descriptor)
        _publish(draft, path, durable=durable)
    except OSError as error:
        raise _told(error, path) from error
    finally:
        draft.unlink(missing_ok=True)


def _create(draft: Path, mode: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(draft, flags, mode)
    except FileNotFoundError:
        make_folder(draft.parent)
        return os.open(draft, flags, mode)


def _publish(draft: Path, path: Path, *, durable: bool) -> None:
    make_folder(path.parent)
    draft.replace(path)
    if durable:
        sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """A private folder (0700), and private parents as far as there are none."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def sync_folder(path: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _told(error: OSError, path: Path) -> StoreError:
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(_existing(path)).free
            reason = f"{reason}, {free} bytes are free"
    return StoreError(f"cannot write {path}: {reason}", hint=f"check space and rights of {path.parent}")


def _existing(path: Path) -> Path:
    return next(folder for folder in [path, *path.parents] if folder.exists())
