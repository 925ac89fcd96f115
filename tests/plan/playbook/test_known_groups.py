"""The groups of the inventory in what must be known before a play runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.plan.inventory import load_inventory
from deploy_tasks.plan.model import Inventory
from tests.support.playbooks import load, only_play, problems


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    place = tmp_path / "hosts.ini"
    place.write_text("[web]\nw1\nw2\n[db]\nd1\n")
    return load_inventory(place)


def test_hosts_and_serial_know_the_groups(tmp_path: Path, inventory: Inventory) -> None:
    site = '- hosts: "{{ groups[\'web\'][1:] + groups.db }}"\n  serial: "{{ groups.web | length }}"\n  tasks: []\n'
    play = only_play(load(tmp_path, {"site.yml": site}, inventory=inventory))
    assert (play.hosts, play.serial) == (("w2", "d1"), (2,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ groups['other'] }}", "has no attribute 'other'"),
        ("{{ groups['other'] | default([]) }}", "names no hosts"),
    ],
)
def test_a_group_that_is_not_there_is_told(tmp_path: Path, inventory: Inventory, text: str, message: str) -> None:
    (problem,) = problems(tmp_path, {"site.yml": f'- hosts: "{text}"\n  tasks: []\n'}, inventory=inventory)
    assert message in problem.message


def test_groups_that_tasks_fill_are_not_known_before(tmp_path: Path, inventory: Inventory) -> None:
    first = "- hosts: web\n  tasks: [{add_host: {name: w1, groups: db}}]\n"
    site = first + "- hosts: \"{{ groups['db'] }}\"\n  tasks: []\n"
    (problem,) = problems(tmp_path, {"site.yml": site}, inventory=inventory)
    assert "'groups' is not known before the deployment" in problem.message


def test_without_an_inventory_no_groups_are_known(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"site.yml": "- hosts: \"{{ groups['db'] }}\"\n  tasks: []\n"})
    assert "'groups' is not known before the deployment" in problem.message
