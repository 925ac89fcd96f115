"""Whatever a playbook or role holds, it becomes a plan or problems with places; nothing else is raised."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.errors import PlanError, Problem
from deploy_tasks.plan.playbook import load_playbook
from tests.support.playbooks import write_site

WORDS = [
    *["web", "a.yml", "{{ x }}", "{{ x", "{{ item }}.yml", "{% if a %}b{% endif %}", "", "/etc", "..", "../x", "all"],
    *["role_path", "{{ role_path }}/tasks/{{ y }}.yml", "x\x00y", "é", "-", "a,b", "roles/../a.yml", "{{ 1 / 0 }}"],
    *["{{ lookup('first_found', p) }}", "{{ query('fileglob', '*') }}", "{{ '*' * 3 }}", "{{ [x, 'web'] }}", "files"],
]
TASK_KEYS = [
    *["include_tasks", "import_tasks", "include_role", "import_role", "include_vars", "import_playbook", "copy"],
    *["template", "block", "rescue", "always", "loop", "with_items", "with_first_found", "with_fileglob", "register"],
    *["vars", "tags", "name", "args", "action", "local_action", "loop_control", "notify", "apply", "include", "meta"],
    "when",
]
ARGS = ["name", "role", "file", "apply", "tasks_from", "vars_from", "public", "dir", "depth", "src", "dest", "loop_var"]
PLAY_KEYS = [
    *["name", "roles", "tasks", "handlers", "pre_tasks", "vars", "vars_files", "serial", "max_fail_percentage", "tags"],
    *["import_playbook", "vars_prompt", "strategy", "gather_facts", "remote_user", "connection", "environment"],
]
GOOD: list[dict[str, Any]] = [
    {"command": "true", "loop": "{{ x }}"},
    {"copy": {"src": "{{ item }}", "dest": "/x"}, "with_fileglob": "*"},
    {"include_tasks": "{{ y }}.yml", "when": "y is defined"},
    {"include_role": {"name": "web", "tasks_from": "b"}, "vars": {"v": 1}},
    {"block": [{"debug": {"msg": "{{ x }}"}}], "tags": ["t"]},
]


class Documents:
    """Documents that are nearly right, by chance."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.calm = self.random.choice([0.2, 0.6, 0.98])

    def value(self, depth: int = 0) -> Any:
        kind = self.random.randrange(8 if depth < 2 else 5)
        if kind < 4:
            return self.random.choice(WORDS)
        if kind == 4:
            return self.random.choice([None, True, False, 0, 3, -1, 50, 1.5])
        if kind == 5:
            return {self.random.choice(ARGS + WORDS): self.value(depth + 1) for _ in range(self.random.randrange(3))}
        return [self.value(depth + 1) for _ in range(self.random.randrange(4))]

    def task(self, depth: int = 0) -> Any:
        if self.random.random() < self.calm:
            return self.random.choice(GOOD)
        if self.random.random() < 0.05:
            return self.value()
        task: dict[str, Any] = {}
        for _ in range(self.random.randint(1, 3)):
            key = self.random.choice(TASK_KEYS)
            task[key] = self.tasks(depth + 1) if key in ("block", "rescue", "always") else self.value()
            if key.endswith("_role") and self.random.random() < 0.8:
                task[key] = {"name": "web", **{arg: self.value(2) for arg in self.random.sample(ARGS, 1)}}
        return task

    def tasks(self, depth: int = 0) -> list[Any]:
        return [self.task(depth) for _ in range(self.random.randrange(4 - min(depth, 3)))]

    def play(self) -> dict[str, Any]:
        keys = self.random.sample(PLAY_KEYS, self.random.randrange(4)) if self.random.random() > self.calm else []
        play = {key: self.value() for key in keys}
        return {"hosts": "all", "roles": ["web"], "tasks": self.tasks(), **play}

    def site(self) -> dict[str, Any]:
        rarely = self.random.random() > max(0.7, self.calm)
        return {
            "site.yml": [self.play() for _ in range(self.random.randint(1, 2))],
            "a.yml": self.tasks(),
            "roles/web/tasks/main.yml": self.tasks(),
            "roles/web/tasks/b.yml": self.tasks(),
            "roles/web/handlers/main.yml": self.tasks(),
            "roles/web/defaults/main.yml": self.value() if rarely else {"x": self.value()},
            "roles/web/meta/main.yml": self.value() if rarely else {"dependencies": []},
            "roles/web/files/x": "",
        }


@pytest.mark.parametrize("seed", range(200))
def test_a_plan_or_problems_with_places(tmp_path: Path, seed: int) -> None:
    check(tmp_path, seed)


def check(folder: Path, seed: int) -> bool:
    """Whether the document of this number became a plan."""
    write_site(folder, {name: json.dumps(value) for name, value in Documents(seed).site().items()})
    found: list[Problem] = []
    try:
        assert load_playbook(folder / "site.yml", root=folder).base == folder
    except PlanError as error:
        found += error.problems
    assert all(problem.file and Path(problem.file).exists() for problem in found)
    return not found


def test_some_of_these_documents_are_right(tmp_path: Path) -> None:
    good = 0
    for seed in range(200, 300):
        good += check(tmp_path, seed)
        shutil.rmtree(tmp_path / "roles")
    assert good > 5
