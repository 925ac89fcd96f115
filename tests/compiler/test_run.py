"""A compiled plan is one executable that does what the plan says, by itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.compiler import compile_plan, this_machine
from deploy_tasks.errors import PlanError
from deploy_tasks.plan.files import files
from deploy_tasks.plan.model import Host, Inventory, Plan, Play, Task
from deploy_tasks.plan.playbook import load_playbook
from deploy_tasks.plan.validate import check
from tests.support.compiler import shared_cache

pytestmark = pytest.mark.timeout(600)


def task(number: int, module: str, args: dict[str, Any], **fields: Any) -> Task:
    name = fields.pop("name", f"task {number}")
    return Task(id=f"t{number}", name=name, module=module, args=args, where=f"plays[0].tasks[{number}]", **fields)


def run(plan: Plan, files: dict[str, Path], state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    made = compile_plan(plan, files, this_machine(), cache=shared_cache())
    command = [str(made.path), "run", "--state-dir", str(state), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def play(*tasks: Task, **fields: Any) -> Plan:
    return Plan(name="web", format="playbook", plays=(Play(id="p", name="p", tasks=tasks, where="plays[0]", **fields),))


def test_files_templates_variables_and_facts_arrive(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    (source / "app").mkdir(parents=True)
    (source / "app" / "one").write_text("1")
    (source / "app" / "big").write_bytes(bytes(range(256)) * 5000)
    (source / "motd.j2").write_text(
        "{{ who }} on {{ ansible_system }}\n{% for x in words %}\n- {{ x }}\n{% endfor %}\n"
    )
    plan = play(
        task(0, "copy", {"src": "app/", "dest": f"{out}/app/"}),
        task(1, "template", {"src": "motd.j2", "dest": f"{out}/motd"}),
        task(2, "command", {"_raw_params": "echo {{ who }}"}, register="said", changed_when=("false",)),
        task(3, "assert", {"that": ["said.stdout == 'you'", "hostvars[inventory_hostname].ansible_system == 'Linux'"]}),
        task(4, "command", {"_raw_params": "false"}, only=("somebody-else",)),
        vars={"who": "you", "words": ["one", "{{ who }}"]},
        hosts=("all",),
    )
    files = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
    ended = run(plan, files, tmp_path / "state")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (out / "motd").read_text() == "you on Linux\n- one\n- you\n"
    for name in ("one", "big"):
        assert (out / "app" / name).read_bytes() == (source / "app" / name).read_bytes()


def test_templates_bring_what_they_include(tmp_path: Path) -> None:
    out = tmp_path / "motd"
    role = tmp_path / "source" / "roles" / "web"
    (role / "templates" / "parts").mkdir(parents=True)
    (role / "templates" / "page.j2").write_text(
        "{% extends 'base.j2' %}{% import 'macros.j2' as m %}{% block body %}"
        "{{ m.row('a') }}{% include 'parts/' ~ kind ~ '.j2' %}{% endblock %}\n"
    )
    (role / "templates" / "base.j2").write_text("# {{ ansible_system }}\n{% block body %}{% endblock %}")
    (role / "macros.j2").write_text("{% macro row(x) %}<{{ x }}>{% endmacro %}")
    (role / "templates" / "parts" / "good.j2").write_text("good {{ kind }}")
    (role / "templates" / "unused.j2").write_text("{{ broken")
    page = task(0, "template", {"src": "roles/web/templates/page.j2", "dest": str(out)}, search=("roles/web",))
    plan = play(page, vars={"kind": "good"})
    found = files(plan, tmp_path / "source")
    assert [name.removeprefix("roles/web/") for name in found] == [
        "macros.j2",
        "templates/base.j2",
        "templates/page.j2",
        "templates/parts/good.j2",
    ]
    assert check(plan, Inventory(hosts={"h": Host(name="h")}), tmp_path / "source") == []
    ended = run(plan, found, tmp_path / "state")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert out.read_text() == "# Linux\n<a>good good\n"


def test_lookups_find_the_files_that_travel(tmp_path: Path) -> None:
    out, source = tmp_path / "out", tmp_path / "source"
    role = source / "roles" / "web"
    for name, text in {
        "files/key.pub": "key",
        "files/conf.d/a.conf": "A",
        "files/conf.d/b.conf": "B",
        "templates/line.j2": "{{ x }} {{ lookup('file', 'deep.txt') }}",
        "files/deep.txt": "deep",
        "vars/other.yml": "answer: 42",
    }.items():
        (role / name).parent.mkdir(parents=True, exist_ok=True)
        (role / name).write_text(text)
    (source / "top.pub").write_text("top")
    (role / "tasks").mkdir()
    (role / "tasks" / "main.yml").write_text(
        """
- include_vars: "{{ lookup('first_found', wanted) }}"
  vars: {wanted: {files: ["{{ inventory_hostname }}.yml", other.yml]}}
- set_fact:
    parts:
      - "{{ lookup('file', 'key.pub') }}"
      - "{{ lookup('template', 'line.j2', template_vars={'x': answer}) }}"
      - "{{ pub }}"
      - "{{ lookup('file', 'con' ~ 'f.d/' ~ letter ~ '.conf') }}"
- copy: {content: "{{ lookup('file', item) }}", dest: "OUT/{{ item | basename }}"}
  with_fileglob: conf.d/*
- copy: {content: "{{ parts | join(',') }}", dest: "OUT/parts"}
""".replace("OUT", str(out))
    )
    (source / "site.yml").write_text(
        "- hosts: all\n  vars: {pub: \"{{ lookup('file', 'top.pub') }}\", letter: b}\n  roles: [web]\n"
    )
    out.mkdir()
    loaded = load_playbook(source / "site.yml")
    ended = run(loaded.plan, files(loaded.plan, loaded.base), tmp_path / "state")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {path.name: path.read_text() for path in out.iterdir()} == {
        "a.conf": "A",
        "b.conf": "B",
        "parts": "key,42 deep,top,B",
    }


def test_a_lookup_of_a_file_nobody_can_know_is_refused(tmp_path: Path) -> None:
    looking = task(0, "debug", {"msg": "{{ lookup('file', somewhere) }}"})
    with pytest.raises(PlanError, match=r"which file lookup\('file'\) means is only known on the host"):
        files(play(looking), tmp_path)
    looking = task(0, "debug", {"msg": "{{ lookup('file', 'gone.txt') }}"})
    with pytest.raises(PlanError, match=r"there is no file 'gone\.txt' for lookup\('file'\)"):
        files(play(looking), tmp_path)


def test_tasks_say_how_their_template_is_read(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.j2").write_text("{% if true %}\n  {% if x %}\nyes [[ x ]] {{ x }}\n  {% endif %}\n{% endif %}\n")
    marks = {"variable_start_string": "[[", "variable_end_string": "]]"}
    asked: list[dict[str, Any]] = [{}, {"lstrip_blocks": "yes"}, {"trim_blocks": False}, marks, {"trim_blocks": True}]
    tasks = [
        task(number, "template", {"src": "a.j2", "dest": str(tmp_path / str(number)), **args})
        for number, args in enumerate(asked)
    ]
    plan = play(*tasks, vars={"x": 1})
    assert check(plan, Inventory(hosts={"h": Host(name="h")}), source) == []
    ended = run(plan, files(plan, source), tmp_path / "state")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [(tmp_path / str(number)).read_text() for number in range(len(asked))] == [
        "  yes [[ x ]] 1\n  \n",
        "yes [[ x ]] 1\n",
        "\n  \nyes [[ x ]] 1\n  \n",
        "  yes 1 {{ x }}\n  \n",
        "  yes [[ x ]] 1\n  \n",
    ]
    late = play(task(0, "template", {"src": "a.j2", "dest": "/x", "lstrip_blocks": "{{ x }}"}))
    (problem,) = check(late, Inventory(hosts={"h": Host(name="h")}), source)
    assert problem.message == "a template is read before the host is known"


def test_a_mistake_in_an_included_template_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("{% include 'b.j2' %}")
    (tmp_path / "b.j2").write_text("\n{{ x | uper }}")
    plan = play(task(0, "template", {"src": "a.j2", "dest": "/etc/x"}))
    (problem,) = check(plan, Inventory(hosts={"h": Host(name="h")}), tmp_path)
    assert (problem.path, problem.file, problem.line) == (
        "plays[0].tasks[0].args.src",
        str(tmp_path / "b.j2"),
        2,
    )
    with pytest.raises(PlanError, match=r"b\.j2:2: .*no filter named 'uper'"):
        compile_plan(plan, files(plan, tmp_path), this_machine(), cache=shared_cache())


def test_an_assertion_that_does_not_hold_is_shown_as_written(tmp_path: Path) -> None:
    ended = run(
        play(task(0, "assert", {"that": ["1 == 1", "port > 1024"]}), vars={"port": 80}, gather_facts=False),
        {},
        tmp_path,
        "--json",
    )
    assert ended.returncode == 1
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    (failed,) = [event for event in events if event["event"] == "task"]
    assert failed["status"] == "failed"
    assert failed["result"]["assertion"] == "port > 1024"
