"""Arguments as one mapping: files and names in it that are known beforehand are found and checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.plan.model import Task
from tests.support.playbooks import load, only_play, problems, work

SITE = """
- hosts: all
  vars:
    one: {src: a, dest: /x}
    two: {src: none, dest: /x}
    wrong: {src: a, dst: /x}
    inline: {content: a, dest: /x}
  tasks:
    - TASK
"""
FILES = {"files/a": "a", "files/b": "b"}


def site(task: str) -> dict[str, str]:
    return {**FILES, "site.yml": SITE.replace("TASK", task)}


def test_a_file_in_it_travels(tmp_path: Path) -> None:
    (task,) = work(only_play(load(tmp_path, site('copy: "{{ one }}"'))))
    assert isinstance(task, Task)
    assert task.brings == ("files/a",)
    named = "{'a': 'files/a'}.get(one['src'], one['src'])"
    whole = f"{{{{ (one | combine({{'src': {named}}} if 'src' in one else {{}})) }}}}"
    assert task.args == {"_variable_params": whole}


@pytest.mark.parametrize("task", ['copy: "{{ inline }}"', 'copy: {src: a}\n      args: "{{ fact }}"'])
def test_without_a_file_it_stays_as_it_is(tmp_path: Path, task: str) -> None:
    (found,) = work(only_play(load(tmp_path, site(task))))
    assert isinstance(found, Task)
    assert not found.brings


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ('copy: "{{ two }}"', "there is no file 'none'"),
        ('copy: "{{ wrong }}"', "copy has no argument 'dst'"),
        ('copy: "{{ fact }}"', "which file src in '{{ fact }}' names is only known on the host"),
        ('debug: "{{ one }}"', "the arguments of debug cannot come from one variable as a whole"),
    ],
)
def test_what_is_refused(tmp_path: Path, task: str, message: str) -> None:
    assert [problem.message.splitlines()[0] for problem in problems(tmp_path, site(task))] == [message]
