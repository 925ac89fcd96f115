"""Where bundles, artifacts and the records of deployments are kept."""

from __future__ import annotations

from pathlib import Path

from deploy_tasks.errors import StoreError
from deploy_tasks.settings import settings
from deploy_tasks.store.base import Corrupt, Missing, Store
from deploy_tasks.store.folder import FolderStore

__all__ = ["Corrupt", "FolderStore", "Missing", "Store", "open_store"]


def open_store(url: str, *, local: Path | None = None) -> Store:
    """The store that a setting names: a folder, `file:///folder` or `s3://bucket/prefix`. Raises `StoreError`.

    `local` is where blobs fetched from S3 are kept, by default a folder in the cache.
    """
    if url.startswith("s3://"):
        # Loading boto3 takes longer than everything else here.
        from deploy_tasks.store.s3 import S3Store

        return S3Store.of(url, local or settings().cache / "fetched")
    if "://" in url and not url.startswith("file://"):
        raise StoreError(f"no store can be opened at {url!r}", hint="write a folder or s3://bucket/prefix")
    return FolderStore(Path(url.removeprefix("file://")).expanduser())
