"""`with_filetree`: the items of folders, and the files that travel for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy_tasks.plan.files import files
from deploy_tasks.plan.model import Task
from deploy_tasks.plan.playbook import filetree
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


@pytest.mark.parametrize("folder", ["/OUT/tree", "link", "/OUT/plan/link"])
def test_nothing_outside_is_gone_through(tmp_path: Path, folder: str) -> None:
    outside, inside = tmp_path / "tree", tmp_path / "plan"
    (outside / "private").mkdir(parents=True)
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    site = {"site.yml": SITE.replace("FOLDERS", folder.replace("/OUT", str(tmp_path)))}
    (problem,) = problems(inside, site, root=inside)
    assert "lies outside" in problem.message
    assert "private" not in problem.message


def test_a_tree_is_gone_through_up_to_a_bound_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filetree, "_MAX_ITEMS", 2)
    seen: list[str] = []
    real = os.lstat

    def noted(place: str) -> os.stat_result:
        seen.append(str(place))
        return real(place)

    monkeypatch.setattr(os, "lstat", noted)
    many = {f"files/web/{n}": "" for n in range(50)}
    (problem,) = problems(tmp_path, {**many, "site.yml": SITE.replace("FOLDERS", "web")})
    assert problem.message.startswith("goes through more than 2 files")
    assert len([place for place in seen if "/web/" in place]) < 10


def test_an_entry_that_is_gone_meanwhile_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.lstat

    def lstat(place: str) -> os.stat_result:
        if place.endswith("/a"):
            raise FileNotFoundError(place)
        return real(place)

    monkeypatch.setattr(os, "lstat", lstat)
    (task,) = work(only_play(load(tmp_path, {**FILES, "site.yml": SITE.replace("FOLDERS", "web")})))
    assert isinstance(task, Task)
    assert [each["path"] for each in task.loop] == ["sub", "sub/b"]
