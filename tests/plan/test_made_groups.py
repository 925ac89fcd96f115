"""Hosts that a plan puts into groups: who may be in a group before it runs, and what variables they have in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.plan.inventory import inventory_for, load_inventory
from deploy_tasks.plan.made_groups import with_made_groups
from deploy_tasks.plan.model import Inventory, Plan, Play, Task

HOSTS = """
[web]
a size=own
b
[db]
[prod:children]
db
[prod:vars]
from=prod
above=prod
[db:vars]
from=db
size=db
"""


def plan(*tasks: tuple[str, dict[str, Any]], hosts: str = "web", then: str = "db") -> Plan:
    made = tuple(Task(id=f"t{n}", name="t", module=module, args=args) for n, (module, args) in enumerate(tasks))
    plays = (Play(id="p", name="p", hosts=(hosts,), tasks=made), Play(id="q", name="q", hosts=(then,)))
    return Plan(name="p", format="playbook", plays=plays)


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    (tmp_path / "hosts.ini").write_text(HOSTS)
    return load_inventory(tmp_path / "hosts.ini")


def adding(name: str, groups: Any) -> tuple[str, dict[str, Any]]:
    return "add_host", {"name": name, "groups": groups}


def test_a_host_that_comes_into_a_group_may_be_in_those_the_plan_puts_it_below(inventory: Inventory) -> None:
    below = "group_by", {"key": "of_{{ x }}", "parents": "kinds"}
    above = "group_by", {"key": "kinds", "parents": ["top", "all"]}
    found = with_made_groups(plan(below, above, adding("b", "of_y"), hosts="db", then="top"), inventory)
    assert found.select(("top",)) == ("b",)
    assert found.puts_below("of_y", "kinds")
    assert found.puts_below("kinds", "top")
    assert not found.puts_below("web", "kinds")
    assert found.puts_below("web", "all")


@pytest.mark.parametrize(
    ("task", "pattern", "hosts"),
    [
        (adding("b", "db"), "db", ("b",)),
        (adding("b", "db"), "prod", ("b",)),
        (("group_by", {"key": "of_{{ x }}", "parents": ["kinds"]}), "kinds", ("a", "b")),
        (adding("b", "{{ x }}"), "prod", ("b",)),
        (adding("{{ x }}", ["d{{ y }}"]), "prod", ("a", "b")),
        (adding("{{ x }}", ["d{{ y }}"]), "db[0]", ("a", "b")),
        (adding("b", "db,{{ x ~ ',' }}"), "prod", ("b",)),
        (adding("b", "new , d{{ x }}"), "new", ("b",)),
        (adding("b", "db"), "d*", ("b",)),
        (adding("b", "db"), "web:!db", ("a", "b")),
        (adding("b", "db"), "web:&prod", ("b",)),
        (adding("b", "db"), "web[0]", ("a",)),
        (adding("b", "new"), "all:!new", ("a", "b")),
        (adding("b", "{{ x }}"), "web[0]", ("a",)),
        (adding("b", "{{ x }}"), "wx[0]", ("b",)),
        (adding("b", "{{ x }}"), "we*", ("b", "a")),
        (adding("b", "{{ x }}"), "~we", ("b", "a")),
        (adding("b", "{{ x }}"), "all:!we*", ("a", "b")),
        (("group_by", {"key": "db"}), "prod", ("a", "b")),
        (("group_by", {"key": "{{ x }}"}), "db", ()),
        (("group_by", {"key": "db-{{ x }}"}), "db", ()),
        (adding("b", "other"), "db", ()),
    ],
)
def test_who_may_be_in_a_group(
    inventory: Inventory, task: tuple[str, dict[str, Any]], pattern: str, hosts: tuple[str, ...]
) -> None:
    found = with_made_groups(plan(task, then=pattern), inventory)
    assert found.select((pattern,)) == hosts


@pytest.mark.parametrize(
    ("key", "then", "expected"),
    [
        ("{{ x }}", "db", {"db": ("a", "b")}),
        ("{{ x }}", "prod[0]", {"prod": ("a", "b")}),
        ("{{ x }}", "b:&d*", {"db": ("a",)}),
        ("{{ x }}", "db:a", {"db": ("b",)}),
        ("{{ x }}", "all:!db", {}),
        ("{{ x }}", "new", {}),
        ("of_{{ x }}", "db", {}),
    ],
)
def test_who_must_not_join_the_groups_of_later_plays(
    inventory: Inventory, key: str, then: str, expected: dict[str, tuple[str, ...]]
) -> None:
    assert with_made_groups(plan(("group_by", {"key": key}), then=then), inventory).unforeseen == expected


def test_who_is_surely_alone_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("a\nb\n[db]\n")
    found = with_made_groups(plan(adding("b", "db"), hosts="all"), load_inventory(tmp_path / "hosts.ini"))
    assert found.select(("all:!ungrouped",)) == ("b",)


def test_a_plan_that_groups_nothing_leaves_the_inventory_as_it_is(inventory: Inventory) -> None:
    assert inventory_for(plan(("debug", {"msg": "x"})), inventory) is inventory


def test_variables_have_their_precedence(tmp_path: Path, inventory: Inventory) -> None:
    for name, text in (("all", "f: all\nsize: all"), ("db", "f: db\ng: db"), ("prod", "f: prod\nabove: file")):
        (tmp_path / "group_vars").mkdir(exist_ok=True)
        (tmp_path / "group_vars" / f"{name}.yml").write_text(text)
    found = with_made_groups(plan(adding("b", "db")), load_inventory(tmp_path / "hosts.ini"))
    assert found.layers is not None
    groups = found.layers.with_above(["web", "db"])
    assert groups == ("web", "db", "prod")
    expected = {"from": "db", "above": "file", "f": "db", "g": "db"}
    assert found.layers.before_host("b", groups) == {**expected, "size": "all"}
    assert found.layers.before_host("a", groups) == {**expected, "size": "own"}


def test_variables_of_groups_that_only_the_plan_makes(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("[web]\na\n")
    for name in ("os_one", "os_two.yml", "other"):
        (tmp_path / "group_vars").mkdir(exist_ok=True)
        (tmp_path / "group_vars" / name).write_text(f"of: {name}")
    found = with_made_groups(
        plan(("group_by", {"key": "os_{{ x }}"}), then="os_one"), load_inventory(tmp_path / "hosts.ini")
    )
    assert found.layers is not None
    assert found.layers.groups.keys() == {"all", "ungrouped", "web", "os_one", "os_two"}
    assert found.layers.before_host("a", ("web", "os_two")) == {"of": "os_two.yml"}
    assert Inventory.model_validate_json(found.model_dump_json()).layers == found.layers


def test_a_group_that_is_made_lies_below_its_parents(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("[web]\na\n[zone]\n[land:children]\nzone\n")
    (tmp_path / "group_vars").mkdir()
    for name in ("at_one", "other", "zone", "land"):
        (tmp_path / "group_vars" / f"{name}.yml").write_text(f"place: {name}\n")
    task = ("group_by", {"key": "at_{{ x }}", "parents": ["all", "zone", "of_{{ x }}"]})
    found = with_made_groups(
        plan(task, ("add_host", {"name": "a", "groups": "other"})), load_inventory(tmp_path / "hosts.ini")
    )
    assert found.layers is not None
    depths = {name: group.depth for name, group in found.layers.groups.items() if name not in ("all", "ungrouped")}
    assert depths == {"web": 1, "land": 1, "zone": 2, "at_one": 3, "other": 1}
    assert found.layers.before_host("a", ("zone", "land", "at_one"))["place"] == "at_one"


def test_files_that_cannot_be_read_matter_when_a_host_comes_into_their_group(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("[web]\na\n")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "os_two").write_text("- no mapping")
    found = with_made_groups(plan(("group_by", {"key": "{{ x }}"})), load_inventory(tmp_path / "hosts.ini"))
    assert found.layers is not None
    assert "must be a mapping" in found.layers.unreadable["os_two"]


def test_nothing_is_kept_where_groups_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("[web]\na x=1\n[db]\n")
    found = with_made_groups(plan(adding("a", "db,new")), load_inventory(tmp_path / "hosts.ini"))
    assert found.layers is None
    assert found.made == {"db": ("a",)}
