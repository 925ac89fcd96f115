"""Plays: every keyword, the order of their parts, and playbooks that import others."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.inventory import inventory_for, parse_hosts_argument
from deploy_tasks.plan.load import read_plan
from deploy_tasks.plan.model import Block, Task
from tests.support.playbooks import load, only_play, outline, problems, work, write_site


def test_the_parts_of_a_play_run_in_ansibles_order(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- name: all of it
  hosts: web:&prod,db
  post_tasks: [{name: last, command: d}]
  tasks: [{name: third, command: c}]
  roles: [web]
  pre_tasks: [{name: first, command: a}]
""",
        "roles/web/tasks/main.yml": "- {name: second, command: b}\n",
    }
    play = only_play(load(tmp_path, files))
    assert (play.name, play.hosts) == ("all of it", ("web:&prod", "db"))
    flush = "flush_handlers"
    assert outline(play.tasks) == ["first", flush, ("web", ["second"]), "third", flush, "last", flush]


def test_the_settings_of_a_play(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: [web, "{{ more | default('db') }}"]
  gather_facts: no
  serial: [1, "{{ half }}%", 0]
  max_fail_percentage: "{{ half }}"
  strategy: ansible.builtin.free
  any_errors_fatal: true
  force_handlers: yes
  order: inventory
  connection: ssh
  vars: {a: 1}
  tasks: []
"""
    }
    play = only_play(load(tmp_path, files, extra_vars={"half": 50}))
    assert play.name == "web,db"
    assert (play.hosts, play.serial, play.strategy) == (("web", "db"), (1, "50%"), "free")
    assert (play.gather_facts, play.max_fail_percentage) == (False, 50.0)
    assert (play.any_errors_fatal, play.force_handlers, play.vars) == (True, True, {"a": 1})


def test_keywords_come_down_from_the_play_over_role_and_block_to_the_task(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: all
  become: true
  environment: {A: play, B: play}
  ignore_errors: true
  tags: [p]
  tasks:
    - name: outer
      when: one
      tags: [b]
      vars: {v: 1}
      environment: {B: block}
      become_user: www
      block:
        - command: inside
          environment: {C: task}
          ignore_errors: false
      rescue:
        - command: saved
      always:
        - command: ended
""",
    }
    (block,) = work(only_play(load(tmp_path, files)))
    assert isinstance(block, Block)
    assert (block.when, block.tags, block.vars) == (("one",), ("p", "b"), {"v": 1})
    (inside,) = block.block
    assert isinstance(inside, Task)
    assert (inside.become, inside.become_user, inside.ignore_errors) == (True, "www", False)
    assert inside.environment == {"A": "play", "B": "block", "C": "task"}
    assert [task.args["_raw_params"] for task in block.walk()] == ["inside", "saved", "ended"]
    assert inside.where == "site.yml[0].tasks[0].block[0]"
    assert inside.name == "command"


@pytest.mark.parametrize(
    ("keyword", "message", "hint"),
    [
        ("vars_prompt: [{name: pass}]", "nobody is asked", "-e pass=…"),
        ("order: shuffle", "in the order of the inventory", "leave it out"),
        ("port: 2222", "by the inventory", "ansible_port=2222"),
        ("strategy: mitogen", "'mitogen' is not one of", None),
        ("serial: some", "must be a count", "30%"),
        ("max_fail_percentage: 200", "from 0 to 100", "30"),
        ("gather_fact: false", "'gather_fact' is not a keyword", "gather_facts"),
        ("roles: web", "must be a list of roles", "- NAME"),
        ("tasks: {name: x}", "must be a list of tasks", "- name"),
        ("vars_files: [{a: 1}]", "must be the name of a file", None),
        ("vars_files: [none.yml]", "there is no file of variables 'none.yml'", "looked in"),
        ("serial: '{{ batch }}'", "'batch' is not known before", "-e"),
    ],
)
def test_what_a_play_cannot_say_is_refused(tmp_path: Path, keyword: str, message: str, hint: str | None) -> None:
    (problem,) = problems(tmp_path, {"site.yml": f"- hosts: all\n  {keyword}\n"})
    assert message in problem.message
    assert (hint or "") in (problem.hint or "")
    assert problem.file is not None
    assert problem.file.endswith("site.yml")
    assert problem.line == 2


def test_prompts_that_are_answered_by_extra_variables_are_no_problem(tmp_path: Path) -> None:
    files = {"site.yml": "- hosts: all\n  vars_prompt: [{name: pass, private: true}]\n"}
    assert only_play(load(tmp_path, files, extra_vars={"pass": "x"})).hosts == ("all",)


def test_the_user_of_all_plays_is_whom_hosts_are_logged_in_to_as(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: all
  remote_user: "{{ who }}"
- hosts: db
  user: me
- hosts: localhost
"""
    }
    plan = load(tmp_path, files, extra_vars={"who": "me"}).plan
    given = parse_hosts_argument("a,b")
    given.hosts["b"].vars["ansible_user"] = "other"
    users = {name: host.user for name, host in inventory_for(plan, given).hosts.items()}
    assert (users["a"], users["b"]) == ("me", "other")
    (problem,) = problems(tmp_path, files, extra_vars={"who": "you"})
    assert "not every play logs in as this user" in problem.message
    assert problem.line == 3


def test_a_part_of_a_play_logs_in_as_nobody_else(tmp_path: Path) -> None:
    task = "- hosts: all\n  remote_user: me\n  tasks:\n    - command: x\n      remote_user: {}\n"
    assert only_play(load(tmp_path, {"site.yml": task.format("me")})).tasks
    (problem,) = problems(tmp_path, {"site.yml": task.format("you")})
    assert (problem.line, "become_user" in (problem.hint or "")) == (5, True)
    (problem,) = problems(tmp_path, {"site.yml": "- hosts: all\n  tasks:\n    - block: []\n      port: 2222\n"})
    assert problem.line == 4


def test_imported_playbooks_bring_their_plays(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- import_playbook: "{{ which }}/web.yml"
  when: wanted
  vars: {a: 2, which: parts}
  tags: [x]
- hosts: db
  tasks: [{command: last}]
""",
        "parts/web.yml": "- hosts: web\n  vars: {a: 1, b: 1}\n  tags: [y]\n  roles: [r]\n  tasks: [{command: t}]\n",
        "parts/roles/r/tasks/main.yml": "- command: r\n",
    }
    loaded = load(tmp_path, files)
    web, db = loaded.plan.plays
    assert [play.id for play in (web, db)] == ["play-0", "play-1"]
    assert web.vars == {"a": 2, "b": 1, "which": "parts"}
    (wrapped,) = work(web)
    assert isinstance(wrapped, Block)
    assert wrapped.when == ("wanted",)
    assert [step.tags for step in wrapped.block if not isinstance(step, str)] == [("x", "y"), ("x", "y")]
    assert outline(wrapped.block) == [("r", ["command"]), "command"]
    assert db.where == "site.yml[1]"
    assert web.where == "parts/web.yml[0]"
    assert (loaded.plan.playbook_dir, web.playbook_dir, db.playbook_dir) == (".", "parts", None)


def test_all_problems_of_a_site_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    files = {
        "site.yml": "- import_playbook: web.yml\n- import_playbook: nowhere.yml\n- hosts: all\n  tasks: [nonsense]\n",
        "web.yml": """
- hosts: all
  roles: [gone]
  tasks:
    - import_tasks: broken.yml
    - copy: {dest: 1, sorce: a}
""",
        "broken.yml": "- name: [\n",
    }
    found = problems(tmp_path, files)
    places = {(Path(problem.file or "").name, problem.line) for problem in found}
    assert places == {("site.yml", 2), ("site.yml", 4), ("web.yml", 3), ("web.yml", 6), ("broken.yml", 2)}
    assert any("copy has no argument 'sorce'" in problem.message for problem in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a: 1\n", "must be a list of plays"),
        ("- name: x\n  command: y\n", "is not a play"),
        ("- text\n", "must be a play, not text"),
        ("- import_playbook: site.yml\n", "imports itself"),
        ("- tasks: []\n", "needs hosts"),
    ],
)
def test_what_is_no_playbook(tmp_path: Path, text: str, message: str) -> None:
    assert message in problems(tmp_path, {"site.yml": text})[0].message


def test_nothing_outside_the_root_is_read(tmp_path: Path) -> None:
    write_site(tmp_path, {"secret.yml": "- command: x\n"})
    files = {"site.yml": "- hosts: all\n  tasks:\n    - import_tasks: ../secret.yml\n"}
    found = problems(tmp_path / "in", files, root=tmp_path / "in")
    assert ["lies outside" in problem.message for problem in found] == [True]
    assert load(tmp_path / "in", files).base == tmp_path


def test_a_plan_knows_the_lines_of_its_steps(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        {
            "site.yml": "- hosts: all\n  tasks:\n  - ping:\n  - block:\n    - debug:\n  - include_tasks: more.yml\n",
            "more.yml": "# more\n- ping:\n",
        },
    )
    assert loaded.plan.lines == {
        "site.yml[0].tasks[0]": "site.yml:3",
        "site.yml[0].tasks[1].block[0]": "site.yml:5",
        "site.yml[0].tasks[2]": "site.yml:6",
        "more.yml[0]": "more.yml:2",
    }


def test_a_playbook_that_is_not_there_brings_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text("[]")
    with pytest.raises(PlanError, match=r"did you mean .*site\.yml\?"):
        read_plan(str(tmp_path / "sit.yml"))
