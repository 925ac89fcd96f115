"""An executable on a machine by itself: no environment, no PATH, no network, no Python, no rights but a user's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_tasks.compiler import compile_plan, this_machine
from deploy_tasks.plan.files import files
from deploy_tasks.plan.playbook import load_playbook
from tests.support.compiler import shared_cache

pytestmark = pytest.mark.timeout(600)

NOBODY = 65534
SITE = """
- name: the page
  hosts: all
  tasks:
    - name: folder
      file: {path: "{{ base }}/d", state: directory}
    - name: page
      template: {src: page.j2, dest: "{{ base }}/d/page"}
    - name: copy
      command: cp {{ base }}/d/page {{ base }}/d/copy
      args: {creates: "{{ base }}/d/copy"}
      undo: rm -f {{ base }}/d/copy
    - name: network
      command: cat /proc/net/dev
      changed_when: false
      register: devices
    - name: none but the loopback
      assert: {that: "devices.stdout_lines[2:] | reject('search', '^ *lo:') | list == []"}
"""


class Machine:
    """A folder that a plain user owns, with the executable in it."""

    def __init__(self, folder: Path, home: Path) -> None:
        source = folder / "source"
        source.mkdir()
        (source / "site.yml").write_text(SITE)
        (source / "page.j2").write_text("{{ title | upper }}\n")
        loaded = load_playbook(source / "site.yml")
        made = compile_plan(loaded.plan, files(loaded.plan, loaded.base), this_machine(), cache=shared_cache())
        self.home = home
        self.path = self.home / "web"
        shutil.copy(made.path, self.path)
        self.path.chmod(0o755)
        for each in (self.home, self.path):
            os.chown(each, NOBODY, NOBODY)

    def run(self, *arguments: str, expected: int = 0, **environment: str) -> str:
        """What it prints, on either stream; the exit status must be as expected."""
        unshare = shutil.which("unshare") or pytest.skip("no unshare")
        user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        line = [unshare, "--net", "/usr/bin/setpriv", *user, str(self.path), *arguments]
        ended = subprocess.run(
            line, env=environment, cwd=self.home, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == expected, (arguments, ended.stdout, ended.stderr)
        return ended.stdout + ended.stderr


@pytest.fixture
def home() -> Iterator[Path]:
    """Not in the folder of the test: that is for the user alone who runs the tests."""
    with tempfile.TemporaryDirectory(prefix="deploy-tasks-home-") as folder:
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else without a network")
def test_alone(tmp_path: Path, home: Path) -> None:
    machine = Machine(tmp_path, home)
    assert "The program: site.yml (the page)." in machine.run("--help")
    assert "--state-dir" in machine.run("list", expected=4), "there is no home to keep anything in"
    at, base = str(machine.home), machine.home / "out"
    variables = ("-e", f"base={base}", "-e", "title=hello")
    assert f"no deployments in {at}/.local/state/deploy-tasks" in machine.run("list", HOME=at)
    assert "checked  5 ok, 3 changed" in machine.run("check", *variables, HOME=at)
    assert not base.exists()
    assert "succeeded  6 ok, 3 changed" in machine.run("run", *variables, HOME=at)
    assert (base / "d" / "copy").read_text() == "HELLO\n"
    assert (base / "d").stat().st_uid == NOBODY
    assert "verified" in machine.run("verify", *variables, HOME=at)
    foreseen = machine.run("undo", "--dry-run", HOME=at, expected=1)
    assert (
        f"would undo {base}/d/page\nconflict  {base}/d holds what is not ours: copy (unless the plan's own" in foreseen
    )
    (base / "d" / "page").write_text("drift\n")
    assert "drift     page" in machine.run("verify", *variables, HOME=at, expected=1)
    undone = machine.run("undo", HOME=at, expected=1)
    assert f"conflict  {base}/d/page" in undone
    again = undone.split("when the conflicts are gone: ")[1].split()
    assert again[:2] == [str(machine.path), "undo"]
    (base / "d" / "page").write_text("HELLO\n")
    assert "rolled back" in machine.run(*again[1:], HOME=at)
    assert not base.exists()
    assert "rolled_back" in machine.run("list", HOME=at)
