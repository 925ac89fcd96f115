"""INI inventories: values, ranges, groups, and errors with their lines. Expectations were compared with Ansible's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_tasks.errors import InventoryError
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.inventory import load_inventory
from deploy_tasks.plan.inventory_graph import Graph
from deploy_tasks.plan.inventory_ini import read_ini, typed


def read(text: str) -> Inventory:
    graph = Graph()
    read_ini(text, graph, "hosts.ini")
    return graph.build(source="hosts.ini")


TEXT = """
# comment
; another
loner:2200 x=1 y='a b'
[web]
web[01:03].example.com http_port=80   # a comment ends the line
[db-servers]
db[a:b] role=master
[web:vars]
n=5 # five
text = some text # kept
dup=web
eq=a=b
empty=
[prod:children]
web
db-servers   # both
[prod:vars]
dup=prod
stage=prod
[all:vars]
dup=all
everywhere=true
[ungrouped:vars]
alone=yes
"""


def test_hosts_groups_and_variables() -> None:
    made = read(TEXT)
    assert list(made.hosts) == ["loner", "web01.example.com", "web02.example.com", "web03.example.com", "dba", "dbb"]
    assert made.groups["prod"] == ("web01.example.com", "web02.example.com", "web03.example.com", "dba", "dbb")
    assert made.groups["ungrouped"] == ("loner",)
    assert made.hosts["loner"].vars == {
        "x": 1, "y": "a b", "ansible_port": 2200, "dup": "all", "everywhere": "true", "alone": "yes",
    }  # fmt: skip
    assert made.hosts["web02.example.com"].vars == {
        "http_port": 80, "n": 5, "text": "some text # kept", "dup": "web", "eq": "a=b", "empty": "", "stage": "prod",
        "everywhere": "true",
    }  # fmt: skip
    assert made.hosts["web02.example.com"].groups == ("prod", "web")
    assert made.hosts["loner"].groups == ("ungrouped",)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5), ("-3", -3), ("0x1f", 31), ("1.5", 1.5), ("True", True), ("None", None), ("true", "true"),
        ("yes", "yes"), ("007", "007"), ("1_000", 1000), ('"5"', "5"), ("[1, 'a']", [1, "a"]), ("(1, 2)", [1, 2]),
        ("{'a': {'b': 1}}", {"a": {"b": 1}}), ("{1, 2}", "{1, 2}"), ("b'x'", "b'x'"), ("1j", "1j"), ("...", "..."),
        ("1e999", "1e999"), ("a b", "a b"), ("[" * 500, "[" * 500), ("", ""), ("1 # one", 1), ("{{ x }}", "{{ x }}"),
    ],
)  # fmt: skip
def test_values_are_python_literals_where_json_can_hold_them(text: str, value: Any) -> None:
    made = typed(text)
    assert made == value
    assert type(made) is type(value)


def test_quotes_on_the_line_of_a_host_follow_the_shell() -> None:
    made = read("""h a="C:\\\\x" b='"5"' c="[1, 2]" d='#no comment' url="http://x/?a=b#c" e=x#y f=g""")
    assert made.hosts["h"].vars == {
        "a": "C:\\x",
        "b": "5",
        "c": [1, 2],
        "d": "#no comment",
        "e": "x",
        "url": "http://x/?a=b#c",
    }


def test_variables_of_a_range_and_of_a_host_named_again() -> None:
    made = read("[a]\nh[1:2] x=1\n[b]\nh1 y=2\nh2 x=3\n")
    assert made.hosts["h1"].vars == {"x": 1, "y": 2}
    assert made.hosts["h2"].vars == {"x": 3}


def test_deeper_groups_win_then_priority_then_the_name() -> None:
    groups = "[top:children]\nmid\n[mid:children]\nlow\n[low]\nh\n[z]\nh\n[a]\nh\n[b]\nh\n"
    values = "".join(f"[{name}:vars]\n{name}={name}\nwho={name}\n" for name in ("low", "mid", "top"))
    flat = "[z:vars]\nflat=z\n[a:vars]\nflat=a\nansible_group_priority=5\n[b:vars]\nflat=b\n"
    made = read(groups + values + flat)
    assert made.hosts["h"].vars["who"] == "low"
    assert made.hosts["h"].vars["flat"] == "a"
    assert "ansible_group_priority" not in made.hosts["h"].vars


def test_every_bad_line_is_told_with_its_number() -> None:
    text = """[web]
web1 oops
web2 "open
web[3:1]
web:99999
[web:var]
[web x]
[gone:vars]
novalue
[top:children]
wbe
a b
[x:children]
y
[y:children]
x
"""
    with pytest.raises(InventoryError) as caught:
        read(text)
    told = [(problem.line, problem.path, problem.message) for problem in caught.value.problems]
    assert told == [
        (2, "[web]", "after the host every word must be name=value"),
        (3, "[web]", "cannot be split into words: no closing quotation"),
        (4, "[web]", "'web[3:1]' [3:1] ends before it begins"),
        (5, "[web]", "'web:99999' 99999 is not a port, it must be between 1 and 65535"),
        (6, "[web]", "[web:var] is no kind of section"),
        (7, "[web]", "a section name has no blanks in it"),
        (9, "[gone:vars]", "is not a variable"),
        (12, "[top:children]", "is not the name of a group"),
        (8, "[gone:vars]", "the group 'gone' is declared nowhere"),
        (11, "[top:children]", "the group 'wbe' is declared nowhere"),
    ]
    assert "did you mean web?" in str(caught.value)
    assert "hosts.ini:2" in str(caught.value)


def test_a_circle_of_groups_is_named() -> None:
    with pytest.raises(InventoryError, match=r"hosts\.ini:4.*a → b → a"):
        read("[a]\nh\n[a:children]\nb\n[b:children]\na\n")


@pytest.mark.parametrize("name", ["-oProxyCommand=x", "a/../../etc", "$(id)", "a;b", "x" * 300])
def test_names_that_could_be_read_as_something_else_are_refused(name: str) -> None:
    with pytest.raises(InventoryError, match="cannot be the name of a host"):
        read(f"'{name}'\n")


def test_a_secret_that_lost_its_name_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("h ansible_password=a hunter2!\n")
    with pytest.raises(InventoryError) as caught:
        load_inventory(path)
    assert "hunter2!" not in str(caught.value)


KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VALUES = (
    st.integers(-(10**6), 10**6)
    | st.text(alphabet="abc xyz#'\"\\=[]{}", max_size=12)
    | st.lists(st.integers(), max_size=3)
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_is_written_as_a_literal_is_read_back(variables: dict[str, Any]) -> None:
    lines = "".join(f"{key}={value!r}\n" for key, value in variables.items())
    assert read(f"h\n[all:vars]\n{lines}").hosts["h"].vars == variables
