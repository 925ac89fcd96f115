"""A store in an S3 bucket, `s3://bucket/prefix`, with what was fetched kept in a local folder.

The bucket's service, region and credentials are found as boto3 finds them (`AWS_ENDPOINT_URL`, `AWS_PROFILE`, roles…).
The key of a blob holds its digest, and nothing that was fetched is used before its content was checked against it.
"""

from __future__ import annotations

import base64
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from deploy_tasks.errors import StoreError
from deploy_tasks.store.base import MAX_BLOB, MAX_RECORD, Corrupt, Missing, check_digest, check_name, seal, unseal
from deploy_tasks.store.files import CHUNK, digest_bytes, digest_file
from deploy_tasks.store.folder import FolderStore

TRIES = 4
_PAUSE_S = 0.05
_MAX_LISTED = 1_000_000
_LARGEST_PUT = 5 << 30
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
_REFUSED = frozenset({"403", "AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"total_max_attempts": 3, "mode": "standard"},
    s3={"addressing_style": "path"},
)
T = TypeVar("T")


class S3Store:
    """See `Store`. Each thread has a session of its own, because boto3's are not safe to share."""

    def __init__(self, bucket: str, prefix: str, local: FolderStore, *, max_blob: int = MAX_BLOB) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._local = local
        self._max_blob = min(max_blob, _LARGEST_PUT)
        self._own = threading.local()

    @classmethod
    def of(cls, url: str, local: Path) -> S3Store:
        """From `s3://bucket/prefix`; `local` is the folder for what was fetched. Raises `StoreError`."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not bucket:
            raise StoreError(f"{url!r} names no bucket", hint="write s3://bucket/prefix")
        return cls(bucket, prefix, FolderStore(local, durable=False))

    def put(self, source: bytes | Path) -> str:
        """Upload the bytes or the file unless the bucket has them; S3 checks the digest on arrival."""
        digest, size = self._measured(source)
        if size > self._max_blob:
            raise StoreError(f"the content has {size} bytes, at most {self._max_blob} are kept")
        checksum = base64.b64encode(bytes.fromhex(digest)).decode()
        there = self._head(digest)
        # The mark is set together with a content that S3 has checked; whoever replaces that loses the mark.
        if there.get("Metadata", {}).get("sha256") != digest or there.get("ContentLength") != size:
            self._upload(source, Key=self._blob(digest), ChecksumSHA256=checksum, Metadata={"sha256": digest})
        return digest

    def _measured(self, source: bytes | Path) -> tuple[str, int]:
        if isinstance(source, bytes):
            return digest_bytes(source), len(source)
        try:
            return digest_file(source)
        except OSError as error:
            raise StoreError(f"cannot read {source}: {error.strerror}") from error

    def _upload(self, source: bytes | Path, **where: Any) -> None:
        if isinstance(source, bytes):
            self._call("put_object", Body=source, **where)
            return
        try:
            with source.open("rb") as stream:
                self._call("put_object", Body=stream, **where)
        except OSError as error:
            raise StoreError(f"cannot read {source}: {error.strerror}") from error

    def get(self, digest: str) -> Path:
        """The blob's local file, fetched if it is not here yet."""
        try:
            return self._local.get(check_digest(digest))
        except (Missing, Corrupt):
            self._repeated(lambda: self._fetch(digest))
            return self._local.path(digest)

    def _fetch(self, digest: str) -> None:
        answer = self._call("get_object", Key=self._blob(digest))
        left = self._max_blob
        with answer["Body"] as body, self._local.incoming(digest) as arriving:
            while chunk := body.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise StoreError(f"blob {digest} has more than {self._max_blob} bytes")
                arriving.stream.write(chunk)

    def has(self, digest: str) -> bool:
        """Whether the bucket has an object for the digest."""
        return bool(self._head(digest))

    def _head(self, digest: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._call("head_object", Key=self._blob(digest))
        except Missing:
            return {}
        return found

    def delete(self, digest: str) -> None:
        """Remove the object and the local copy."""
        self._call("delete_object", Key=self._blob(digest))
        self._local.delete(digest)

    def put_record(self, name: str, data: bytes) -> None:
        """Write or replace a record; S3 replaces objects as a whole."""
        self._call("put_object", Key=self._record(name), Body=seal(name, data))

    def get_record(self, name: str) -> bytes:
        """The record as last written; damaged ones are fetched again before that is believed."""
        return self._repeated(lambda: self._read_record(name))

    def _read_record(self, name: str) -> bytes:
        with self._call("get_object", Key=self._record(name))["Body"] as body:
            return unseal(name, body.read(MAX_RECORD + 66))

    def list_records(self, prefix: str) -> list[str]:
        """The names that start with `prefix`, sorted."""
        if "/" in prefix:
            check_name(prefix.rpartition("/")[0])
        base, found, more = f"{self._prefix}records/", list[str](), dict[str, str]()
        while len(found) < _MAX_LISTED:
            page = self._call("list_objects_v2", Prefix=base + prefix, **more)
            found += [item["Key"].removeprefix(base) for item in page.get("Contents", ())]
            if not page.get("IsTruncated"):
                return sorted(found)
            more = {"ContinuationToken": page["NextContinuationToken"]}
        raise StoreError(f"more than {_MAX_LISTED} records start with {prefix!r}")

    def delete_record(self, name: str) -> None:
        """Remove the record's object."""
        self._call("delete_object", Key=self._record(name))

    def _blob(self, digest: str) -> str:
        return f"{self._prefix}blobs/{check_digest(digest)[:2]}/{digest}"

    def _record(self, name: str) -> str:
        return f"{self._prefix}records/{check_name(name)}"

    def _client(self) -> Any:
        if not hasattr(self._own, "client"):
            self._own.client = boto3.session.Session().client("s3", config=_CONFIG)
        return self._own.client

    def _call(self, operation: str, **arguments: Any) -> Any:
        """One request, which boto3 repeats a few times when the service is busy or out of reach."""
        try:
            return getattr(self._client(), operation)(Bucket=self._bucket, **arguments)
        except ClientError as error:
            raise _told(error, self._bucket, arguments.get("Key", "")) from error
        except BotoCoreError as error:
            raise StoreError(f"S3 bucket {self._bucket}: {error}", hint="check endpoint, region and network") from error

    def _repeated(self, read: Callable[[], T]) -> T:
        """Read again when the answer broke off or was not what its digest says; S3 itself knows nothing of either."""
        for attempt in range(1, TRIES + 1):
            try:
                return read()
            except Corrupt:
                if attempt == TRIES:
                    raise
            except HTTPClientError as error:
                if attempt == TRIES:
                    raise StoreError(
                        f"S3 bucket {self._bucket}: the answer broke off {TRIES} times: {error}",
                        hint="check the network",
                    ) from error
            time.sleep(_PAUSE_S * 2**attempt * random.uniform(0.5, 1))  # noqa: S311  (jitter)
        raise AssertionError("the last try returns or raises")


def _told(error: ClientError, bucket: str, key: str) -> StoreError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in _ABSENT:
        return Missing(f"{key.rpartition('/')[2] or key} is not in the bucket {bucket}: no object {key}")
    hint = "check the credentials and their rights" if code in _REFUSED else "check the bucket's name and region"
    return StoreError(f"S3 bucket {bucket}: {error}", hint=hint)
