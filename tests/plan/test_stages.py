"""Stages: which plays a host goes through in one trip, and where a play is cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.plan.cross_host import Reader, Reads
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.model import Block, Include, Plan, Play, Task
from deploy_tasks.plan.stages import Staged, staged

NAMES = ("db0", "db1", "web0", "web1")
GROUPS = {"all": NAMES, "db": NAMES[:2], "web": NAMES[2:], "one": NAMES[:1]}


def inventory(**variables: Any) -> Inventory:
    return Inventory(hosts={name: Host(name=name, vars=variables) for name in NAMES}, groups=GROUPS)


def task(module: str = "debug", **more: Any) -> Task:
    return Task(id=more.pop("id", "t"), name="t", module=module, **more)


def say(text: str, **more: Any) -> Task:
    return task(args={"msg": text}, **more)


def learn(name: str) -> Task:
    return task("command", args={"_raw_params": "id"}, register=name)


def play(hosts: str, *tasks: Any, **more: Any) -> Play:
    return Play(id=hosts, name=more.pop("name", hosts), hosts=(hosts,), tasks=tasks, **more)


def stages(*plays: Play, known: Inventory | None = None, **more: Any) -> Staged:
    return staged(Plan(name="p", format="playbook", plays=plays), known or inventory(), **more)


def spans(found: Staged) -> list[tuple[int, int]]:
    return [stage.plays for stage in found.stages]


def test_plays_of_the_same_hosts_are_one_stage() -> None:
    found = stages(play("all", say("a"), name="a"), play("all", say("{{ inventory_hostname }}"), name="b"))
    assert [(stage.name, stage.plays, stage.hosts) for stage in found.stages] == [("a, b", (0, 2), NAMES)]


def test_plays_of_other_hosts_follow_each_other() -> None:
    found = stages(play("db", say("a")), play("web", say("b")), play("all", say("c")))
    assert [(stage.name, stage.hosts) for stage in found.stages] == [
        ("db", NAMES[:2]),
        ("web", NAMES[2:]),
        ("all", NAMES),
    ]


@pytest.mark.parametrize(
    "difference", [{"serial": (1,)}, {"max_fail_percentage": 30.0}, {"any_errors_fatal": True}], ids=str
)
def test_other_batches_or_another_budget_begin_a_stage(difference: dict[str, Any]) -> None:
    assert spans(stages(play("all", say("a")), play("all", say("b"), **difference))) == [(0, 1), (1, 2)]


@pytest.mark.parametrize(
    "looking",
    [
        say("{{ hostvars['db0'].x }}"),
        say("{{ groups.db | length }}"),
        say("x", when=("inventory_hostname == groups['all'][0]",)),
        say("{{ ansible_play_hosts }}"),
        say("x", run_once=True),
        say("x", delegate_to="db0"),
        task("wait_for", args={"host": "{{ address }}", "port": 80}),
        say("{{ address }}"),
        task("group_by", args={"key": "x"}),
        Block(block=(say("{{ hostvars[x].y }}"),)),
        Include(id="i", target="x.yml", choices={"x.yml": (say("{{ groups['db'] }}"),)}),
    ],
    ids=str,
)
def test_a_play_that_looks_at_other_hosts_waits_for_them(looking: Any) -> None:
    known = inventory(address="{{ hostvars[groups['db'][0]].ansible_host }}")
    assert spans(stages(play("all", say("a")), play("all", looking), known=known)) == [(0, 1), (1, 2)]


@pytest.mark.parametrize(
    "alone",
    [
        say("{{ hostvars[inventory_hostname].x }}"),
        task("user", args={"name": "ann", "groups": ["wheel"]}),
        task("wait_for", args={"port": 80}),
        say("the word hostvars"),
        say("x", when=("'db' in group_names",)),
    ],
    ids=str,
)
def test_a_play_that_looks_at_itself_alone_does_not(alone: Task) -> None:
    assert spans(stages(play("all", say("a")), play("all", alone))) == [(0, 2)]


def test_where_hosts_do_not_wait_for_each_other_groups_are_no_reason() -> None:
    assert spans(stages(play("all", say("a")), play("all", say("{{ groups }}"), strategy="free"))) == [(0, 2)]
    read = say("{{ hostvars['db0'].x }}")
    assert spans(stages(play("all", say("a")), play("all", read, strategy="free"))) == [(0, 1), (1, 2)]


def test_one_host_waits_for_nobody() -> None:
    found = stages(play("one", learn("x")), play("one", say("{{ hostvars[groups.one[0]].x }}", run_once=True)))
    assert spans(found) == [(0, 2)]


def test_a_play_without_hosts_is_part_of_a_stage_that_is_there_anyhow() -> None:
    found = stages(play("db"), play("web"), play("all"), hosts=("web1", "web0"))
    assert [(stage.plays, stage.hosts) for stage in found.stages] == [((1, 3), ("web1", "web0"))]


def test_a_play_is_cut_where_it_reads_what_others_have_set_in_it() -> None:
    tasks = (learn("x"), say("a"), say("{{ hostvars['db0'].x.stdout }}", id="reads"), say("b"))
    found = stages(play("all", *tasks, serial=(2,), handlers=(say("h"),), gather_facts=True))
    first, second = found.plan.plays
    assert ([len(first.tasks), len(second.tasks)], first.continued, second.continued) == ([2, 2], True, False)
    assert (first.serial, second.serial, first.handlers == second.handlers) == ((2,), (2,), True)
    assert (first.gather_facts, second.gather_facts) == (True, False)
    assert spans(found) == [(0, 1), (1, 2)]
    assert found.reads.names == {"x"}


def test_a_play_is_not_cut_for_what_it_has_not_set() -> None:
    tasks = (learn("x"), say("{{ hostvars['db0'].ansible_hostname }}"), say("{{ hostvars['db0'].x }}"), learn("y"))
    assert len(stages(play("all", *tasks)).plan.plays) == 2
    assert len(stages(play("one", *tasks)).plan.plays) == 1


def test_a_role_is_cut_between_its_tasks_and_a_block_with_a_rescue_before_it() -> None:
    role = Block(role="web", block=(learn("x"), say("{{ hostvars['db0'].x }}")), vars={"v": 1}, when=("w",))
    found = stages(play("all", role))
    parts = [step for part in found.plan.plays for step in part.tasks]
    assert [(part.role, len(part.block), part.vars, part.when) for part in parts if isinstance(part, Block)] == [
        ("web", 1, {"v": 1}, ("w",))
    ] * 2
    guarded = Block(block=(say("{{ hostvars['db0'].x }}"),), rescue=(say("r"),))
    assert [len(part.tasks) for part in stages(play("all", learn("x"), say("a"), guarded)).plan.plays] == [2, 1]


def test_a_cut_follows_variables_and_templates(tmp_path: Path) -> None:
    (tmp_path / "hosts.j2").write_text("{% for h in groups.all %}{{ hostvars[h]['x'].stdout }}{% endfor %}")
    template = task("template", args={"src": "hosts.j2", "dest": "/etc/hosts"})
    files = {"hosts.j2": tmp_path / "hosts.j2"}
    assert len(stages(play("all", learn("x"), template), files=files).plan.plays) == 2
    assert (
        len(stages(play("all", learn("x"), say("{{ peer }}"), vars={"peer": "{{ hostvars.db0.x }}"})).plan.plays) == 2
    )
    chain = inventory(a="{{ b }}", b="{{ hostvars['db0'].x }}")
    assert len(stages(play("all", learn("x"), say("{{ a }}")), known=chain).plan.plays) == 2
    assert len(stages(play("all", learn("x"), say("{{ c }}")), known=chain).plan.plays) == 1


@pytest.mark.parametrize(
    ("text", "names", "everything"),
    [
        ("{{ hostvars['a'].x }}", {"x"}, False),
        ("{{ hostvars[h]['x'].y }}", {"x"}, False),
        ("{{ hostvars[h].get('x', 1) }}", {"x"}, False),
        ("{{ hostvars.a.x.y }}", {"x"}, False),
        ("{{ hostvars[hostvars[h].next].x }}", {"next", "x"}, False),
        ("{{ l | map('extract', hostvars, 'x') | list }}", {"x"}, False),
        ("{{ l | map('extract', hostvars, ['x', 'y']) }}", {"x"}, False),
        ("{{ 'a' | extract(hostvars, 'x') }}", {"x"}, False),
        ("{{ hostvars[h][name] }}", set(), True),
        ("{{ hostvars | dict2items }}", set(), True),
        ("{% set v = hostvars[h] %}{{ v.x }}", set(), True),
        ("{{ hostvars[inventory_hostname].x }}", set(), False),
    ],
)
def test_names_that_are_read(text: str, names: set[str], everything: bool) -> None:
    found = Reader({}).step(say(text))
    assert (set(found.names), found.everything) == (names, everything)


def test_what_is_read_as_the_bundle_says_it() -> None:
    assert Reads().to_json() == {}
    assert Reads(frozenset({"b", "a"}), others=True).to_json() == {"hostvars": ["a", "b"]}
    assert Reads(everything=True, players=True).to_json() == {"hostvars": "*", "play_hosts": True}
