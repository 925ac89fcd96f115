"""YAML, JSON, scripts, folders, host lists, and the variable files beside them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from deploy_tasks.errors import InventoryError
from deploy_tasks.plan.inventory import inventory_for, load_inventory, parse_hosts_argument
from deploy_tasks.plan.inventory_graph import Graph
from deploy_tasks.plan.inventory_script import read_script
from deploy_tasks.plan.load import plan_of

YAML = """
all:
  vars: {who: all, since: 2024-01-02}
  hosts:
    h1:
    h[2:3]:2222:
      a: 1
  children:
    web:
      vars: &shared
        who: web
        raw: !unsafe "{{ kept }}"
      hosts: {h1: {b: [1, {c: "2"}]}}
      children:
        eu: {hosts: h9}
    db:
      vars:
        <<: *shared
        who: db
      hosts: h2
"""


def write(path: Path, text: str, *, executable: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if executable:
        path.chmod(0o755)
    return path


def test_yaml(tmp_path: Path) -> None:
    made = load_inventory(write(tmp_path / "hosts.yml", YAML))
    assert list(made.hosts) == ["h1", "h2", "h3", "h9"]
    assert made.hosts["h1"].vars == {
        "who": "web", "since": "2024-01-02", "raw": "{% raw %}{{ kept }}{% endraw %}", "b": [1, {"c": "2"}],
    }  # fmt: skip
    assert made.hosts["h3"].vars == {"who": "all", "since": "2024-01-02", "ansible_port": 2222, "a": 1}
    assert made.hosts["h2"].vars["who"] == "db"
    assert made.groups["web"] == ("h1", "h9")
    assert made.groups["ungrouped"] == ("h3",)


def test_of_a_key_that_stands_twice_the_last_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "web:\n  hosts:\n    h1: {a: 1, a: 2}\n    h2:\n    h1: {a: 3, b: 4, b: 5}\n  hosts:\n    h3: {c: 1, c: 2}\n"
    made = load_inventory(write(tmp_path / "hosts.yml", text))
    assert {name: dict(host.vars) for name, host in made.hosts.items()} == {"h3": {"c": 2}}
    told = [message.removeprefix(f"{tmp_path}/") for message in caplog.messages]
    assert told == [
        "hosts.yml:6:3: 'hosts' stands here and on line 2: the last one counts",
        "hosts.yml:7:16: 'c' stands here and on line 7: the last one counts",
    ]


def test_yaml_is_recognised_without_a_suffix(tmp_path: Path) -> None:
    assert list(load_inventory(write(tmp_path / "hosts", YAML)).hosts) == ["h1", "h2", "h3", "h9"]
    assert list(load_inventory(write(tmp_path / "other", "web1 x=1\n[a]\nweb2:22\n")).hosts) == ["web1", "web2"]


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("all:\n  hosts: [h1, h2]\n", 2, "must be a mapping of hosts"),
        ("all:\n  hsots:\n    h1:\n", 2, "did you mean hosts?"),
        ("all:\n  hosts:\n    h1: 5\n", 3, "must be a mapping of variables"),
        ("all:\n  hosts:\n    10: {}\n", 3, "a name here must be text"),
        ("all:\n  hosts:\n    h1: {x: !vault abc}\n", 3, "encrypted by ansible-vault"),
        ("all:\n  children:\n    a:\n      children:\n        a:\n", 5, "circle: a → a"),
        ("all:\n  hosts:\n    h[2:1]:\n", 3, "ends before it begins"),
        ("all:\n  hosts: {h1: [\n", 3, "not YAML"),
        ("plugin: aws_ec2\n", 1, "inventory plugin"),
        ("- a\n- b\n", 1, "must be groups"),
        ("all:\n  hosts:\n    'a b':\n", 3, "cannot be the name of a host"),
    ],
)
def test_yaml_errors_name_their_line(tmp_path: Path, text: str, line: int, told: str) -> None:
    path = write(tmp_path / "hosts.yml", text)
    with pytest.raises(InventoryError) as caught:
        load_inventory(path)
    assert told in str(caught.value)
    assert [problem.line for problem in caught.value.problems] == [line]
    assert caught.value.problems[0].file == str(path)


def test_a_small_file_cannot_unfold_into_a_huge_one(tmp_path: Path) -> None:
    levels = "".join(f"    v{n}: &v{n} [*v{n - 1}, *v{n - 1}, *v{n - 1}, *v{n - 1}]\n" for n in range(1, 14))
    path = write(tmp_path / "hosts.yml", f"all:\n  vars:\n    v0: &v0 [x, x]\n{levels}")
    with pytest.raises(InventoryError, match="holds more than"):
        load_inventory(path)


DYNAMIC = {
    "web": {"hosts": ["h1", "h2"], "vars": {"x": 1}, "children": ["eu"]},
    "eu": ["h3"],
    "single": {"v": 1},
    "_meta": {"hostvars": {"h1": {"q": [1]}, "unknown": {"n": 1}}},
}


def test_json_of_a_dynamic_inventory(tmp_path: Path) -> None:
    made = load_inventory(write(tmp_path / "hosts.json", json.dumps(DYNAMIC)))
    assert made.groups["web"] == ("h1", "h2", "h3")
    assert made.hosts["h1"].vars == {"x": 1, "q": [1]}
    assert made.hosts["single"].vars == {"v": 1}
    assert "unknown" not in made.hosts


def test_json_structured_like_yaml(tmp_path: Path) -> None:
    text = json.dumps({"web": {"hosts": {"h1": {"x": 1}}, "vars": {"y": 2}}})
    assert load_inventory(write(tmp_path / "hosts.json", text)).hosts["h1"].vars == {"y": 2, "x": 1}


def test_every_problem_of_a_json_inventory_is_told(tmp_path: Path) -> None:
    bad = {
        "a": 5,
        "b": {"hosts": [1]},
        "c": {"hosts": ["x"], "vars": []},
        "d": {"children": "e"},
        "_meta": {"hostvars": 1},
    }
    with pytest.raises(InventoryError) as caught:
        load_inventory(write(tmp_path / "hosts.json", json.dumps(bad)))
    assert [problem.path for problem in caught.value.problems] == [
        "a",
        "b.hosts",
        "c.vars",
        "d.children",
        "_meta.hostvars",
    ]


SCRIPT = """#!/usr/bin/env python3
import json, sys
if sys.argv[1] == "--list":
    print(json.dumps({listing}))
else:
    print(json.dumps({{"me": sys.argv[2]}}))
"""


def test_a_script_with_and_without_meta(tmp_path: Path) -> None:
    full = write(tmp_path / "full", SCRIPT.format(listing=repr(DYNAMIC)), executable=True)
    assert load_inventory(full).hosts["h1"].vars == {"x": 1, "q": [1]}
    bare = write(tmp_path / "bare", SCRIPT.format(listing={"web": ["h1", "h2"]}), executable=True)
    assert load_inventory(bare).hosts["h2"].vars == {"me": "h2"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("echo broken >&2; exit 3", "ended with status 3\n    broken"),
        ("echo not json", "did not print JSON"),
        ("echo '[1]'", "must be an object of groups, not a list"),
        ("printf '\\377'", "did not print UTF-8"),
        ("kill -9 $$", "ended with status -9"),
    ],
)
def test_a_script_that_fails(tmp_path: Path, body: str, told: str) -> None:
    script = write(tmp_path / "inv.sh", f"#!/bin/sh\n{body}\n", executable=True)
    with pytest.raises(InventoryError) as caught:
        load_inventory(script)
    assert told in str(caught.value)


def test_a_script_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "child"
    script = write(tmp_path / "inv.sh", f"#!/bin/sh\nsleep 300 &\necho $! > {mark}\nwait\n", executable=True)
    begin = time.monotonic()
    with pytest.raises(InventoryError, match="did not end in time"):
        read_script(script, Graph(), timeout_s=1.0)
    assert time.monotonic() - begin < 10
    state = Path(f"/proc/{mark.read_text().strip()}/stat")
    until = time.monotonic() + 10
    while not _over(state):
        assert time.monotonic() < until, "the child lives on"
        time.sleep(0.01)


def _over(state: Path) -> bool:
    """Whether the killed process is gone, or only waits to be buried."""
    try:
        return state.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_script_that_never_stops_talking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy_tasks.plan.inventory_script.MAX_OUTPUT", 1 << 20)
    script = write(tmp_path / "inv.sh", "#!/bin/sh\nexec yes\n", executable=True)
    with pytest.raises(InventoryError, match="printed more than 1 MiB"):
        load_inventory(script)


def test_a_script_that_is_not_executable(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"chmod \+x"):
        load_inventory(write(tmp_path / "inv.py", "#!/usr/bin/env python3\n"))


def test_a_folder_of_inventories(tmp_path: Path) -> None:
    write(tmp_path / "01.yml", "web: {hosts: {h1: {x: 1}}}")
    write(tmp_path / "02-more", "[web]\nh1 x=2\nh2\n")
    write(tmp_path / "sub" / "03.json", '{"db": ["h3"]}')
    write(tmp_path / "readme.md", "[[[")
    write(tmp_path / ".hidden", "[[[")
    write(tmp_path / "group_vars" / "web.yml", "y: 1")
    made = load_inventory(tmp_path)
    assert list(made.hosts) == ["h1", "h2", "h3"]
    assert made.hosts["h1"].vars == {"x": 2, "y": 1}


def test_hosts_given_directly() -> None:
    made = parse_hosts_argument("web1, web[2:3]:2222,,::1")
    assert list(made.hosts) == ["web1", "web2", "web3", "::1"]
    assert made.hosts["web3"].port == 2222
    assert list(load_inventory("one,").hosts) == ["one"]


def test_a_file_that_does_not_exist() -> None:
    with pytest.raises(InventoryError, match="separate host names by commas"):
        load_inventory("web1")


def test_variable_files_and_their_precedence(tmp_path: Path) -> None:
    inventory = write(
        tmp_path / "inv" / "hosts", "[all:vars]\nv=1\n[web]\nh1 v=host\nh2\n[top:children]\nweb\n[web:vars]\nv=inline\n"
    )
    assert load_inventory(inventory).hosts["h2"].vars["v"] == "inline"
    write(tmp_path / "inv" / "group_vars" / "all.yml", "v: all-file\nonly_all: 1")
    assert load_inventory(inventory).hosts["h2"].vars["v"] == "all-file"
    write(tmp_path / "plan" / "group_vars" / "all", "v: all-plan\n")
    assert load_inventory(inventory, plan_dir=tmp_path / "plan").hosts["h2"].vars["v"] == "all-plan"
    write(tmp_path / "inv" / "group_vars" / "web" / "a.yml", "v: web-a\nw: a")
    write(tmp_path / "inv" / "group_vars" / "web" / "b.json", '{"v": "web-b"}')
    write(tmp_path / "inv" / "group_vars" / "web" / "c.txt", "v: ignored")
    write(tmp_path / "inv" / "group_vars" / "web" / ".d.yml", "v: ignored")
    made = load_inventory(inventory, plan_dir=tmp_path / "plan")
    assert made.hosts["h2"].vars == {"v": "web-b", "w": "a", "only_all": 1}
    assert made.hosts["h1"].vars["v"] == "host"
    write(tmp_path / "inv" / "host_vars" / "h1.yaml", "v: host-file")
    assert load_inventory(inventory, plan_dir=tmp_path / "plan").hosts["h1"].vars["v"] == "host-file"
    write(tmp_path / "plan" / "host_vars" / "h1", "v: host-plan")
    assert load_inventory(inventory, plan_dir=tmp_path / "plan").hosts["h1"].vars["v"] == "host-plan"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- 1\n", "must be a mapping"),
        ("a: [\n", "not YAML"),
        ("$ANSIBLE_VAULT;1.1\n", "encrypted"),
        ("a: !vault x\n", "encrypted"),
    ],
)
def test_a_bad_variable_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    write(tmp_path / "hosts", "h1\n")
    bad = write(tmp_path / "host_vars" / "h1.yml", text)
    with pytest.raises(InventoryError, match=told) as caught:
        load_inventory(tmp_path / "hosts")
    assert caught.value.problems[0].file == str(bad)
    assert caught.value.problems[0].line is not None


@pytest.mark.parametrize("name", [".", "..", "a" * 253, "é" * 200])
def test_names_that_no_file_of_variables_can_have_lead_to_none(tmp_path: Path, name: str) -> None:
    write(tmp_path / "host_vars" / "other.yml", "secret: of another host")
    write(tmp_path / "above.yml", "secret: of no host")
    found = load_inventory(write(tmp_path / "hosts.ini", f"{name} own=1\nother\n"))
    assert found.hosts[name].vars == {"own": 1}
    assert found.hosts["other"].vars == {"secret": "of another host"}


def plan_for(*hosts: str) -> object:
    play = {"play_id": "p", "name": "p", "hosts": list(hosts), "batches": []}
    return plan_of({"plays": [play], "hosts": list(hosts)}, source="x")


def test_a_plan_without_an_inventory_brings_its_hosts() -> None:
    made = inventory_for(plan_for("localhost", "web1"), None)  # type: ignore[arg-type]
    assert {name: host.connection for name, host in made.hosts.items()} == {"localhost": "local", "web1": "ssh"}


def test_tasks_that_ask_for_root_make_the_hosts_become_root_unless_the_inventory_says_no(tmp_path: Path) -> None:
    made = plan_of({"tasks": [{"id": "a", "name": "a", "module": "ping", "become": True}]}, source="x")
    inventory = load_inventory(write(tmp_path / "hosts", "a\nb ansible_become=no\n"))
    assert {name: host.become for name, host in inventory.hosts.items()} == {"a": False, "b": False}
    assert {name: host.become for name, host in inventory_for(made, inventory).hosts.items()} == {"a": True, "b": False}


def test_localhost_is_there_when_a_plan_names_it_but_is_not_among_all() -> None:
    made = inventory_for(plan_for("localhost"), parse_hosts_argument("web1,"))  # type: ignore[arg-type]
    assert made.select(["localhost"]) == ("localhost",)
    assert made.select(["all"]) == made.select([]) == ("web1",)
    assert made.hosts["localhost"].connection == "local"
