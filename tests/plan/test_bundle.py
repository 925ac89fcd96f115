"""Bundles: the same bytes for the same input, and nothing a strange archive could do."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_tasks.errors import BadInput
from deploy_tasks.plan.bundle import make_bundle, read_bundle
from deploy_tasks.plan.inventory import parse_hosts_argument
from deploy_tasks.plan.load import plan_of

PLAN = plan_of(
    {
        "tasks": [
            {"id": "a", "name": "a", "module": "copy", "args": {"src": "x", "dest": "/x"}, "loop": [1], "when": "y"}
        ]
    },
    source="web.json",
)
INVENTORY = parse_hosts_argument("web1,web2:2222")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for name, mode in (("app/run", 0o755), ("app/conf", 0o640)):
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(5000))
        path.chmod(mode)
        found[name] = path
    return found


def test_what_goes_in_comes_out(files: dict[str, Path], tmp_path: Path) -> None:
    data = make_bundle(PLAN, INVENTORY, files, {"verify": True, "tags": ["ü"]})
    with read_bundle(data) as made:
        assert made.plan == PLAN
        assert made.inventory == INVENTORY
        assert made.options == {"verify": True, "tags": ["ü"]}
        assert sorted(made.files) == sorted(files)
        for name, path in files.items():
            assert made.files[name].read_bytes() == path.read_bytes()
            assert made.files[name].stat().st_mode & 0o777 == path.stat().st_mode & 0o777
        root = made.files_root
        assert root.stat().st_mode & 0o077 == 0
    assert not root.exists()
    stored = tmp_path / "bundle"
    stored.write_bytes(data)
    assert read_bundle(stored, tmp_path / "into").files["app/run"] == tmp_path / "into" / "app" / "run"


def test_the_same_input_gives_the_same_bytes(files: dict[str, Path]) -> None:
    first = make_bundle(PLAN, INVENTORY, files, {"a": 1})
    for path in files.values():
        os.utime(path, (1, 1))
    assert make_bundle(PLAN, INVENTORY, dict(reversed(files.items())), {"a": 1}) == first


def archive(*entries: tuple[str, bytes], change: Callable[[tarfile.TarInfo], None] | None = None) -> bytes:
    """A bundle of ours with further entries, the last of them changed."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, data in (
            ("plan.json", b'{"name":"x","format":"playbook"}'),
            ("inventory.json", b"{}"),
            ("options.json", b"{}"),
            *entries,
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            if change and (name, data) == entries[-1]:
                change(entry)
            made.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def link_to(target: str) -> Callable[[tarfile.TarInfo], None]:
    def change(entry: tarfile.TarInfo) -> None:
        entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, target, 0

    return change


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        gzip.compress(b"no archive" * 100),
        archive()[:100],
        archive(("files/../../evil", b"x")),
        archive(("files//etc/evil", b"x")),
        archive(("files/a/../../evil", b"x")),
        archive(("/files/evil", b"x")),
        archive(("other", b"x")),
        archive(("files/", b"x")),
        archive(("files/link", b""), change=link_to("/etc/passwd")),
        archive(("options.json", b"[1]")),
        archive(("plan.json", b"[1]")),
        archive(("plan.json", b'{"name": 5}')),
        archive(("plan.json", b"{")),
    ],
    ids=lambda data: "",  # archives hold the time, and ids must be the same in every test process
)
def test_what_is_no_bundle_is_refused_and_leaves_nothing(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(BadInput):
        read_bundle(data)
    assert list(tmp_path.iterdir()) == []


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        read_bundle(archive(("files/a", b"x"), ("files/a", b"y")), tmp_path / "into")


def test_a_name_that_leaves_its_folder_is_never_packed(files: dict[str, Path]) -> None:
    with pytest.raises(BadInput):
        make_bundle(PLAN, INVENTORY, {"../x": files["app/run"]}, {})
