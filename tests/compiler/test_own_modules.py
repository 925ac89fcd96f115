"""Modules of a plan's own in a real executable: performed, fired as handlers, taken back, also after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.compiler import compile_plan, this_machine
from deploy_tasks.plan.files import files
from deploy_tasks.plan.load import load
from tests.support.compiler import shared_cache

pytestmark = pytest.mark.timeout(600)
#: Sets a value in a file; with `slow` it writes half of it and waits.
SETTING = """#!/bin/sh
. "$1"
case $_deploy_tasks_undo in
look)
    if [ -e "$file" ]; then now="\\"$(cat "$file")\\""; else now=null; fi
    echo "{\\"_deploy_tasks_state\\": $now, \\"_deploy_tasks_thing\\": \\"$file\\"}"
    ;;
restore)
    if [ -n "$_deploy_tasks_state" ]; then printf %s "$_deploy_tasks_state" > "$file"; else rm -f "$file"; fi
    echo '{}'
    ;;
*)
    if [ -n "$slow" ]; then printf half > "$file"; sleep 600; fi
    printf %s "$value" > "$file"
    echo '{"changed": true}'
    ;;
esac
"""
NOTE = """#!/bin/sh
. "$1"
echo "$text" >> "$log"
echo "{\\"changed\\": true, \\"said\\": \\"$text\\"}"
"""
SITE = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: first, setting: {file: "{{ place }}/one", value: new}, notify: told}
    - {name: second, setting: {file: "{{ place }}/one", value: newer}}
    - {name: made, setting: {file: "{{ place }}/two", value: "{{ secret }}"}, no_log: true}
    - name: noted
      note: {log: "{{ place }}/log", text: done}
      undo: [{note: {log: "{{ place }}/log", text: undone}}]
    - name: lasts
      note: "{{ given }}"
      args: {text: "{{ 'lasts' }}"}
      vars: {given: {log: "{{ place }}/log", text: other}}
      register: last
    - {assert: {that: last.said == 'lasts'}}
  handlers:
    - {name: told, note: {log: "{{ place }}/log", text: handled}}
"""
SLOW = """
- hosts: all
  gather_facts: false
  tasks: [{name: slow, setting: {file: "{{ place }}/one", value: new, slow: 1}}]
"""


def made(folder: Path, site: str) -> Path:
    """The executable of a playbook with both modules beside it."""
    (folder / "library").mkdir()
    (folder / "library/setting").write_text(SETTING)
    (folder / "library/note").write_text(NOTE)
    (folder / "site.yml").write_text(site)
    found = load(str(folder / "site.yml"))
    artifact = compile_plan(found.plan, files(found.plan, found.base), this_machine(), cache=shared_cache())
    executable = folder / "site"
    executable.write_bytes(artifact.path.read_bytes())
    executable.chmod(0o700)
    return executable


def command(folder: Path, executable: Path, *arguments: str) -> list[str]:
    extra = ["-e", json.dumps({"place": str(folder), "secret": "opensesame"})] if arguments[0] == "run" else []
    return [str(executable), *arguments, *extra, "--json", "--state-dir", str(folder / "state")]


def performed(folder: Path, executable: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """The last line that a run printed, and all of it."""
    ended = subprocess.run(
        command(folder, executable, *arguments), cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout, ended.stderr
    return dict(json.loads(ended.stdout.splitlines()[-1])), ended.stdout


def test_own_modules_are_performed_and_taken_back(tmp_path: Path) -> None:
    executable = made(tmp_path, SITE)
    (tmp_path / "one").write_text("old")
    summary, told = performed(tmp_path, executable, "run")
    assert (summary["status"], summary["changed"], summary["irreversible"]) == ("succeeded", 6, 1), told
    assert "opensesame" not in told
    assert [(tmp_path / name).read_text() for name in ("one", "two")] == ["newer", "opensesame"]
    assert (tmp_path / "log").read_text().split() == ["done", "lasts", "handled"]

    foreseen, told = performed(tmp_path, executable, "undo", "--dry-run")
    assert foreseen["undo"]["conflicted"] == [], told
    assert (tmp_path / "one").read_text() == "newer"

    summary, told = performed(tmp_path, executable, "undo")
    assert summary["status"] == "rolled_back", told
    assert f"module setting {tmp_path}/one" in summary["undo"]["undone"]
    assert [each["what"] for each in summary["undo"]["irreversible"]] == ["module note"]
    assert "opensesame" not in told
    assert (tmp_path / "one").read_text() == "old"
    assert not (tmp_path / "two").exists()
    assert (tmp_path / "log").read_text().split() == ["done", "lasts", "handled", "undone", "handled"]


def test_what_a_killed_run_left_by_half_is_taken_back(tmp_path: Path) -> None:
    executable = made(tmp_path, SLOW)
    (tmp_path / "one").write_text("old")
    run = subprocess.Popen(
        command(tmp_path, executable, "run", "--deployment", "d1"),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while (tmp_path / "one").read_text() != "half" and time.monotonic() < until:
            assert run.poll() is None
            time.sleep(0.01)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    summary, told = performed(tmp_path, executable, "undo", "d1")
    assert summary["status"] == "rolled_back", told
    assert (tmp_path / "one").read_text() == "old"
