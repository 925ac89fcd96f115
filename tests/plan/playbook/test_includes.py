"""Included and imported files of tasks and variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.plan.model import Block, Include, Step, Task
from deploy_tasks.plan.vault import Vault
from tests.support.playbooks import load, only_play, outline, problems, work

PLAY = "- hosts: all\n  tasks:\n"


def steps(tmp_path: Path, tasks: str, files: dict[str, str] | None = None, head: str = PLAY) -> list[Step]:
    """The steps of a play with these tasks, beside some files."""
    lines = "".join(f"    {line}\n" for line in tasks.strip().splitlines())
    return work(only_play(load(tmp_path, {"site.yml": head + lines} | (files or {}))))


def test_imported_tasks_stand_in_place(tmp_path: Path) -> None:
    found = steps(
        tmp_path,
        """
- command: before
- import_tasks: part.yml
- name: with all
  import_tasks: part.yml
  when: [a, b]
  tags: [t]
  vars: {x: 1}
  become: true
""",
        {"part.yml": "- command: one\n- command: two\n"},
    )
    assert outline(found) == ["command"] * 3 + [("with all", ["command"] * 2)]
    block = found[3]
    assert isinstance(block, Block)
    assert (block.when, block.tags, block.vars) == (("a", "b"), ("t",), {"x": 1})
    assert [task.become for task in block.walk()] == [True, True]
    ids = [task.id for step in found for task in ([step] if isinstance(step, Task) else step.walk())]
    assert ids == ["site.yml[0].tasks[0]", "part.yml[0]", "part.yml[1]", "part.yml[0]#2", "part.yml[1]#2"]


def test_files_are_found_beside_the_file_that_names_them(tmp_path: Path) -> None:
    files = {
        "tasks/a.yml": "- import_tasks: deep/b.yml\n",
        "tasks/deep/b.yml": "- include_tasks: c.yml\n- import_tasks: top.yml\n",
        "tasks/deep/c.yml": "- command: c\n",
        "tasks/top.yml": "- command: top\n",
    }
    found = steps(tmp_path, "- import_tasks: tasks/a.yml", files)
    assert outline(found) == [{"tasks/deep/c.yml": ["command"]}, "command"]
    assert isinstance(found[0], Include)
    assert found[0].target == "tasks/deep/c.yml"


def test_imports_need_names_that_are_known_and_includes_do_not(tmp_path: Path) -> None:
    files = {"web.yml": "- command: a\n", "db.yml": "- command: b\n", "vars.yml": "kind: db\n", "other.txt": ""}
    assert outline(steps(tmp_path, "- import_tasks: '{{ k }}.yml'\n  vars: {k: web}", files)) == [("", ["command"])]
    head = "- hosts: all\n  vars_files: [vars.yml]\n  tasks:\n"
    assert outline(steps(tmp_path, "- import_tasks: '{{ kind }}.yml'", files, head)) == ["command"]
    (include,) = steps(tmp_path, "- include_tasks: '{{ kind }}.yml'\n  when: c\n  tags: t", files)
    assert isinstance(include, Include)
    assert (include.target, include.when, include.tags) == ("{{ kind }}.yml", ("c",), ("t",))
    assert sorted(include.choices) == ["db.yml", "web.yml"]
    (problem,) = problems(tmp_path, {"site.yml": PLAY + "    - import_tasks: '{{ kind }}.yml'\n"} | files)
    assert "'kind' is not known before" in problem.message
    assert problem.hint == "use include_tasks"


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("- include_tasks: '{{ item }}.yml'\n  loop: [a, b]", ["a.yml", "b.yml"]),
        ("- include_tasks: '{{ item.file }}'\n  with_items: [{file: a.yml}, {file: c.yml}]", ["a.yml", "c.yml"]),
        ("- include_tasks: \"{{ 'a.yml' if x else 'b.yml' }}\"", ["a.yml", "b.yml"]),
        ("- include_tasks: '{{ name }}'\n  vars: {name: 'b{{ x }}.yml'}", ["b.yml", "b2.yml"]),
        ("- include_tasks: '{{ n | default(\"c.yml\") }}'\n  vars: {n: a.yml}", ["a.yml", "c.yml"]),
        ("- include_tasks: '{{ item }}'\n  with_first_found: ['{{ os }}2.yml', a.yml]", ["a.yml", "b2.yml"]),
        (
            "- include_tasks: \"{{ lookup('first_found', p) }}\"\n"
            "  vars: {p: {files: ['b{{ v }}.yml'], paths: [sub, '.']}}",
            ["b.yml", "b2.yml", "sub/b.yml"],
        ),
        ("- include_tasks: 'sub/{{ x }}.yml'", ["sub/b.yml"]),
        ("- include_tasks: '{{ playbook_dir }}/sub/{{ x }}.yml'", ["sub/b.yml"]),
        ("- include_tasks: '{{ playbook_dir }}/a.yml'", ["a.yml"]),
    ],
)
def test_what_a_name_may_mean(tmp_path: Path, task: str, expected: list[str]) -> None:
    files = dict.fromkeys(("a.yml", "b.yml", "b2.yml", "c.yml", "sub/b.yml"), "- command: x\n")
    (include,) = steps(tmp_path, task, files)
    assert isinstance(include, Include)
    assert sorted(include.choices) == expected


def test_includes_have_vars_loops_and_applied_keywords(tmp_path: Path) -> None:
    (include,) = steps(
        tmp_path,
        """
- include_tasks:
    file: a.yml
    apply: {tags: [inner], become: true, when: z}
  vars: {v: 1}
  loop: [1]
  loop_control: {loop_var: it, index_var: n, label: "{{ it }}"}
  run_once: true
  ignore_errors: true
""",
        {"a.yml": "- command: x\n"},
    )
    assert isinstance(include, Include)
    assert (include.vars, include.loop, include.loop_var, include.index_var) == ({"v": 1}, [1], "it", "n")
    assert (include.loop_label, include.run_once, include.ignore_errors) == ("{{ it }}", True, True)
    (block,) = include.choices["a.yml"]
    assert isinstance(block, Block)
    assert (block.tags, block.when, [task.become for task in block.walk()]) == (("inner",), ("z",), [True])


@pytest.mark.parametrize(
    ("again", "hint"),
    [
        ("include_tasks: a.yml", "write `when` on this include: when it goes on"),
        ("import_tasks: a.yml\n  when: deep", "use include_tasks with `when`"),
    ],
)
def test_what_includes_itself_without_end_is_refused(tmp_path: Path, again: str, hint: str) -> None:
    files = {"site.yml": PLAY + "    - include_tasks: a.yml\n", "a.yml": "- include_tasks: b.yml\n"}
    (problem,) = problems(tmp_path, files | {"b.yml": f"- command: x\n- {again}\n"})
    assert (problem.message.splitlines()[0], problem.hint) == ("'a.yml' includes itself without an end", hint)
    assert (Path(problem.file or "").name, problem.line) == ("b.yml", 2)


def test_what_includes_itself_under_a_condition_refers_to_itself(tmp_path: Path) -> None:
    files = {"site.yml": PLAY + "    - include_tasks: a.yml\n"}
    (first,) = work(only_play(load(tmp_path, files | {"a.yml": "- include_tasks: a.yml\n  when: deep\n"})))
    assert isinstance(first, Include)
    (second,) = first.choices["a.yml"]
    assert isinstance(second, Include)
    assert (second.choices, second.again) == ({}, ("a.yml",))


def test_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    files = {
        "site.yml": PLAY + "    - import_tasks: a.yml\n    - include_tasks: b.yml\n    - include_tasks: gone.yml\n",
        "a.yml": "x: [\n",
        "b.yml": "key: value\n",
    }
    found = {(Path(problem.file or "").name, problem.message.splitlines()[0]) for problem in problems(tmp_path, files)}
    assert ("b.yml", "must be a list of tasks, not an object") in found
    assert ("site.yml", "there is no file of tasks 'gone.yml'") in found
    assert any(name == "a.yml" and "not YAML" in message for name, message in found)
    assert len(found) == 3


def test_handlers_may_include_files(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: all
  tasks: [{command: x, notify: [restart all, one, topic]}]
  handlers:
    - name: restart all
      include_tasks: h.yml
      listen: topic
      when: c
    - import_tasks: h.yml
""",
        "h.yml": "- name: one\n  command: a\n- name: two\n  command: b\n  listen: t\n",
    }
    play = only_play(load(tmp_path, files))
    assert outline(play.handlers) == [{"h.yml": ["one", "two"]}, "one", "two"]
    (include, *_) = play.handlers
    assert isinstance(include, Include)
    assert (include.name, include.listen, include.when) == ("restart all", ("topic",), ("c",))


def test_include_vars_brings_the_files_that_it_may_mean(tmp_path: Path) -> None:
    files = {
        "roles/r/tasks/main.yml": """
- include_vars: "{{ ansible_os_family }}.yml"
- include_vars: {file: Debian.yml, name: got}
- include_vars: "{{ item }}"
  with_first_found: ["{{ ansible_distribution }}-{{ ansible_distribution_version }}.yml", RedHat.yml]
- include_vars: {dir: vars/more, depth: 1, ignore_files: [b.yml]}
- include_vars: extra.yml
""",
        "roles/r/vars/main.yml": "m: 0\n",
        "roles/r/vars/Debian.yml": "a: 1\n",
        "roles/r/vars/RedHat.yml": "a: 2\n",
        "roles/r/vars/Debian-12.yml": "a: 3\n",
        "roles/r/vars/more/a.yml": "x: 1\n",
        "roles/r/vars/more/b.yml": "x: 2\n",
        "roles/r/vars/more/deep/c.yml": "x: 3\n",
        "vars/extra.yml": "e: 1\n",
    }
    (role,) = work(only_play(load(tmp_path, {"site.yml": "- hosts: all\n  roles: [r]\n"} | files)))
    assert isinstance(role, Block)
    tasks = [step for step in role.block if isinstance(step, Task)]
    files_of = [sorted(task.var_files) for task in tasks]
    every = [f"roles/r/vars/{name}.yml" for name in ("Debian-12", "Debian", "RedHat", "main")] + ["vars/extra.yml"]
    assert files_of[0] == every
    assert files_of[1] == ["roles/r/vars/Debian.yml"]
    assert tasks[1].args == {"_raw_params": "roles/r/vars/Debian.yml", "name": "got"}
    assert tasks[1].var_files["roles/r/vars/Debian.yml"] == {"a": 1}
    assert files_of[2] == ["roles/r/vars/Debian-12.yml", "roles/r/vars/RedHat.yml"]
    assert files_of[3] == ["roles/r/vars/more/a.yml"]
    assert tasks[3].args["dir"] == "roles/r/vars/more"
    assert files_of[4] == ["vars/extra.yml"]


def test_vars_files_take_the_first_that_is_there(tmp_path: Path) -> None:
    files = {
        "site.yml": """
- hosts: all
  vars_files:
    - vars/a.yml
    - b.yml
    - ["{{ ansible_os_family }}.yml", gone.yml, b.yml]
""",
        "vars/a.yml": "a: 1\n",
        "vars/Debian.yml": "os: d\n",
        "b.yml": "b: 1\n",
    }
    first, second, third = only_play(load(tmp_path, files)).vars_files
    assert (first.names, first.choices) == (("vars/a.yml",), {"vars/a.yml": {"a": 1}})
    assert second.choices == {"b.yml": {"b": 1}}
    assert third.names == ("vars/{{ ansible_os_family }}.yml", "{{ ansible_os_family }}.yml", "b.yml")
    assert third.choices["vars/Debian.yml"] == {"os": "d"}


def test_sources_are_named_as_ansible_would_find_them(tmp_path: Path) -> None:
    files = {
        "roles/r/tasks/main.yml": """
- copy: {src: a.conf, dest: /a}
- template: {src: t.j2, dest: /t}
- copy: {src: shared.conf, dest: /s}
- copy: {src: "{{ role_path }}/files/a.conf", dest: /a}
- template: {src: "{{ item }}.j2", dest: /x}
  loop: [t, u]
- copy: {src: folder/, dest: /f}
- copy: {src: a.conf, dest: /a, remote_src: true}
""",
        "roles/r/files/a.conf": "a",
        "roles/r/files/folder/x": "x",
        "roles/r/templates/t.j2": "t",
        "roles/r/templates/u.j2": "u",
        "files/shared.conf": "s",
    }
    (role,) = work(only_play(load(tmp_path, {"site.yml": "- hosts: all\n  roles: [r]\n"} | files)))
    assert isinstance(role, Block)
    tasks = list(role.walk())
    assert [task.args["src"] for task in tasks] == [
        "roles/r/files/a.conf",
        "roles/r/templates/t.j2",
        "files/shared.conf",
        "roles/r/files/a.conf",
        "roles/r/templates/{{ item }}.j2",
        "roles/r/files/folder/",
        "a.conf",
    ]
    assert tasks[0].search == ("roles/r", "roles/r/tasks", ".")
    (problem,) = problems(tmp_path, {"site.yml": PLAY + "    - copy: {src: shred.conf, dest: /x}\n"})
    assert "there is no file 'shred.conf'" in problem.message
    assert "did you mean shared.conf?" in (problem.hint or "")


def test_files_that_a_loop_looks_for_are_found_when_they_can_be(tmp_path: Path) -> None:
    files = {
        "site.yml": "- hosts: all\n  roles: [r]\n",
        "roles/r/tasks/main.yml": """
- copy: {src: "{{ item }}", dest: /a/}
  with_fileglob: [conf/*.conf, "{{ role_path }}/files/[ab]*"]
- template: {src: "{{ item }}", dest: /b}
  with_first_found: [gone.j2, t.j2]
- template: {src: "{{ item }}", dest: /c}
  with_first_found: ["{{ ansible_hostname }}.j2", t.j2]
- copy: {src: "{{ lookup('first_found', names) }}", dest: /d}
  vars: {names: {files: [x.conf, b], skip: true}}
- copy: {src: "{{ lookup('first_found', names) }}", dest: /e}
  vars: {names: ["conf/{{ os }}.conf", b]}
- copy: {src: "{{ source }}", dest: /f}
  vars: {source: "{{ role_path }}/files/{{ os }}"}
- copy: {src: "{{ source }}", dest: /g}
  vars: {source: "{{ role_path }}/files/b"}
- include_tasks: "{{ item }}"
  with_fileglob: tasks/more/*.yml
""",
        "roles/r/tasks/more/2.yml": "- command: two\n",
        "roles/r/tasks/more/1.yml": "- command: one\n",
        "roles/r/files/conf/1.conf": "",
        "roles/r/files/conf/2.conf": "",
        "roles/r/files/conf/other": "",
        "roles/r/files/b": "",
        "roles/r/templates/t.j2": "",
        "roles/r/templates/u.j2": "",
    }
    (role,) = work(only_play(load(tmp_path, files)))
    assert isinstance(role, Block)
    globbed, first, open_, known, mixed, variable, fixed, include = role.block
    assert isinstance(globbed, Task)
    assert globbed.args["src"] == "{{ item }}"
    assert globbed.loop == ["roles/r/files/conf/1.conf", "roles/r/files/conf/2.conf", "roles/r/files/b"]
    assert isinstance(first, Task)
    assert first.loop == ["roles/r/templates/t.j2"]
    sources = [task.args["src"] for task in (open_, known, mixed, variable, fixed) if isinstance(task, Task)]
    assert sources == [
        "roles/r/templates/{{ (item) | regex_replace('^roles/r/templates/', '') }}",
        "roles/r/files/b",
        "roles/r/files/{{ (lookup('first_found', names)) | regex_replace('^roles/r/files/', '') }}",
        "roles/r/files/{{ (source) | regex_replace('^roles/r/files/', '') }}",
        "roles/r/files/b",
    ]
    assert isinstance(include, Include)
    assert include.loop == list(include.choices) == ["roles/r/tasks/more/1.yml", "roles/r/tasks/more/2.yml"]
    gone = {"site.yml": PLAY + "    - copy: {src: '{{ item }}', dest: /x}\n      with_first_found: [none.j2, nor]\n"}
    found = problems(tmp_path, gone)
    assert any("there is no file 'none.j2, nor'" in problem.message for problem in found), found


def test_an_encrypted_file_comes_as_a_secret_value(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret")
    text = Vault([password]).encrypt(b"key: {{ not a template }}\n")
    files = {
        "site.yml": PLAY + "    - copy: {src: key, dest: /etc/, mode: '0600'}\n",
        "files/key": text,
        "files/plain": "plain",
    }
    loaded = load(tmp_path, files, vault_password_files=[password])
    (task,) = work(only_play(loaded))
    assert isinstance(task, Task)
    assert task.args == {"content": "{{ __vault_0 }}", "dest": "/etc/key", "mode": "0600"}
    assert "not a template" in loaded.plan.secret_vars["__vault_0"]
    files["site.yml"] = """
- hosts: all
  tasks:
    - template: {src: files/key, dest: /x}
    - copy: {src: "{{ x }}", dest: /x}
    - copy: {src: key, dest: /x, decrypt: false}
    - copy: {src: "pla{{ x }}", dest: /x}
"""
    found = [(problem.line, problem.message.splitlines()[0]) for problem in problems(tmp_path, files)]
    assert found == [
        (4, "'files/key' is encrypted with ansible-vault"),
        (5, "may mean 'files/key', which is encrypted with ansible-vault"),
    ]
    files["site.yml"] = PLAY + "    - copy: {src: key, dest: /x}\n"
    (problem,) = problems(tmp_path, files)
    assert "is encrypted with ansible-vault" in problem.message


def test_the_include_of_old_playbooks_imports_a_literal_name(tmp_path: Path) -> None:
    files = {"a.yml": "- command: one\n- include: 'b.yml'\n", "b.yml": "- command: two\n"}
    (block,) = steps(tmp_path, "- include: a.yml port=80 name='a b'\n  when: c\n  vars: {port: 1}", files)
    assert isinstance(block, Block)
    assert (block.when, block.vars) == (("c",), {"port": "80", "name": "a b"})
    assert outline([block]) == [("", ["command", "command"])]


def test_the_include_of_old_playbooks_waits_for_what_is_known_later(tmp_path: Path) -> None:
    files = {"a.yml": "- include: b.yml\n  tags: t\n", "b.yml": "- command: two\n"}
    for task in ("- include: '{{ x }}.yml'", "- include: a.yml\n  with_items: [1]", "- include_tasks: a.yml"):
        (include, *_) = steps(tmp_path, task, files)
        assert isinstance(include, Include)
        # What is included only when it is reached has no imports by that name: tags do not go inside.
        (inner,) = include.choices["a.yml"]
        assert isinstance(inner, Include)
        assert (inner.tags, outline(inner.choices["b.yml"])) == (("t",), ["command"])
    (problem,) = problems(tmp_path, {"site.yml": PLAY + "    - include: gone.yml\n"})
    assert "there is no file of tasks 'gone.yml'" in problem.message


def test_an_old_playbook_includes_another(tmp_path: Path) -> None:
    site = "- include: web.yml\n  vars: {x: 1}\n"
    play = only_play(load(tmp_path, {"site.yml": site, "web.yml": "- hosts: web\n  tasks: [{command: a}]\n"}))
    assert (play.hosts, play.vars) == (("web",), {"x": 1})
