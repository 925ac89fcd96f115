"""Executables for other machines than this one do there what they do here; an emulator starts them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_tasks.compiler import compile_plan
from deploy_tasks.plan.files import files
from deploy_tasks.plan.playbook import load_playbook
from tests.support.compiler import shared_cache
from tests.support.wine import Windows, wine

pytestmark = pytest.mark.timeout(600)

SITE = """
- hosts: all
  vars: {who: you}
  tasks:
    - file: {path: "{{ base }}/d", state: directory}
    - copy: {src: one, dest: "{{ base }}/d/one"}
    - template: {src: motd.j2, dest: "{{ base }}/motd"}
    - command: {argv: COPY, creates: "{{ base }}/made"}
      undo: REMOVE
"""

Ended = subprocess.CompletedProcess[str]


def compiled(folder: Path, triple: str, copy: list[str], remove: list[str]) -> Path:
    """The playbook above as an executable for this platform, whose copies are made and removed with these commands."""
    folder.mkdir()
    (folder / "site.yml").write_text(SITE.replace("COPY", json.dumps(copy)).replace("REMOVE", json.dumps(remove)))
    (folder / "one").write_text("1\n")
    (folder / "motd.j2").write_text("{{ who }} on {{ ansible_system }}, {{ ansible_architecture }}\n")
    loaded = load_playbook(folder / "site.yml")
    return compile_plan(loaded.plan, files(loaded.plan, loaded.base), triple, cache=shared_cache()).path


def there_and_back(command: Callable[..., Ended], base: str, seen: Path, machine: str) -> None:
    """Run it, run it again, verify, list, and take it all back; `seen` is the folder `base` of the other machine."""

    def summary(*arguments: str) -> dict[str, object]:
        ended = command(*arguments, "--json")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        said: dict[str, object] = json.loads(ended.stdout.splitlines()[-1])
        return said

    variables = ("-e", f"base={base}")
    first = summary("run", *variables)
    assert (first["status"], first["ok"], first["changed"]) == ("succeeded", 5, 4)
    assert (seen / "d" / "one").read_text() == "1\n"
    assert (seen / "motd").read_text() == (seen / "made").read_text() == machine
    again = summary("run", *variables)
    assert (again["ok"], again["changed"]) == (5, 0)
    assert summary("verify", *variables)["status"] == "succeeded"
    listed = command("list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [first["deployment"], again["deployment"]]
    assert summary("undo", "--with-later", str(first["deployment"]))["status"] == "rolled_back"
    assert not seen.exists()
    assert "applied" not in command("list").stdout


def lacking(what: str) -> None:
    """Skip the test; in CI fail it."""
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"CI must run the builds for other machines: no {what}, see tools/setup tests", pytrace=False)
    pytest.skip(f"no {what}")


def test_an_arm_of_linux(tmp_path: Path) -> None:
    emulator = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if emulator is None:
        lacking("qemu-aarch64")
    base = tmp_path / "out"
    copy, remove = ["cp", "{{ base }}/motd", "{{ base }}/made"], ["rm", "-f", "{{ base }}/made"]
    path = compiled(tmp_path / "source", "aarch64-linux", copy, remove)

    def command(*arguments: str) -> Ended:
        line = [str(emulator), str(path), *arguments, "--state-dir", str(tmp_path / "state")]
        return subprocess.run(line, env={}, capture_output=True, text=True, timeout=120, check=False)

    there_and_back(command, str(base), base, "you on Linux, aarch64\n")


# Never demanded in CI: wine64 of Debian is 700 MB.
@pytest.mark.skipif(wine() is None, reason="no wine64")
def test_windows(tmp_path: Path) -> None:
    copy, remove = ["cmd", "/c", "copy", r"C:\out\motd", r"C:\out\made"], ["cmd", "/c", "del", r"C:\out\made"]
    path = compiled(tmp_path / "source", "x86_64-windows", copy, remove)
    windows = Windows(str(wine()), tmp_path)

    def command(*arguments: str) -> Ended:
        return windows.run(str(path), *arguments, "--state-dir", r"C:\state")

    there_and_back(command, "C:/out", windows.drive / "out", "you on Win32NT, 64-bit\n")
