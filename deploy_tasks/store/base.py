"""What a store is: blobs by the digest of their content, and small named records.

Blobs never change: their name is their SHA-256, and every read is checked against it before anything is used.
Records may be replaced; a reader sees the old one or the new one, never a mixture.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Protocol

from deploy_tasks.errors import StoreError

MAX_BLOB = 4 << 30
MAX_RECORD = 16 << 20
MAX_NAME = 512
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@%+=,-]{0,127}")


class Missing(StoreError):
    """The store holds nothing of that name."""


class Corrupt(StoreError):
    """What the store holds is not what was put there; it has been set aside and will not be served."""


class Store(Protocol):
    """Where bundles, artifacts and the records of deployments are kept. Safe to use from several threads."""

    def put(self, source: bytes | Path) -> str:
        """Keep the bytes, or the content of a file; returns their digest. Raises `StoreError`."""

    def get(self, digest: str) -> Path:
        """A local file with exactly that content, not to be changed. Raises `Missing`, `Corrupt`."""

    def has(self, digest: str) -> bool:
        """Whether `get` would find it, without reading it."""

    def delete(self, digest: str) -> None:
        """Forget a blob; nothing happens when it is not there."""

    def put_record(self, name: str, data: bytes) -> None:
        """Write or replace a record, durably. `name` has segments separated by slashes."""

    def get_record(self, name: str) -> bytes:
        """The record as last written. Raises `Missing`, `Corrupt`."""

    def list_records(self, prefix: str) -> list[str]:
        """The names that start with `prefix`, sorted."""

    def delete_record(self, name: str) -> None:
        """Forget a record; nothing happens when it is not there."""


def check_digest(digest: str) -> str:
    """The digest itself; raises `StoreError` when it is not 64 hexadecimal digits."""
    if not _DIGEST.fullmatch(digest):
        raise StoreError(f"{digest[:80]!r} is not a SHA-256 digest")
    return digest


def check_name(name: str) -> str:
    """The record name itself; raises `StoreError` when it could leave the store or is too long."""
    if len(name) > MAX_NAME or not all(_SEGMENT.fullmatch(part) for part in name.split("/")):
        raise StoreError(
            f"{name[:80]!r} is not a record name",
            hint="segments of letters, digits and _.:@%+=,- separated by slashes, none starting with a mark",
        )
    return name


def seal(name: str, data: bytes) -> bytes:
    """The stored form of a record: the digest of its content, a line feed, the content."""
    if len(data) > MAX_RECORD:
        raise StoreError(f"record {name} has {len(data)} bytes, at most {MAX_RECORD} are kept")
    return hashlib.sha256(data).hexdigest().encode() + b"\n" + data


def unseal(name: str, stored: bytes) -> bytes:
    """The content of a stored record; raises `Corrupt` when the digest does not hold."""
    head, mark, data = stored[:64], stored[64:65], stored[65:]
    if mark != b"\n" or hashlib.sha256(data).hexdigest().encode() != head:
        raise Corrupt(f"record {name} is damaged", hint="restore the store from a backup or delete the record")
    return data
