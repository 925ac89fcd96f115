"""The artifact's form, by the cases that the Go side reads as well."""

from __future__ import annotations

import base64
import gzip as python_gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_tasks.compiler import archive
from deploy_tasks.compiler.artifact import TRAILER_SIZE, Trailer, gunzip, gzip, link, split
from deploy_tasks.errors import CompileError

CASES: dict[str, Any] = json.loads((Path(__file__).parent.parent / "cases" / "artifact.json").read_text())
REFUSALS = {"not_artifact": "not an artifact", "version": "artifact of version", "damaged": "damaged artifact"}


def bytes_of(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def named(cases: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


@named(CASES["cases"])
def test_an_artifact_is_linked_as_written(case: dict[str, Any], tmp_path: Path) -> None:
    files = packed(tmp_path, [bytes_of(entry["content"]) for entry in case["entries"]])
    program = gzip(case["program"].encode())
    artifact = link(bytes_of(case["runner"]), files, program)
    assert artifact == bytes_of(case["artifact"])
    assert hashlib.sha256(artifact).hexdigest() == case["digest"]


@named(CASES["cases"])
def test_an_artifact_splits_into_what_it_was_linked_of(case: dict[str, Any]) -> None:
    parts = split(bytes_of(case["artifact"]))
    assert parts.runner == bytes_of(case["runner"])
    assert gunzip(parts.program, 1 << 20).decode() == case["program"]
    if not case["entries"]:
        assert parts.files == b""
        return
    with tarfile.open(fileobj=io.BytesIO(parts.files)) as tar:
        for member, entry in zip(tar, case["entries"], strict=True):
            stream = tar.extractfile(member)
            assert stream is not None
            assert (member.name, stream.read()) == (entry["digest"], bytes_of(entry["content"]))
            assert (member.mode, member.mtime, member.uid, member.gid) == (0o600, 0, 0, 0)


@named(CASES["broken"])
def test_what_is_not_a_sound_artifact_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(CompileError, match=REFUSALS[case["error"]]):
        split(bytes_of(case["artifact"]))


@given(st.binary(max_size=64), st.binary(max_size=64), st.binary(max_size=64))
def test_link_and_split_are_inverse(runner: bytes, files: bytes, program: bytes) -> None:
    artifact = link(runner, files, program)
    parts = split(artifact)
    assert (parts.runner, parts.files, parts.program) == (runner, files, program)
    read = Trailer.unpack(artifact[-TRAILER_SIZE:])
    assert read.pack() == artifact[-TRAILER_SIZE:]
    assert read.size == len(artifact)


@given(st.binary(max_size=4096))
def test_gzip_is_read_by_others_and_by_ourselves(data: bytes) -> None:
    assert python_gzip.decompress(gzip(data)) == data
    assert gunzip(gzip(data), len(data)) == data


@pytest.mark.parametrize(
    ("data", "limit", "message"),
    [
        (gzip(b"x" * 1000), 999, "more than 999 bytes"),
        (gzip(b"x" * 1000)[:-1], 2000, "does not end"),
        (gzip(b"x") + b"y", 2000, "does not end"),
        (b"plain", 2000, "damaged gzip"),
    ],
)
def test_gunzip_is_bounded_and_exact(data: bytes, limit: int, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        gunzip(data, limit)


def test_a_file_that_changes_while_it_is_packed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "app"
    path.write_bytes(b"new")
    with pytest.raises(CompileError, match="changed while it was compiled"):
        archive.pack([(hashlib.sha256(b"old").hexdigest(), path)], io.BytesIO())


def test_a_file_that_went_is_told(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"cannot read .*gone: No such file"):
        archive.pack([("0" * 64, tmp_path / "gone")], io.BytesIO())


def packed(folder: Path, contents: list[bytes]) -> bytes:
    if not contents:
        return b""
    pairs = []
    for data in contents:
        digest = hashlib.sha256(data).hexdigest()
        (folder / digest).write_bytes(data)
        pairs.append((digest, folder / digest))
    out = io.BytesIO()
    archive.pack(pairs, out)
    return out.getvalue()
