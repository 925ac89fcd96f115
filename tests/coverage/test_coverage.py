"""What is counted in a folder of playbooks and roles, and what is told to be missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.coverage import Coverage, Missing, measure
from deploy_tasks.coverage.missing import wish
from deploy_tasks.errors import BadInput, PlanError, Problem
from deploy_tasks.plan.jinja import parse_expression, parse_template
from deploy_tasks.plan.vault import Vault


def folder(base: Path, **files: str) -> Path:
    """Files by their names, `__` standing for / and `_yml` for .yml."""
    for name, text in files.items():
        place = base / (name.replace("__", "/").removesuffix("_yml") + (".yml" if name.endswith("_yml") else ""))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return base


def wanted(found: Coverage) -> dict[tuple[str, str], Missing]:
    return {(each.kind, each.name): each for each in found.missing}


def counts(found: Coverage) -> dict[str, tuple[int, int, int]]:
    names = ("tasks", "task_files", "plays", "roles")
    return {
        name: (share.compiled, share.language, share.total) for name in names if (share := getattr(found, name)).total
    }


GOOD = "- debug: {msg: hello}\n- name: two\n  block:\n    - command: id\n  rescue:\n    - fail: msg=no\n"


def test_a_folder_in_which_everything_compiles(tmp_path: Path) -> None:
    folder(
        tmp_path,
        site_yml="- hosts: all\n  roles: [web]\n  tasks:\n    - include_tasks: more.yml\n",
        more_yml=GOOD,
        roles__web__tasks__main_yml=GOOD,
        roles__web__handlers__main_yml="- name: reload\n  command: id\n",
        roles__web__defaults__main_yml="port: 80\n",
        requirements_yml="- src: geerlingguy.nginx\n",
        docker_compose_yml="services: {}\n",
    )
    found = measure(tmp_path)
    assert counts(found) == {"tasks": (8, 8, 8), "task_files": (3, 3, 3), "plays": (1, 1, 1), "roles": (1, 1, 1)}
    assert (found.missing, found.broken) == ((), ())
    assert found.to_json()["tasks"]["percent"] == 100.0


def test_what_is_missing_is_told_by_kind_and_the_most_wanted_first(tmp_path: Path) -> None:
    tasks = (
        "- nosuchmodule: {}\n- nosuchmodule: {}\n- debug: {mesg: x}\n- debug: {msg: '{{ 1 | urlize }}'}\n"
        "- debug: msg=x\n  when: x is vaulted_file\n- debug: msg=x\n  whenn: true\n- copy: {src: nothere, dest: /x}\n"
        "- debug: msg=fine\n- include_role: {name: nobody}\n"
    )
    folder(tmp_path, tasks__main_yml=tasks, tasks__other_yml="- nosuchmodule: {}\n")
    found = measure(tmp_path)
    names = wanted(found)
    assert found.missing[0] == Missing("module", "nosuchmodule", 3, 2, "tasks/main.yml:1")
    for key in [
        ("argument", "debug: mesg"),
        ("filter", "urlize"),
        ("test", "vaulted_file"),
        ("keyword", "whenn"),
        ("role", "nobody"),
        ("file", "file"),
    ]:
        assert names[key].tasks == 1, (key, list(names))
    # Wrong by the language are the filter, the test and the keyword; the rest is what was not at hand.
    assert counts(found)["tasks"] == (1, 7, 10)
    assert counts(found)["task_files"] == (0, 1, 2)
    assert (found.modules.compiled, found.modules.total) == (7, 10)
    assert counts(found)["roles"] == (0, 0, 1)


def test_a_file_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    tasks = "- template: {src: '{{ role_path }}/templates/a.j2', dest: /x}\n- copy: {src: b, dest: /x}\n"
    (only,) = measure(folder(tmp_path, tasks__main_yml=tasks)).missing
    assert only == Missing("file", "file", 2, 1, "tasks/main.yml:1")


def test_a_block_that_is_wrong_stands_against_every_task_in_it(tmp_path: Path) -> None:
    text = "- block:\n    - debug: msg=1\n    - debug: msg=2\n  when: x is vaulted_file\n- debug: msg=3\n"
    found = measure(folder(tmp_path, tasks__main_yml=text))
    assert counts(found)["tasks"] == (1, 1, 3)
    assert wanted(found)["test", "vaulted_file"].tasks == 2


def test_a_play_that_is_wrong_is_counted_apart_from_its_tasks(tmp_path: Path) -> None:
    text = "- hosts: all\n  nokeyword: 1\n  tasks: [{debug: msg=1}]\n- hosts: all\n  tasks: [{debug: msg=1}]\n"
    found = measure(folder(tmp_path, site_yml=text))
    assert counts(found) == {"tasks": (2, 2, 2), "plays": (1, 1, 2)}
    assert wanted(found)["keyword", "nokeyword"].tasks == 0


def test_broken_files_are_named_and_end_nothing(tmp_path: Path) -> None:
    folder(
        tmp_path,
        tasks__main_yml="- debug: {msg: [}\n",
        site_yml="- hosts: all\n  tasks: [\n",
        values_yml="a: [\n",
        tasks__binary_yml="\x00\x01",
        tasks__good_yml=GOOD,
    )
    found = measure(tmp_path)
    assert sorted(each.file.split(":")[0] for each in found.broken) == [
        "site.yml",
        "tasks/binary.yml",
        "tasks/main.yml",
    ]
    assert counts(found)["task_files"] == (1, 1, 4)


def test_a_template_that_does_not_compile_stands_against_its_task(tmp_path: Path) -> None:
    folder(
        tmp_path,
        web__tasks__main_yml="- template: src=a.j2 dest=/a\n- template: src=b.j2 dest=/b\n",
        **{"web__templates__a.j2": "{{ x | urlize }}", "web__templates__b.j2": "{{ x | upper }}"},
    )
    found = measure(tmp_path)
    assert counts(found)["tasks"] == (1, 1, 2)
    assert wanted(found)["filter", "urlize"].tasks == 1


def test_one_role_alone_and_encrypted_values(tmp_path: Path) -> None:
    vault = "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"
    text = "- name: x\n  debug:\n    msg: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      6162\n"
    folder(tmp_path, tasks__main_yml=text, defaults__main_yml=vault)
    found = measure(tmp_path)
    assert counts(found) == {"tasks": (1, 1, 1), "task_files": (1, 1, 1), "roles": (1, 1, 1)}


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    folder(tmp_path, secret_yml="- debug: msg=1\n", inner__tasks__main_yml="- import_tasks: ../../secret.yml\n")
    found = measure(tmp_path / "inner")
    assert counts(found)["tasks"] == (0, 1, 1) or counts(found)["tasks"] == (0, 0, 1)
    with pytest.raises(BadInput, match="there is no folder"):
        measure(tmp_path / "nowhere")


def problem_of(text: str) -> Problem:
    with pytest.raises(PlanError) as caught:
        parse_expression(text, where="") if "{%" not in text else parse_template(text, where="")
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("x | nofilter", "plugin", "filter nofilter"),
        ("x | ansible.builtin.urlize", "filter", "ansible.builtin.urlize"),
        ("x is notest", "plugin", "test notest"),
        ("nofunction(1)", "function", "nofunction"),
        ("lookup('nolookup', 1)", "plugin", "lookup nolookup"),
    ],
)
def test_what_the_expression_parser_refuses_is_understood(text: str, kind: str, name: str) -> None:
    assert wish(problem_of(text)) == (kind, name)


def test_what_has_no_kind_keeps_its_sentence_without_the_names_in_it() -> None:
    assert wish(Problem("a.yml[0].serial", "'x' is wrong beside 'y'")) == ("other", "serial: … is wrong beside …")


def test_modules_may_be_assumed_and_everything_else_of_their_tasks_is_judged(tmp_path: Path) -> None:
    tasks = (
        "- nosuchmodule: {a: 1}\n- community.docker.nosuchmodule: x=1\n- acme.web.site: {a: 1}\n"
        "- acme.db.user: {a: 1}\n- nosuchmodule: {a: '{{ x | urlize }}'}\n- drac_facts: {a: 1}\n"
        "- nosuchmodule: {a: 1}\n  changed_when: x is vaulted_file\n"
    )
    folder(tmp_path, tasks__main_yml=tasks)
    assert counts(measure(tmp_path))["tasks"] == (0, 5, 7)
    found = measure(tmp_path, assumed=["nosuchmodule", "acme.web.*"])
    assert counts(found)["tasks"] == (3, 5, 7)
    assert (found.modules.compiled, found.modules.total) == (5, 7)
    assert {name for kind, name in wanted(found) if kind == "module"} == {"acme.db.user", "drac_facts"}
    # With every module at hand only what the language or a plugin lacks is left.
    assert counts(measure(tmp_path, assumed=["*"]))["tasks"] == (5, 5, 7)


@pytest.mark.parametrize(
    ("message", "kind", "name"),
    [
        ("'network_cli' is not a connection that is known", "plugin", "connection network_cli"),
        ("'winrm' is not a connection that is known", "connection", "winrm"),
        ("'{{ 'a' }}' is not a connection that is known", "variable", "{{"),
        ("'own' is not one of linear, free, host_pinned", "plugin", "strategy own"),
        ("'debug' is not one of linear, free, host_pinned", "strategy", "debug"),
        ("means no file that is there", "file", "file"),
    ],
)
def test_wishes_are_of_a_kind(message: str, kind: str, name: str) -> None:
    assert wish(Problem("a", message)) == (kind, name)


def test_what_is_not_the_languages_is_told_apart(tmp_path: Path) -> None:
    tasks = (
        "- debug: msg={{ x|acme.web.mine }}\n- debug: msg={{ lookup('own', 1) }}\n- debug: msg=1\n  when: (x\n"
        "- copy: {src: '{{ role_path }}/../../etc/x', dest: /x}\n- debug: msg={{ lookup('config', 'a') }}\n"
    )
    site = "- hosts: '{{ target }}'\n  tasks: []\n- hosts: all\n  connection: network_cli\n  tasks: []\n"
    found = measure(folder(tmp_path, tasks__main_yml=tasks, site_yml=site))
    names = {("plugin", "filter acme.web.mine"), ("plugin", "lookup own"), ("syntax", "syntax"), ("file", "file")}
    names |= {
        ("lookup", "config"),
        ("variable", "target"),
        ("plugin", "connection network_cli"),
    }
    assert set(wanted(found)) == names
    assert counts(found)["tasks"] == (0, 4, 5)
    assert counts(found)["plays"] == (0, 2, 2)


def test_what_a_password_opens_is_judged_by_what_is_in_it(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("word\n")
    locked = Vault([password]).encrypt(b"what: config\n")
    site = "- hosts: all\n  vars_files: [secret.yml]\n  tasks:\n    - import_tasks: '{{ what }}.yml'\n"
    folder(tmp_path / "site", site_yml=site, secret_yml=locked, config_yml=GOOD)
    assert measure(tmp_path / "site", vault_password_files=[password]).tasks.total == 4
    other = tmp_path / "other"
    other.write_text("another\n")
    assert measure(tmp_path / "site", vault_password_files=[other]).broken == ()
    with pytest.raises(PlanError, match="cannot be read"):
        measure(tmp_path / "site", vault_password_files=[tmp_path / "none"])
