"""Plans as programs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.compiler import lower, lower_vars
from deploy_tasks.errors import CompileError, PlanError
from deploy_tasks.plan.model import Block, Host, Inventory, Plan, Play, Task


def plan(*tasks: Task | Block, **play: Any) -> Plan:
    return Plan(
        name="web", format="rustle-plan", plays=(Play(id="p1", name="site", tasks=tasks, where="plays[0]", **play),)
    )


def task(module: str = "command", **fields: Any) -> Task:
    fields.setdefault("id", "t1")
    fields.setdefault("name", "")
    fields.setdefault("where", "plays[0].tasks[0]")
    return Task(module=module, **fields)


def program(made: Plan, files: dict[str, Path] | None = None) -> dict[str, Any]:
    found = json.loads(lower(made, files or {}).program)
    assert isinstance(found, dict)
    return found


def lowered(*tasks: Task | Block, **play: Any) -> list[dict[str, Any]]:
    found = program(plan(*tasks, **play))["plays"][0]["tasks"]
    assert isinstance(found, list)
    return found


def test_a_plain_task_says_only_what_is_not_the_default() -> None:
    assert lowered(task(args={"cmd": "true"})) == [
        {"id": "t1", "module": "command", "args": {"cmd": "true"}, "where": "plays[0].tasks[0]"}
    ]


def test_every_field_of_a_task_is_there() -> None:
    found = lowered(
        task(
            name="Say {{ word }}",
            args={"cmd": "echo {{ word }}"},
            when=("word is defined", "n > 1"),
            only=("web",),
            check_mode_only=False,
            tags=("a",),
            skip_tags=("b",),
            loop="{{ words }}",
            loop_var="word",
            index_var="n",
            register="said",
            notify=("Tell {{ word }}",),
            listen=("heard",),
            vars={"x": "{{ y }}"},
            environment={"PATH": "/bin"},
            changed_when=("false",),
            failed_when=("said.rc > 1",),
            ignore_errors="{{ lenient }}",
            until=("said.rc == 0",),
            retries="{{ tries }}",
            delay=0,
            no_log=True,
            check_mode=False,
            timeout_s=2.5,
            on_failure="rollback",
        )
    )[0]
    word = ["var", "word"]
    assert found == {
        "id": "t1",
        "name": {"$": ["tmpl", [["text", "Say "], ["out", word]]]},
        "module": "command",
        "args": {"cmd": {"$": ["tmpl", [["text", "echo "], ["out", word]]]}},
        "only": [
            "or",
            ["cmp", ["var", "inventory_hostname"], ["eq", ["lit", "web"]]],
            ["cmp", ["lit", "web"], ["in", ["var", "group_names"]]],
        ],
        "when": [["test", "defined", word, [], {}], ["cmp", ["var", "n"], ["gt", ["lit", 1]]]],
        "check_mode_only": False,
        "tags": ["a"],
        "skip_tags": ["b"],
        "loop": {"$": ["var", "words"]},
        "loop_var": "word",
        "index_var": "n",
        "register": "said",
        "notify": [{"$": ["tmpl", [["text", "Tell "], ["out", word]]]}],
        "listen": ["heard"],
        "vars": {"x": {"$": ["var", "y"]}},
        "environment": {"PATH": "/bin"},
        "changed_when": [["lit", False]],
        "failed_when": [["cmp", ["attr", ["var", "said"], "rc"], ["gt", ["lit", 1]]]],
        "ignore_errors": {"$": ["var", "lenient"]},
        "until": [["cmp", ["attr", ["var", "said"], "rc"], ["eq", ["lit", 0]]]],
        "retries": {"$": ["var", "tries"]},
        "delay": 0,
        "no_log": True,
        "check_mode": False,
        "timeout_s": 2.5,
        "on_failure": "rollback",
        "where": "plays[0].tasks[0]",
    }


def test_a_loop_over_nothing_is_still_a_loop() -> None:
    assert lowered(task(loop=[]))[0]["loop"] == []
    assert "loop" not in lowered(task())[0]


def test_keys_keep_the_order_of_the_plan() -> None:
    users = {"zed": 1, "amy": 2, "Bob": 3}
    text = lower(plan(task(vars={"users": users})), {}).program.decode()
    assert '"users":{"zed":1,"amy":2,"Bob":3}' in text


def test_tags_are_inherited_through_blocks() -> None:
    inner = Block(block=(task(tags=("own",)),), rescue=(task(tags=("outer",)),), tags=("inner",))
    found = lowered(Block(block=(inner,), tags=("outer",), when=("x",), vars={"v": "{{ w }}"}, name="b"))[0]
    assert (found["name"], found["tags"], found["when"]) == ("b", ["outer"], [["var", "x"]])
    assert found["vars"] == {"v": {"$": ["var", "w"]}}
    assert found["block"][0]["tags"] == ["outer", "inner"]
    assert found["block"][0]["block"][0]["tags"] == ["outer", "inner", "own"]
    assert found["block"][0]["rescue"][0]["tags"] == ["outer", "inner"]


def test_an_empty_block_is_a_block() -> None:
    assert lowered(Block(block=())) == [{"block": []}]


def test_a_play_carries_its_hosts_variables_handlers_and_facts() -> None:
    handler = task(id="h1", name="restart", when=("ansible_service_mgr == 'systemd'",))
    found = program(plan(task(), hosts=("db", "!db-1"), vars={"port": "{{ base + 1 }}"}, handlers=(handler,)))
    play = found["plays"][0]
    assert (found["format"], found["name"], play["name"]) == (1, "web", "site")
    assert play["only"][0] == "and"
    assert play["vars"] == {"port": {"$": ["+", ["var", "base"], ["lit", 1]]}}
    assert play["handlers"][0]["id"] == "h1"
    assert play["facts"] == ["service_mgr"]


@pytest.mark.parametrize(("wanted", "found"), [(None, ["platform"]), (True, ["platform"]), (False, [])])
def test_facts_are_gathered_unless_the_play_forbids_it(wanted: bool | None, found: list[str]) -> None:
    made = program(plan(task(when=("ansible_kernel == '6'",)), gather_facts=wanted))
    assert made["plays"][0]["facts"] == found


def test_facts_that_host_variables_refer_to_are_gathered() -> None:
    hosts = {name: Host(name=name, vars={"pkg": ["{{ ansible_distribution }}"], "bad": "{{"}) for name in ("a", "b")}
    made = json.loads(lower(plan(task()), {}, Inventory(hosts=hosts)).program)
    assert made["plays"][0]["facts"] == ["distribution"]


def test_a_play_that_gathers_nothing_finds_what_it_uses_gathered_before() -> None:
    def play(gathers: bool | None, *when: str) -> Play:
        return Play(id="p", tasks=(task(when=when),), gather_facts=gathers)

    plays = (play(False, "ansible_env"), play(None, "ansible_fips"), play(True), play(False, "ansible_kernel"))
    made = program(Plan(name="x", format="playbook", plays=plays))
    assert [play["facts"] for play in made["plays"]] == [[], ["fips"], ["platform"], []]


def test_expressions_in_assert_and_debug_come_as_text_and_tree() -> None:
    first, second, third = lowered(
        task("assert", args={"that": ["a", "b == 1"], "msg": "{{ c }}"}),
        task("assert", args={"that": "a is defined"}),
        task("debug", args={"var": "a.b"}),
    )
    assert first["args"] == {
        "that": ["a", "b == 1"],
        "_that": {"$": ["lit", [["var", "a"], ["cmp", ["var", "b"], ["eq", ["lit", 1]]]]]},
        "msg": {"$": ["var", "c"]},
    }
    assert second["args"]["_that"] == {"$": ["lit", [["test", "defined", ["var", "a"], [], {}]]]}
    assert third["args"] == {"var": "a.b", "_var": {"$": ["lit", ["attr", ["var", "a"], "b"]]}}


def test_facts_in_assertions_count() -> None:
    assert program(plan(task("assert", args={"that": ["ansible_fips"]})))["plays"][0]["facts"] == ["fips"]


def test_everything_wrong_is_told_at_once() -> None:
    broken = task(
        args={"cmd": "{{ x"}, when=("a ==",), until=("b | nothing",), only=("{{ x }}",), where="plays[0].tasks[3]"
    )
    with pytest.raises(PlanError) as caught:
        lower(plan(broken), {})
    assert [problem.path for problem in caught.value.problems] == [
        "plays[0].tasks[3].args.cmd",
        "plays[0].tasks[3].hosts",
        "plays[0].tasks[3].when",
        "plays[0].tasks[3].until",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(CompileError, match="a value that a program cannot"):
        lower(plan(task(args={"x": value})), {})


def test_variables_of_a_host_become_values() -> None:
    found = lower_vars({"port": 80, "url": "http://{{ inventory_hostname }}", "deep": {"a": ["{{ b }}"]}})
    assert found["port"] == 80
    assert found["url"]["$"][0] == "tmpl"
    assert found["deep"] == {"a": [{"$": ["var", "b"]}]}


def test_bad_variables_are_named() -> None:
    with pytest.raises(PlanError) as caught:
        lower_vars({"a": "{{ b", "c": {"d": "{{ | }}"}})
    assert [problem.path for problem in caught.value.problems] == ["a", "c.d"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "plan")


def write(folder: Path) -> Path:
    for name, data in {
        "motd.j2": "Hello {{ ansible_hostname }}\n",
        "other.j2": "{{ x }}",
        "app/one": "1",
        "app/two": "2",
        "app/sub/three": "1",
        "run.sh": "#!/bin/sh\n",
        "logo.png": "{{ not a template",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data)
        path.chmod(0o755 if name.endswith(".sh") else 0o640)
    return folder


def files(folder: Path, *names: str) -> dict[str, Path]:
    found = names or [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return {name: folder / name for name in found}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_files_come_in_order_of_first_use_each_content_once(folder: Path) -> None:
    made = plan(
        task("copy", args={"src": "run.sh"}),
        task("copy", args={"src": "app/", "dest": "/opt/app"}),
        task("template", args={"src": "motd.j2", "dest": "/etc/motd"}),
    )
    found = lower(made, files(folder, "motd.j2", "app/two", "app/one", "app/sub/three", "run.sh"))
    document = json.loads(found.program)
    assert list(document["files"]) == ["run.sh", "app/one", "app/sub/three", "app/two"]
    assert document["files"]["run.sh"] == {"digest": digest("#!/bin/sh\n"), "size": 10, "mode": "0755"}
    assert document["files"]["app/one"] == {"digest": digest("1"), "size": 1, "mode": "0640"}
    assert [name for name, _ in found.files] == [digest("#!/bin/sh\n"), digest("1"), digest("2")]
    assert found.files[1][1] == folder / "app/one"
    assert document["templates"] == {"motd.j2": ["tmpl", [["text", "Hello "], ["out", ["var", "ansible_hostname"]]], 1]}
    assert document["plays"][0]["facts"] == ["platform"]


def test_a_file_that_is_copied_and_rendered_is_both(folder: Path) -> None:
    made = plan(task("template", args={"src": "other.j2"}), task("copy", args={"src": "./other.j2"}))
    document = program(made, files(folder, "other.j2"))
    assert list(document["files"]) == list(document["templates"]) == ["other.j2"]


def test_a_template_whose_mode_is_asked_for_is_a_file_as_well(folder: Path) -> None:
    made = plan(task("template", args={"src": "other.j2", "mode": "preserve"}))
    assert list(program(made, files(folder, "other.j2"))["files"]) == ["other.j2"]


def test_all_candidates_of_a_computed_name_are_taken_along(folder: Path) -> None:
    made = plan(
        task("copy", args={"src": "app/{{ version }}/x"}), task("template", args={"src": "./{{ kind }}.j2"}, id="t2")
    )
    document = program(made, files(folder))
    assert list(document["files"])[:3] == ["app/one", "app/sub/three", "app/two"]
    assert {"motd.j2", "other.j2"} <= set(document["templates"])
    assert "logo.png" not in document["templates"], "what is no template is only in the way of the search"
    assert document["plays"][0]["facts"] == ["platform"]


def test_a_literal_loop_is_followed_file_by_file(folder: Path) -> None:
    made = plan(task("copy", args={"src": "app/{{ item }}"}, loop=["two", "one"]))
    assert list(program(made, files(folder, "app/one", "app/two"))["files"]) == ["app/two", "app/one"]


def test_a_source_on_the_host_takes_no_file_along(folder: Path) -> None:
    made = plan(task("copy", args={"src": "app/two", "remote_src": True}), task("copy", args={"src": "app/one"}))
    assert list(program(made, files(folder, "app/one", "app/two"))["files"]) == ["app/one", "app/two"]


def test_a_file_that_no_task_names_is_kept_all_the_same(folder: Path) -> None:
    assert list(program(plan(task()), files(folder, "run.sh"))["files"]) == ["run.sh"]


def test_a_broken_template_is_told_with_its_line(folder: Path) -> None:
    (folder / "motd.j2").write_text("fine\n{% if %}\n")
    with pytest.raises(PlanError) as caught:
        lower(plan(task("template", args={"src": "motd.j2"})), files(folder, "motd.j2"))
    (problem,) = caught.value.problems
    assert (problem.path, problem.line) == ("motd.j2", 2)


def test_a_template_that_is_no_text_is_told(folder: Path) -> None:
    (folder / "motd.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(PlanError, match=r"plays\[0\].tasks\[0\].args.src: the template motd.j2 is not UTF-8 text"):
        lower(plan(task("template", args={"src": "motd.j2"})), files(folder, "motd.j2"))


def test_a_file_that_went_is_told(folder: Path) -> None:
    with pytest.raises(CompileError, match=r"cannot read .*run.sh: No such file"):
        lower(plan(task()), {"run.sh": folder / "gone" / "run.sh"})


def test_the_same_input_gives_the_same_bytes_in_any_folder(folder: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "some" / "where else")
    for path in elsewhere.rglob("*"):
        os.utime(path, (0, 0))
    made = plan(
        task("copy", args={"src": "app"}),
        task("template", args={"src": "motd.j2"}),
        vars={"names": ["b", "a"]},
    )
    one = lower(made, files(folder))
    two = lower(made, dict(reversed(files(elsewhere).items())))
    shutil.rmtree(elsewhere)
    assert one.program == two.program
    assert [name for name, _ in one.files] == [name for name, _ in two.files]


def test_what_others_are_asked_about_has_an_id_of_its_own() -> None:
    found = lowered(
        task(id="a", run_once=True),
        task(id="a"),
        Block(block=(task(id="a", delegate_to="db1"), task(id="b", run_once=True)), where="plays[0].tasks[2]"),
    )
    block = found[2]["block"]
    assert [found[0]["id"], found[1]["id"], block[0]["id"], block[1]["id"]] == ["a#1", "a", "a#2", "b"]


def test_hosts_that_do_not_wait_for_each_other_have_nothing_that_runs_once() -> None:
    assert lowered(task(run_once=True))[0]["run_once"] is True
    assert "run_once" not in lowered(task(run_once=True), strategy="free")[0]
