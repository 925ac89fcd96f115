"""Each implementation of the store, with a way to damage what it holds."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

import boto3
from moto.server import ThreadedMotoServer

from deploy_tasks.store import FolderStore, Store, open_store


@dataclass(frozen=True)
class Harness:
    """A store and, behind its back, how to replace the content of a blob and spoil a record."""

    store: Store
    damage: Callable[[str, bytes], None]
    damage_record: Callable[[str], None]


@contextlib.contextmanager
def folder(root: Path) -> Iterator[Harness]:
    """A store in a folder."""
    store = FolderStore(root / "store")

    def damage(digest: str, data: bytes) -> None:
        store.path(digest).write_bytes(data)

    def damage_record(name: str) -> None:
        path = store.root / "records" / name
        path.write_bytes(spoilt(path.read_bytes()))

    yield Harness(store, damage, damage_record)


@contextlib.contextmanager
def s3(root: Path) -> Iterator[Harness]:
    """A store in a bucket of its own of a real HTTP server."""
    bucket = f"store-{uuid.uuid4().hex}"
    with credentials(service()):
        client = boto3.session.Session().client("s3")
        client.create_bucket(Bucket=bucket)

        def damage(digest: str, data: bytes) -> None:
            client.put_object(Bucket=bucket, Key=f"deploy/blobs/{digest[:2]}/{digest}", Body=data)

        def damage_record(name: str) -> None:
            key = f"deploy/records/{name}"
            data = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            client.put_object(Bucket=bucket, Key=key, Body=spoilt(data))

        yield Harness(open_store(f"s3://{bucket}/deploy", local=root / "fetched"), damage, damage_record)


def spoilt(data: bytes) -> bytes:
    """The data with its last bit turned."""
    return data[:-1] + bytes([data[-1] ^ 1])


@cache
def service() -> str:
    """The address of one S3 server for the whole test run; it is a thread and ends with it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


@contextlib.contextmanager
def credentials(endpoint: str) -> Iterator[None]:
    """An environment in which boto3 finds this service and nothing of the developer's."""
    names = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with patch.dict(os.environ, names):
        yield


IMPLEMENTATIONS = {"folder": folder, "s3": s3}
