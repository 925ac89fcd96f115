"""The bundle: everything a deployment needs, as one deterministic tar.gz, and its safe reading.

It holds `plan.json` (normalised), `inventory.json` (the selected hosts with their variables), `options.json` and
`files/<name>`. It may hold secrets: whoever writes it to a disk gives it mode 0600.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import posixpath
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deploy_tasks.errors import BadInput, PlanError, Problem
from deploy_tasks.plan.documents import PLAN_DEPTH, BadDocument, parse_json
from deploy_tasks.plan.model import Inventory, Plan

MAX_TOTAL = 4 << 30
MAX_ENTRIES = 60_000
MAX_JSON = 256 << 20
_FILES = "files/"
_M = TypeVar("_M", bound=BaseModel)
_DOCUMENTS = ("plan.json", "inventory.json", "options.json")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read. `files_root` holds its files and is removed by `close`, or at the end of `with`."""

    plan: Plan
    inventory: Inventory
    options: dict[str, Any]
    files_root: Path
    files: dict[str, Path]

    def close(self) -> None:
        """Remove the extracted files."""
        shutil.rmtree(self.files_root, ignore_errors=True)

    def __enter__(self) -> Bundle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_bundle(
    plan: Plan, inventory: Inventory, files: Mapping[str, Path], options: Mapping[str, Any] | None = None
) -> bytes:
    """The bytes of a bundle; the same input gives the same bytes. Raises `BadInput` for a file it cannot read."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add(archive, "plan.json", _json(plan.model_copy(update={"inventory": None})))
        _add(archive, "inventory.json", _json(inventory))
        _add(archive, "options.json", _compact(dict(options or {})))
        for name in sorted(files):
            try:
                data = files[name].read_bytes()
                mode = files[name].stat().st_mode & 0o777
            except OSError as error:
                raise BadInput(f"cannot read {files[name]}: {error.strerror}") from None
            _add(archive, _FILES + _checked(name), data, mode)
    return buffer.getvalue()


def read_bundle(source: str | Path | bytes, into: Path | None = None) -> Bundle:
    """The bundle in a file or in bytes, its files extracted below `into` (default: a new private folder).

    Raises `BadInput` for anything that is not a bundle of ours: nothing is written outside the folder, no link is
    made, sizes and counts are bounded.
    """
    fresh = into is None or not into.exists()
    folder = into or Path(tempfile.mkdtemp(prefix="deploy-tasks-bundle-"))
    try:
        return _read(source, folder)
    except BaseException as error:
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, (FileExistsError, NotADirectoryError, IsADirectoryError)):
            raise BadInput(f"cannot extract the bundle: {error.strerror}: {error.filename}") from None
        if isinstance(error, (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)):
            raise BadInput(f"not a bundle: {error}") from None
        raise


def _read(source: str | Path | bytes, folder: Path) -> Bundle:
    documents: dict[str, bytes] = {}
    files: dict[str, Path] = {}
    left = MAX_TOTAL
    stream = io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")  # noqa: SIM115
    with stream, tarfile.open(fileobj=stream, mode="r|gz") as archive:
        for count, member in enumerate(archive):
            left -= member.size
            if count >= MAX_ENTRIES or left < 0:
                raise BadInput("not a bundle: it holds more than a bundle may")
            if not member.isreg():
                raise BadInput("not a bundle: it holds something else than files")
            content = archive.extractfile(member)
            assert content is not None
            if member.name in _DOCUMENTS and member.size <= MAX_JSON:
                documents[member.name] = content.read()
            elif member.name.startswith(_FILES):
                name = _checked(member.name.removeprefix(_FILES))
                if name in files:
                    raise BadInput(f"not a bundle: it holds {name!r} twice")
                files[name] = _extract(content, folder / name, member.mode & 0o777)
            else:
                raise BadInput("not a bundle: it holds a file that does not belong there")
    missing = [name for name in _DOCUMENTS if name not in documents]
    if missing:
        raise BadInput(f"not a bundle: it has no {missing[0]}")
    return Bundle(
        plan=_model(Plan, documents["plan.json"], "plan.json"),
        inventory=_model(Inventory, documents["inventory.json"], "inventory.json"),
        options=_options(documents["options.json"]),
        files_root=folder,
        files=files,
    )


def _extract(content: Any, place: Path, mode: int) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(content, target, 1 << 20)
        # The owner can always read what it extracted; the rest of the mode is what the file had.
        os.fchmod(target.fileno(), mode | 0o400)
    return place


def _checked(name: str) -> str:
    """A plan-relative file name that stays below its folder."""
    bad = (
        not name
        or len(name) > 4096
        or name.startswith(("/", "../"))
        or name in ("..", ".")
        or "\x00" in name
        or "\\" in name
        or posixpath.normpath(name) != name
    )
    if bad:
        raise BadInput(f"not a usable file name in a bundle: {name[:100]!r}")
    return name


def _add(archive: tarfile.TarFile, name: str, data: bytes, mode: int = 0o600) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(data), mode, 0
    archive.addfile(entry, io.BytesIO(data))


def _json(model: BaseModel) -> bytes:
    return _compact(model.model_dump(mode="json", exclude_defaults=True))


def _compact(data: Any) -> bytes:
    # Keys are not sorted: the order of hosts and of variables means something.
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _options(data: bytes) -> dict[str, Any]:
    value = _parse(data, "options.json")
    if not isinstance(value, dict):
        raise BadInput("not a bundle: options.json holds no object")
    return value


def _parse(data: bytes, name: str) -> Any:
    try:
        return parse_json(data.decode("utf-8"), name, depth=PLAN_DEPTH)
    except (BadDocument, UnicodeDecodeError):
        raise BadInput(f"not a bundle: {name} is not JSON") from None


def _model(sort: type[_M], data: bytes, name: str) -> _M:
    try:
        return sort.model_validate(_parse(data, name))
    except ValidationError:
        raise PlanError([Problem("", f"{name} of the bundle is not what this version reads")]) from None
