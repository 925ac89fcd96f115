"""`with_filetree`: the items of folders, and the files that travel for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.plan.files import files
from deploy_tasks.plan.model import Task
from tests.support.playbooks import load, only_play, problems, work

SITE = """
- hosts: all
  vars: {tree: web}
  tasks:
    - copy: {src: "{{ item.src }}", dest: "/srv/{{ item.path }}", mode: "{{ item.mode }}"}
      with_community.general.filetree: [FOLDERS]
      when: item.state == 'file'
"""
FILES = {"files/web/a": "a", "files/web/sub/b": "bb", "more/a": "other", "more/c": "c", "files/not": ""}


def test_folders_are_items(tmp_path: Path) -> None:
    loaded = load(tmp_path, {**FILES, "site.yml": SITE.replace("FOLDERS", '"{{ tree }}", more/')})
    (task,) = work(only_play(loaded))
    assert isinstance(task, Task)
    assert [(each["path"], each["state"], each.get("src"), each["root"]) for each in task.loop] == [
        ("sub", "directory", None, "files/web"),
        ("a", "file", "files/web/a", "files/web"),
        ("sub/b", "file", "files/web/sub/b", "files/web"),
        ("c", "file", "more/c", "more"),
    ]
    assert task.args["src"] == "{{ item.src }}"
    assert list(files(loaded.plan, loaded.base)) == ["files/web/a", "files/web/sub/b", "more/c"]


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ('"{{ fact }}"', "the folder of with_filetree must be known when the playbook is read"),
        ("none", "there is no folder 'none'"),
    ],
)
def test_what_is_refused(tmp_path: Path, folder: str, message: str) -> None:
    found = problems(tmp_path, {**FILES, "site.yml": SITE.replace("FOLDERS", folder)})
    assert message in [problem.message.splitlines()[0] for problem in found]
