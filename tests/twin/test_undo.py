"""What is compared after an undo: everything of a path that an undo promises."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.twin import undo

PART: dict[str, Callable[[Path], Any]] = {
    "content": lambda at: _rewrite(at / "file", b'{ "start": 2 }'),
    "mode": lambda at: (at / "file").chmod(0o4711),
    "changed": lambda at: os.utime(at, ns=(1, 1)),
    "kind": lambda at: _each((at / "link").unlink, (at / "link").mkdir),
    "same_as": lambda at: _each(lambda: os.replace(at / "other", at / "copy"), lambda: _rewrite(at / "other", b"{}")),
    "was not there": lambda at: (at / "new").touch(),
    "is gone": lambda at: (at / "link").unlink(),
}


def _each(*steps: Callable[[], Any]) -> None:
    for step in steps:
        step()


@pytest.mark.parametrize("part", PART)
def test_every_part_of_a_path_is_compared(part: str, tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "file").write_bytes(b'{"start": 1 }')
    os.link(folder / "file", folder / "other")
    (folder / "link").symlink_to("file")
    before = undo.read(tmp_path, "/t")
    assert not list(undo.differences(before, undo.read(tmp_path, "/t")))
    change: Callable[[Path], object] = PART[part]
    change(folder)
    told = list(undo.differences(before, undo.read(tmp_path, "/t")))
    assert any(part in line for line in told), told


def _rewrite(path: Path, content: bytes) -> None:
    """Other bytes, everything else as before: also the times."""
    found = path.stat() if path.exists() else None
    path.write_bytes(content)
    if found is not None:
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
