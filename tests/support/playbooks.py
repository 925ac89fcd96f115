"""Small sites of playbooks and roles, written as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.errors import PlanError, Problem
from deploy_tasks.plan.model import Block, Include, Play, Step, Task
from deploy_tasks.plan.playbook import Loaded, load_playbook


def write_site(folder: Path, files: Mapping[str, str]) -> Path:
    """The files by their names in `folder`; returns the folder."""
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def load(folder: Path, files: Mapping[str, str], playbook: str = "site.yml", **options: Any) -> Loaded:
    """The plan of a site that is written first."""
    return load_playbook(write_site(folder, files) / playbook, **options)


def only_play(loaded: Loaded) -> Play:
    """The one play of a plan."""
    (play,) = loaded.plan.plays
    return play


def work(play: Play) -> list[Step]:
    """The steps of a play without those that run the pending handlers between its parts."""
    return [step for step in play.tasks if not (isinstance(step, Task) and ".flush" in step.id)]


def problems(folder: Path, files: Mapping[str, str], playbook: str = "site.yml", **options: Any) -> list[Problem]:
    """What is wrong with a site."""
    with pytest.raises(PlanError) as caught:
        load(folder, files, playbook, **options)
    return list(caught.value.problems)


def outline(steps: Any) -> list[Any]:
    """Names of tasks, blocks and includes as nested lists: blocks as (name, inner), includes as {target: inner}."""
    found: list[Any] = []
    for step in steps:
        if isinstance(step, Block):
            found.append((step.role or step.name, outline(step.block)))
        elif isinstance(step, Include):
            found.append({name: outline(choice) for name, choice in step.choices.items()})
        else:
            found.append(step.name)
    return found
