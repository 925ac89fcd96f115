"""Roles that include themselves, or each other in turns: as long as a condition or a loop says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_tasks.plan.model import Block, Include, Play
from tests.support.playbooks import load, only_play, problems

PLAY = "- hosts: all\n  gather_facts: false\n"


def files(play: str, **roles: str) -> dict[str, str]:
    return {"site.yml": PLAY + play} | {f"roles/{name}/tasks/main.yml": text for name, text in roles.items()}


def includes(step: Play | Block | Include | object) -> Iterator[Include]:
    """Every include below a step, outer ones first."""
    inner: list[object] = []
    if isinstance(step, Include):
        yield step
        inner = [each for choice in step.choices.values() for each in choice]
    elif isinstance(step, (Play, Block)):
        inner = list(step.tasks if isinstance(step, Play) else step.block)
    for each in inner:
        yield from includes(each)


def test_a_role_refers_to_itself_once_nothing_new_is_known(tmp_path: Path) -> None:
    again = "- include_role: {name: a}\n  vars: {n: '{{ m - 1 }}'}\n  when: m > 0\n"
    play = only_play(load(tmp_path, files("  roles: [a]\n", a=again)))
    found = list(includes(play))
    assert [(sorted(each.choices), each.again) for each in found][-1] == ([], ("a",))
    assert len(found) < 5


def test_roles_refer_to_each_other_in_turns_also_through_what_they_depend_on(tmp_path: Path) -> None:
    site = files(
        "  tasks: [{include_role: {name: a}}]\n", a="- command: a\n", b="- include_role: {name: a}\n  when: x\n"
    )
    site["roles/a/meta/main.yml"] = "dependencies: [b]\n"
    found = list(includes(only_play(load(tmp_path, site))))
    assert found[-1].again == ("a",)
    assert len(found) < 5


def test_a_name_with_an_expression_may_be_the_role_itself_where_it_is_written_out(tmp_path: Path) -> None:
    loop = "- include_role: {name: '{{ item }}'}\n  loop: [a, b]\n"
    found = list(includes(only_play(load(tmp_path, files("  roles: [a]\n", a=loop, b="- command: b\n")))))
    assert found[-1].again == ("a",)
    assert sorted(found[-1].choices) == ["b"]


def test_a_wide_name_of_a_file_of_the_role_leaves_out_the_file_it_stands_in(tmp_path: Path) -> None:
    site = files("  roles: [a]\n", a="- include_role: {name: a, tasks_from: '{{ what }}'}\n")
    site["roles/a/tasks/b.yml"] = "- command: b\n"
    (found,) = includes(only_play(load(tmp_path, site)))
    assert sorted(found.choices) == ["roles/a/tasks/b.yml"]


@pytest.mark.parametrize("again", ["include_role: {name: a}", "import_role: {name: a}\n  when: x"])
def test_a_role_that_includes_itself_without_an_end_is_refused(tmp_path: Path, again: str) -> None:
    (problem,) = problems(tmp_path, files("  roles: [a]\n", a=f"- command: a\n- {again}\n"))
    assert problem.message.splitlines()[0] == "the role 'a' includes itself without an end"
    assert problem.hint == "write `when` on an include_role of it: when it goes on"
    assert (Path(problem.file or "").parts[-3:], problem.line) == (("a", "tasks", "main.yml"), 2)


def test_role_and_file_may_both_be_expressions(tmp_path: Path) -> None:
    play = (
        "  tasks:\n    - include_role: {name: '{{ item.role }}', tasks_from: '{{ item.file | default(\"main\") }}'}\n"
    )
    site = files(play + "      loop: [{role: a}, {role: b, file: more}]\n", a="- command: a\n", b="- command: b\n")
    site["roles/b/tasks/more.yml"] = "- command: more\n"
    (found,) = includes(only_play(load(tmp_path, site)))
    assert found.target == '{{ item.role }}/tasks/{{ item.file | default("main") }}'
    assert {"a/tasks/main.yml", "b/tasks/more.yml"} <= found.choices.keys()


def test_other_files_of_a_role_are_named_literally(tmp_path: Path) -> None:
    play = "  tasks:\n    - include_role: {name: a, tasks_from: '{{ x }}', vars_from: '{{ x }}'}\n"
    (problem,) = problems(tmp_path, files(play, a="- command: a\n"))
    assert "only its name and tasks_from may have an expression here" in problem.message


@pytest.mark.parametrize("kind", ["include_tasks: a.yml", "include_role: {name: a}"])
def test_what_includes_itself_with_ever_new_values_ends_in_a_problem(tmp_path: Path, kind: str) -> None:
    text = "".join(f"- {kind}\n  vars: {{v{n}: {value}}}\n  when: x\n" for n in range(8) for value in (0, 1))
    site = files("  tasks: [{%s}]\n" % kind, a=text) | {"a.yml": text}  # noqa: UP031
    (found,) = problems(tmp_path, site)
    assert "files and roles include each other more than 40 deep" in found.message


def test_blocks_within_files_within_each_other_end_in_a_problem(tmp_path: Path) -> None:
    site = {"site.yml": PLAY + "  tasks: [{include_tasks: f0.yml}]\n", "f35.yml": "- command: a\n"}
    for n in range(35):
        inner = "{block: [" * 15 + f"{{include_tasks: f{n + 1}.yml}}" + "]}" * 15
        site[f"f{n}.yml"] = f"- {inner}\n"
    (found,) = problems(tmp_path, site)
    assert found.message == "its blocks, files and roles stand too deep within each other"
