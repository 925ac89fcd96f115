"""Roles: where they are found, what they bring, in which order and how often they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.plan.model import Block, Include, Task
from tests.support.playbooks import load, only_play, outline, problems, work

TASK = "- name: {0}\n  command: {0}\n"


def role(name: str, **parts: str) -> dict[str, str]:
    """The files of a role; its tasks are one command of its name unless given."""
    files = {"tasks": TASK.format(name), **parts}
    return {f"roles/{name}/{part}/main.yml": text for part, text in files.items()}


def test_a_role_becomes_a_block_with_its_layers_of_variables(tmp_path: Path) -> None:
    site = {"site.yml": "- hosts: all\n  roles: [{role: web, listen: 80, vars: {a: 1}, when: x, tags: t}]\n"}
    loaded = load(tmp_path, site | role("web", defaults="port: 8080\nuser: www\n", vars="kind: nginx\n"))
    play = only_play(loaded)
    (block,) = work(play)
    assert isinstance(block, Block)
    assert (block.role, block.role_path) == ("web", "roles/web")
    assert block.defaults == {"port": 8080, "user": "www"}
    assert block.role_vars == {"kind": "nginx"}
    assert (block.params, block.vars, block.when, block.tags) == ({"listen": 80}, {"a": 1}, ("x",), ("t",))
    assert (play.defaults, play.role_vars) == (block.defaults, block.role_vars)


@pytest.mark.parametrize(
    ("folder", "playbook"),
    [("roles", "site.yml"), (".", "site.yml"), ("roles", "plays/site.yml"), ("plays/roles", "plays/site.yml")],
)
def test_roles_are_found_beside_the_playbook_and_one_folder_up(tmp_path: Path, folder: str, playbook: str) -> None:
    files = {playbook: "- hosts: all\n  roles: [web]\n", f"{folder}/web/tasks/main.yml": TASK.format("web")}
    loaded = load(tmp_path, files, playbook)
    assert outline(work(only_play(loaded))) == [("web", ["web"])]
    expected = tmp_path if folder == "roles" else (tmp_path / playbook).parent
    assert loaded.base == expected


def test_roles_of_collections_are_found_by_their_full_names_and_by_those_the_play_names(tmp_path: Path) -> None:
    content = "collections/ansible_collections/acme/web/roles"
    site = {
        "site.yml": "- hosts: all\n  roles: [acme.web.front]\n"
        "- hosts: all\n  collections: [acme.web]\n  roles: [front]\n",
        f"{content}/front/meta/main.yml": "dependencies: [acme.web.base, base]\n",
        f"{content}/front/tasks/main.yml": TASK.format("front"),
        f"{content}/base/tasks/main.yml": TASK.format("base"),
        "roles/base/tasks/main.yml": TASK.format("not this one"),
    }
    loaded = load(tmp_path, site)
    # Within a collection a role means its neighbour, by either name.
    once = [("acme.web.base", ["base"]), ("acme.web.front", ["front"])]
    assert [outline(work(play)) for play in loaded.plan.plays] == [
        [("", once)],
        [("", [once[0], ("front", ["front"])])],
    ]
    assert "not this one" not in str(loaded.plan)


def test_a_playbook_in_a_collection_finds_the_roles_beside_it(tmp_path: Path) -> None:
    home = "ansible_collections/acme/web"
    files = {
        f"{home}/playbooks/site.yml": "- hosts: all\n  roles: [front, acme.web.other, acme.db.server]\n",
        f"{home}/roles/front/tasks/main.yml": TASK.format("front"),
        f"{home}/roles/other/tasks/main.yml": TASK.format("other"),
        "ansible_collections/acme/db/roles/server/tasks/main.yml": TASK.format("server"),
    }
    play = only_play(load(tmp_path, files, f"{home}/playbooks/site.yml"))
    assert [tasks for _, tasks in outline(work(play))] == [["front"], ["other"], ["server"]]


def test_a_missing_role_with_a_file_of_tasks_known_later_is_told_as_any_other(tmp_path: Path) -> None:
    files = {"site.yml": "- hosts: all\n  tasks:\n    - include_role: {name: nobody, tasks_from: '{{ x }}.yml'}\n"}
    (problem,) = problems(tmp_path, files)
    assert "there is no role 'nobody'" in problem.message


def test_a_missing_role_says_where_it_was_looked_for(tmp_path: Path) -> None:
    files = {"site.yml": "- hosts: all\n  roles:\n    - wbe\n"} | role("web")
    (problem,) = problems(tmp_path, files)
    assert (problem.line, problem.column) == (3, 7)
    assert "there is no role 'wbe'" in problem.message
    assert problem.hint is not None
    assert "did you mean web?" in problem.hint
    assert str(tmp_path / "roles") in problem.hint


def test_what_a_role_depends_on_runs_before_it_and_only_once(tmp_path: Path) -> None:
    files = {"site.yml": "- hosts: all\n  roles: [web, db]\n"}
    files |= role("web", meta="dependencies: [common]\n", defaults="port: 1\n")
    files |= role("db", meta="dependencies: [{role: common}, {name: disk, size: 3}]\n")
    files |= role("common", defaults="port: 2\nzone: a\n", vars="os: linux\n") | role("disk")
    play = only_play(load(tmp_path, files))
    assert outline(work(play)) == [
        ("", [("common", ["common"]), ("web", ["web"])]),
        ("", [("disk", ["disk"]), ("db", ["db"])]),
    ]
    first = work(play)[0]
    assert isinstance(first, Block)
    inner = first.block[1]
    assert isinstance(inner, Block)
    assert inner.defaults == {"port": 1, "zone": "a"}
    assert inner.role_vars == {"os": "linux"}


@pytest.mark.parametrize(
    ("first", "second"), [("when: a", "when: b"), ("tags: []", "tags: [x]"), ("tags: x", "when: c")]
)
def test_a_dependency_runs_again_where_the_first_may_not_have_run(tmp_path: Path, first: str, second: str) -> None:
    files = {"site.yml": f"- hosts: all\n  roles: [{{role: web, {first}}}, {{role: db, {second}}}]\n"}
    files |= role("web", meta="dependencies: [common]\n") | role("db", meta="dependencies: [common]\n") | role("common")
    found = work(only_play(load(tmp_path, files)))
    assert outline(found) == [
        ("", [("common", ["common"]), ("web", ["web"])]),
        ("", [("common", ["common"]), ("db", ["db"])]),
    ]
    once = [step.once for outer in found if isinstance(outer, Block) for step in outer.block if isinstance(step, Block)]
    assert once == ["roles/common", "roles/web", "roles/common", "roles/db"]


def test_a_role_runs_again_with_other_parameters_or_when_it_allows_it(tmp_path: Path) -> None:
    files = {"site.yml": "- hosts: all\n  roles: [web, web, {role: web, listen: 1}, twice, twice]\n"}
    files |= role("web") | role("twice", meta="allow_duplicates: true\n")
    found = outline(work(only_play(load(tmp_path, files))))
    web, twice = ("web", ["web"]), ("twice", ["twice"])
    assert found == [web, ("web", []), web, twice, twice]


def test_a_role_is_named_from_the_folder_of_the_playbook(tmp_path: Path) -> None:
    files = {"plays/site.yml": "- hosts: all\n  roles: [{role: '{{ playbook_dir }}/../shared/web'}]\n"}
    files["shared/web/tasks/main.yml"] = TASK.format("web")
    assert outline(work(only_play(load(tmp_path, files, "plays/site.yml")))) == [("web", ["web"])]


def test_roles_that_depend_on_each_other_are_refused(tmp_path: Path) -> None:
    files = {"site.yml": "- hosts: all\n  roles: [a]\n"}
    files |= role("a", meta="dependencies: [b]\n") | role("b", meta="dependencies:\n  - a\n")
    (problem,) = problems(tmp_path, files)
    assert "depends on itself" in problem.message
    assert problem.file is not None
    assert problem.file.endswith("roles/b/meta/main.yml")
    assert problem.line == 2


def test_folders_of_variables_and_the_other_suffix_are_read(tmp_path: Path) -> None:
    files = {
        "site.yml": "- hosts: all\n  roles: [web]\n",
        "roles/web/defaults/main/10-a.yml": "a: 1\nb: 1\n",
        "roles/web/defaults/main/20-b.yaml": "b: 2\n",
        "roles/web/vars/main.yaml": "c: 3\n",
        "roles/web/tasks/main.yaml": TASK.format("web"),
    }
    (block,) = work(only_play(load(tmp_path, files)))
    assert isinstance(block, Block)
    assert (block.defaults, block.role_vars) == ({"a": 1, "b": 2}, {"c": 3})
    assert outline([block]) == [("web", ["web"])]


def test_import_role_stands_in_place_and_takes_other_files(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: all
  vars: {which: web}
  tasks:
    - import_role: {name: "{{ which }}", tasks_from: setup, defaults_from: big.yml}
      vars: {port: 3}
      when: ready
      become: true
      tags: [a, b]
""",
        "roles/web/tasks/setup.yml": TASK.format("setup"),
        "roles/web/defaults/big.yml": "size: 9\n",
    }
    play = only_play(load(tmp_path, files))
    (block,) = work(play)
    assert isinstance(block, Block)
    assert (block.role, block.defaults, block.vars) == ("web", {"size": 9}, {"port": 3})
    assert (block.when, block.tags) == (("ready",), ("a", "b"))
    (task,) = block.block
    assert isinstance(task, Task)
    assert (task.name, task.become) == ("setup", True)
    assert play.defaults == {"size": 9}


def test_include_role_is_decided_when_it_is_reached(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: all
  tasks:
    - name: either
      include_role:
        name: "db-{{ kind }}"
        apply: {become: true, tags: [inner]}
        public: yes
      when: wanted
      loop: [1, 2]
      vars: {x: 1}
"""
    }
    files |= role("db-a") | role("db-b", defaults="d: 1\n") | role("web")
    play = only_play(load(tmp_path, files))
    (include,) = work(play)
    assert isinstance(include, Include)
    assert (include.kind, include.target, include.when, include.loop) == ("role", "db-{{ kind }}", ("wanted",), [1, 2])
    assert sorted(include.choices) == ["db-a", "db-b"]
    (applied,) = include.choices["db-b"]
    assert isinstance(applied, Block)
    assert applied.tags == ("inner",)
    assert outline(applied.block) == [("db-b", ["db-b"])]
    assert all(task.become for task in applied.walk())
    assert (include.vars, include.public) == ({"x": 1}, True)
    assert play.defaults == {}


def test_tasks_from_with_an_expression_may_mean_any_file_of_the_role(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: all
  tasks:
    - include_role: {name: web, tasks_from: "setup-{{ os }}"}
""",
        "roles/web/tasks/setup-a.yml": TASK.format("a"),
        "roles/web/tasks/setup-b.yml": TASK.format("b"),
        "roles/web/tasks/main.yml": TASK.format("main"),
    }
    (include,) = work(only_play(load(tmp_path, files)))
    assert isinstance(include, Include)
    assert (include.kind, include.target, include.search) == ("tasks", "setup-{{ os }}", ("roles/web/tasks",))
    assert outline([include]) == [
        {
            "roles/web/tasks/setup-a.yml": [("web", ["a"])],
            "roles/web/tasks/setup-b.yml": [("web", ["b"])],
        }
    ]


def test_a_role_may_take_in_other_tasks_of_itself_but_not_itself(tmp_path: Path) -> None:
    files = {"site.yml": "- hosts: all\n  roles: [web]\n", "roles/web/tasks/extra.yml": TASK.format("extra")}
    files["roles/web/tasks/main.yml"] = "- include_role: {name: web, tasks_from: extra}\n"
    assert outline(work(only_play(load(tmp_path, files)))) == [("web", [{"web": [("web", ["extra"])]}])]
    files["roles/web/tasks/extra.yml"] = "- import_role: {name: web}\n"
    (problem,) = problems(tmp_path, files)
    assert "itself" in problem.message


def test_handlers_come_in_ansibles_order_and_know_their_role(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: all
  roles: [web]
  tasks:
    - import_role: {name: db}
  handlers:
    - name: own
      command: own
"""
    }
    files |= role("web", meta="dependencies: [common]\n", handlers="- name: restart\n  command: r\n  listen: all\n")
    files |= role("db", handlers="- name: db up\n  command: d\n") | role("common", handlers=TASK.format("c"))
    play = only_play(load(tmp_path, files))
    assert outline(play.handlers) == [("common", ["c"]), ("web", ["restart"]), "own", ("db", ["db up"])]
    (restart,) = [task for step in play.handlers if isinstance(step, Block) for task in step.walk() if task.listen]
    assert restart.listen == ("all", "web : all")


def test_unknown_arguments_and_loops_of_role_imports_are_refused(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: all
  tasks:
    - import_role: {name: web}
      loop: [1]
    - include_role: {name: web, port: 80}
    - include_role: {tasks_from: x}
    - import_role: {name: web, apply: {}}
    - include_role: {name: web}
      become: true
"""
    }
    found = [(problem.line, problem.message.splitlines()[0]) for problem in problems(tmp_path, files | role("web"))]
    assert found == [
        (5, "import_role cannot have a loop"),
        (6, "include_role has no argument 'port'"),
        (7, "include_role needs the name of a role"),
        (8, "import_role has no argument 'apply'"),
        (10, "include_role cannot have 'become'"),
    ]


def test_what_a_role_says_of_its_variables_becomes_its_first_task(tmp_path: Path) -> None:
    site = {"site.yml": "- hosts: all\n  roles: [{role: web, listen: 80, delegate_to: other}]\n"} | role("web")
    specs = "argument_specs: {main: {short_description: Web, options: {listen: {type: int}}}}"
    (block,) = work(only_play(load(tmp_path, site | {"roles/web/meta/argument_specs.yml": specs})))
    assert isinstance(block, Block)
    first, second = block.block
    assert isinstance(first, Task)
    assert isinstance(second, Task)
    assert (first.name, first.tags) == ("Validating arguments against arg spec 'main' - Web", ("always",))
    assert first.args["argument_spec"] == {"listen": {"type": "int"}}
    assert first.args["provided_arguments"] == {"listen": 80}
    # The variables are those of the host itself, whoever performs the role's tasks for it.
    assert (first.delegate_to, second.delegate_to) == (None, "other")


def test_a_specification_that_no_value_fits_is_refused_where_it_stands(tmp_path: Path) -> None:
    site = {"site.yml": "- hosts: all\n  roles: [web]\n"} | role("web")
    specs = "argument_specs:\n  main:\n    options:\n      a: {type: integer}\n      b: {elements: strin}\n      c: 1\n"
    found = problems(tmp_path, site | {"roles/web/meta/argument_specs.yml": specs})
    assert [each.line for each in found] == [4, 5, 6]
    assert "'integer' is not one of bits, bool" in found[0].message
    assert found[1].hint == "did you mean str?"


def test_roles_that_depend_on_each_other_in_a_long_row(tmp_path: Path) -> None:
    files = {"site.yml": "- hosts: all\n  roles: [r1]\n"}
    for number in range(1, 63):
        files |= role(f"r{number}", meta=f"dependencies: [r{number + 1}]\n" if number < 62 else "{}")
    (problem,) = problems(tmp_path, files)
    assert problem.message.startswith("is the end of more than 60 roles that depend on each other in a row")
    assert problem.hint == "name r62 among the play's roles, before r1"
    loaded = load(tmp_path, files | role("r61", meta="{}"))
    assert len(list(loaded.plan.walk())) >= 61
