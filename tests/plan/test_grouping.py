"""What a `group_by` by one expression may be foreseen to say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.plan.grouping import foreseen
from deploy_tasks.plan.inventory import load_inventory
from deploy_tasks.plan.made_groups import with_made_groups
from deploy_tasks.plan.model import Inventory, Plan, Play, Task

HOSTS = "[web]\na role=db size=1\nb role='{{ kind }}' kind=cache\n[db]\nc\n[Debian]\nd\n[prod:children]\ndb\n"


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    (tmp_path / "hosts.ini").write_text(HOSTS)
    return load_inventory(tmp_path / "hosts.ini")


def plan(key: Any, then: str = "db", **of: Any) -> Plan:
    task = Task(id="t", name="t", module="group_by", args={"key": key}, **of)
    plays = (Play(id="p", name="p", hosts=("web",), vars={"own": "x y"}, tasks=(task,)),)
    return Plan(name="p", format="playbook", plays=(*plays, Play(id="q", name="q", hosts=(then,))))


def names(inventory: Inventory, key: Any, extra: dict[str, Any] | None = None, **of: Any) -> list[str]:
    play = plan(key, **of).plays[0]
    (task,) = play.walk()
    return list(foreseen(task, play, inventory, extra or {}))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("{{ role }}", ["db", "cache"]),
        ("{{ size }}", ["1"]),
        ("{{ own }}", ["x-y"]),
        ("{{ role if role is defined else 'none' }}", ["db", "cache"]),
        ("{{ unknown }}", []),
        ("{{ ansible_facts.hostname }}", []),
        ("os_{{ role }}", []),
        ("db", []),
        ("", []),
        (5, []),
    ],
)
def test_variables_of_the_inventory_and_the_play(inventory: Inventory, key: Any, expected: list[str]) -> None:
    assert names(inventory, key) == expected


def test_the_callers_variables_are_stronger_and_loops_are_gone_through(inventory: Inventory) -> None:
    assert names(inventory, "{{ role }}", {"role": "given"}) == ["given"]
    assert names(inventory, "{{ item }}", loop=["m", "{{ role }}"]) == ["m", "db", "cache"]


@pytest.mark.parametrize(
    "key", ["{{ ansible_os_family }}", "{{ansible_facts.os_family}}", "{{ ansible_facts['os_family'] }}"]
)
def test_facts_whose_values_are_known(inventory: Inventory, key: str) -> None:
    assert "Debian" in names(inventory, key)
    assert "debian" in names(inventory, key.replace("}}", "| lower }}"))


def test_secret_values_are_no_names(inventory: Inventory) -> None:
    assert names(inventory.model_copy(update={"secrets": ("db",)}), "{{ role }}") == ["cache"]


def test_hosts_come_along_to_the_plays_of_groups_that_are_foreseen(inventory: Inventory) -> None:
    found = with_made_groups(plan("{{ role }}", then="prod"), inventory)
    assert (found.select(("prod",)), found.unforeseen) == (("c", "a", "b"), {})
    found = with_made_groups(plan("{{ ansible_os_family }}", then="Debian"), inventory)
    assert (found.select(("Debian",)), found.unforeseen) == (("d", "a", "b"), {})
    # Of the others nothing is foreseen: they are told when it runs.
    found = with_made_groups(plan("{{ ansible_os_family }}"), inventory)
    assert (found.select(("db",)), found.unforeseen) == (("c",), {"db": ("a", "b")})
