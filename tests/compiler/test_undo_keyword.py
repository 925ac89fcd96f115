"""`undo` of tasks and blocks: performed in the reverse order, with the values that the tasks had."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.compiler import compile_plan, this_machine
from deploy_tasks.plan.files import files
from tests.support.compiler import shared_cache
from tests.support.playbooks import load

pytestmark = pytest.mark.timeout(600)
SITE = """
- hosts: all
  gather_facts: false
  vars: {password: opensesame}
  tasks:
    - name: items
      shell: echo {{ item }} >> log
      loop: [a, b]
      undo: echo undo {{ item }} >> log
    - name: block
      undo:
        - name: the folder goes
          file: {path: "{{ place }}/made", state: absent}
        - name: never
          command: "false"
          when: item is defined
        - name: the log is told
          shell: echo "undo block $WHO" >> log
          environment: {WHO: us}
      block:
        - command: mkdir -p made/deep
        - copy: {dest: "{{ place }}/made/ours", content: x}
    - name: not needed
      command: touch here
      args: {creates: site.yml}
      undo: echo wrong >> log
    - name: looks
      command: "true"
      changed_when: false
      undo: echo wrong >> log
    - name: hidden
      command: "true"
      no_log: true
      undo: [sh, -c, "echo $0 >> log; test ! -e broken", "{{ password }}"]
    - name: lasts
      command: "true"
"""


def performed(folder: Path, executable: Path, *arguments: str) -> dict[str, Any]:
    command = [str(executable), *arguments, "--json", "--state-dir", str(folder / "state")]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def test_tasks_and_blocks_say_how_they_are_taken_back(tmp_path: Path) -> None:
    site = SITE.replace("{{ place }}", str(tmp_path))
    loaded = load(tmp_path / "site", {"site.yml": site})
    made = compile_plan(loaded.plan, files(loaded.plan, loaded.base), this_machine(), cache=shared_cache()).path
    (tmp_path / "site.yml").touch()
    ran = performed(tmp_path, made, "run", "--deployment", "d1")
    assert (ran["status"], (tmp_path / "log").read_text()) == ("succeeded", "a\nb\n")
    journal = (tmp_path / "state/deployments/d1/journal").read_text()
    assert journal.count('"op":"tasks"') == 4
    assert "opensesame" in journal

    (tmp_path / "broken").touch()
    failed = performed(tmp_path, made, "undo", "d1")
    assert failed["status"] == "undo_failed"
    assert [each["path"] for each in failed["undo"]["conflicted"]] == ["undo of hidden: command"]
    assert "opensesame" not in json.dumps(failed)
    assert [each["what"] for each in failed["undo"]["irreversible"]] == ["true"]
    told = "opensesame\nundo block us\nundo b\nundo a\n"
    assert (tmp_path / "log").read_text() == "a\nb\n" + told
    assert not (tmp_path / "made").exists()

    (tmp_path / "broken").unlink()
    assert performed(tmp_path, made, "undo", "d1")["status"] == "rolled_back"
    assert (tmp_path / "log").read_text() == "a\nb\n" + told + "opensesame\n"
