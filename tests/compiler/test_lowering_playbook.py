"""What playbooks bring into programs: includes, roles, rights, loops, conditions with their text."""

from __future__ import annotations

import json
from typing import Any

from deploy_tasks.compiler import lower
from deploy_tasks.plan.model import Block, Include, Plan, Play, Step, Task, VarsFile


def lowered(*tasks: Step, **play: Any) -> dict[str, Any]:
    plan = Plan(name="web", format="playbook", plays=(Play(id="p1", name="site", tasks=tasks, where="site", **play),))
    (found,) = json.loads(lower(plan, {}).program)["plays"]
    assert isinstance(found, dict)
    return found


def first(*tasks: Step, **play: Any) -> dict[str, Any]:
    found = lowered(*tasks, **play)["tasks"][0]
    assert isinstance(found, dict)
    return found


def task(module: str = "command", **fields: Any) -> Task:
    return Task(**{"id": "t1", "name": "", "where": "site.tasks[0]", "args": {}, "module": module, **fields})


def test_conditions_keep_their_text() -> None:
    found = first(task(when=("x > 1", "false"), changed_when=("false",)))
    assert found["when"] == [
        ["cond", ["cmp", ["var", "x"], ["gt", ["lit", 1]]], "x > 1"],
        ["cond", ["lit", False], False],
    ]
    assert found["changed_when"] == [["cond", ["lit", False], False]]


def test_an_include_carries_what_may_be_meant() -> None:
    include = Include(
        id="i1",
        target="{{ what }}.yml",
        choices={"a.yml": (task(tags=("own",)),), "b.yml": ()},
        search=("roles/web/tasks", "."),
        when=("go",),
        loop=[1],
        loop_extended=True,
        loop_allitems=False,
        tags=("its",),
        vars={"v": "{{ w }}"},
        where="site.tasks[1]",
    )
    found = first(Block(block=(include,), tags=("outer",)))["block"][0]
    assert found == {
        "include": "tasks",
        "id": "i1",
        "target": {"$": ["data", [["out", ["var", "what"]], ["text", ".yml"]]]},
        "search": ["roles/web/tasks", "."],
        "when": [["cond", ["var", "go"], "go"]],
        "tags": ["outer", "its"],
        "vars": {"v": {"$": ["var", "w"]}},
        "where": "site.tasks[1]",
        "choices": {
            "a.yml": [{"id": "t1", "module": "command", "tags": ["outer", "own"], "where": "site.tasks[0]"}],
            "b.yml": [],
        },
        "loop": [1],
        "loop_extended": True,
        "loop_without_allitems": True,
    }


def test_a_role_keeps_its_layers_of_variables() -> None:
    role = Block(
        block=(task(),),
        role="web",
        role_path="roles/web",
        defaults={"d": 1},
        role_vars={"v": 2},
        params={"p": "{{ x }}"},
    )
    files = (
        VarsFile(names=("{{ os }}.yml", "all.yml"), choices={"all.yml": {"a": "{{ b }}"}}, where="site.vars_files[0]"),
    )
    found = lowered(role, defaults={"d": 1}, role_vars={"v": 2}, vars_files=files, force_handlers=True)
    assert found["tasks"][0]["role"] == "web"
    assert found["tasks"][0]["params"] == {"p": {"$": ["var", "x"]}}
    assert (found["defaults"], found["role_vars"], found["role_names"]) == ({"d": 1}, {"v": 2}, ["web"])
    assert found["vars_files"][0]["choices"] == {"all.yml": {"a": {"$": ["var", "b"]}}}
    assert found["force_handlers"] is True


def test_the_names_of_roles_and_of_what_they_depend_on() -> None:
    def use(name: str, *before: Block) -> Block:
        own = Block(block=(), role=name, where=f"roles[{name}]")
        return Block(block=(*before, own), where=f"roles[{name}]") if before else own

    found = lowered(use("app", use("base")), use("app"), Block(block=(use("inner"),), where="a block"))
    assert found["role_names"] == ["app", "app", "inner"]
    assert found["dependency_names"] == ["base"]


def test_rights_are_told_where_they_differ_from_the_programs() -> None:
    asks = task(become=True)
    user = task(become=True, become_user="{{ who }}")
    found = lowered(
        asks, user, task(), task("debug"), task(become="{{ maybe }}"), task(become=False, become_user="web")
    )
    rights = [{key: each[key] for key in ("become", "become_user") if key in each} for each in found["tasks"]]
    asked = {"$": ["var", "maybe"]}
    assert rights == [
        {},
        {"become_user": {"$": ["var", "who"]}},
        {"become": False},
        {},
        {"become": asked},
        {"become": False},
    ]
    assert "become" not in first(task())


def test_keywords_that_the_host_decides() -> None:
    found = first(
        task(no_log="{{ a }}", check_mode="{{ b }}", diff=False, async_s=30, poll_s="{{ c }}", loop_label="x")
    )
    assert found["no_log"] == {"$": ["var", "a"]}
    assert found["check_mode"] == {"$": ["var", "b"]}
    assert (found["diff"], found["async"], found["poll"]) == (False, 30, {"$": ["var", "c"]})
    assert "loop_label" not in found


def test_names_of_facts_may_be_templates() -> None:
    args = first(task("set_fact", args={"{{ name }}": "{{ value }}", "plain": 1}))["args"]
    assert args == {
        "$": [
            "dict",
            [["value", {"$": ["var", "name"]}], ["value", {"$": ["var", "value"]}]],
            [["value", "plain"], ["value", 1]],
        ]
    }


def test_a_plays_own_flush_is_marked_and_pauses_are_for_all() -> None:
    flush = task("meta", id="site.yml[0].flush2", args={"_raw_params": "flush_handlers"}, tags=("always",))
    assert first(flush)["implicit"] is True
    assert "implicit" not in first(task("meta", args={"_raw_params": "flush_handlers"}))
    assert first(task("pause"))["run_once"] is True


def test_gathering_is_told_unless_the_play_gathers_nothing() -> None:
    assert lowered(task())["gather"] is True
    assert "gather" not in lowered(task(), gather_facts=False)
