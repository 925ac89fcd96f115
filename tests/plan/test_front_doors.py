"""Playbooks wherever a plan is taken: by file, text, parsed data; kept as a plan; within a folder; with secrets."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.errors import BadInput, PlanError
from deploy_tasks.plan import base_dir
from deploy_tasks.plan.load import Given, is_playbook, load, load_data
from deploy_tasks.plan.rustle_plan_writer import write_plan
from deploy_tasks.plan.vault import Vault
from deploy_tasks.rollout.prepare import Request, prepare

PLAYBOOK = "- hosts: all\n  tasks:\n    - copy: {src: a.txt, dest: /tmp/a}\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "deep" / "site"
    folder.mkdir(parents=True)
    (folder / "site.yml").write_text(PLAYBOOK)
    (folder / "a.txt").write_text("hello")
    (folder / "host_vars").mkdir()
    (folder / "host_vars" / "web1.yml").write_text("beside: playbook\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("text", "suffix", "expected"),
    [
        ("- hosts: all", "", True),
        ("---\n- hosts: all", "", True),
        ("# a comment\n\n- hosts: all", ".txt", True),
        ('{"plays": []}', "", False),
        ('{"plays": []}', ".yml", False),
        ('  {"plays": []}', ".yaml", False),
        ("hosts: all", ".yml", True),
        ("[]", "", False),
        ("", "", False),
    ],
)
def test_what_is_taken_for_a_playbook(text: str, suffix: str, expected: bool) -> None:
    assert is_playbook(text, suffix) is expected


def test_a_playbook_is_the_same_by_file_by_text_and_as_data(site: Path) -> None:
    by_file = load("site.yml")
    by_text = load("-", stdin=io.StringIO(PLAYBOOK))
    by_data = load_data([{"hosts": "all", "tasks": [{"copy": {"src": "a.txt", "dest": "/tmp/a"}}]}])
    assert (by_file.plan.name, by_text.plan.name, by_data.plan.name) == ("site", "plan", "plan")
    assert by_file.base == by_text.base == by_data.base == site
    assert [task.args for task in by_file.plan.walk()] == [task.args for task in by_text.plan.walk()]
    assert by_text.plan.model_copy(update={"lines": {}}) == by_data.plan


def test_preparing_takes_a_playbook_with_what_lies_beside_it(site: Path) -> None:
    ready = prepare(Request(str(site / "site.yml"), "web1,"))
    assert ready.record.name == "site"
    assert ready.inventory.hosts["web1"].vars["beside"] == "playbook"
    direct = prepare(Request([{"hosts": "all", "tasks": [{"copy": {"src": "a.txt", "dest": "/tmp/a"}}]}], "web1,"))
    assert direct.plan.plays[0].tasks


def test_a_kept_plan_gives_the_same_bundle_as_its_playbook(site: Path) -> None:
    found = load("site.yml")
    (site / "kept.json").write_text(json.dumps(write_plan(found.plan)))
    assert prepare(Request("kept.json", "web1,")).bundle == prepare(Request("site.yml", "web1,")).bundle


def test_problems_have_file_line_and_column(site: Path) -> None:
    (site / "site.yml").write_text(
        "- hosts: all\n  tasks:\n    - copy: {src: nothere, dest: /x}\n      when: x is notest\n"
    )
    with pytest.raises(PlanError) as caught:
        prepare(Request("site.yml", "web1,"))
    places = [(problem.file, problem.line, problem.column) for problem in caught.value.problems]
    assert places == [("site.yml", 3, 14), ("site.yml", 4, 7)]
    shown = caught.value.problems[1].to_json()
    assert shown["message"] == "no test named 'notest'"
    assert shown["excerpt"].splitlines() == ["      when: x is notest", "      ^"]


def test_what_only_the_compiler_refuses_is_refused_before(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from deploy_tasks.compiler import trial
    from deploy_tasks.errors import Problem

    told = Problem("site.yml[0].tasks[0].args.dest", "cannot be lowered")
    monkeypatch.setattr(trial, "refused", lambda *_: [told])
    with pytest.raises(PlanError) as caught:
        prepare(Request("site.yml", "web1,"))
    assert caught.value.problems[0].line == 3


def test_a_named_plan_reads_nothing_outside_its_folder(site: Path) -> None:
    inside = site / "inside"
    inside.mkdir()
    (inside / "site.yml").write_text("- hosts: all\n  tasks:\n    - copy: {src: ../a.txt, dest: /tmp/a}\n")
    assert prepare(Request(str(inside / "site.yml"), "web1,")).plan.plays
    with pytest.raises((PlanError, BadInput), match=r"outside|no file"):
        prepare(Request(str(inside / "site.yml"), "web1,", within=inside))
    kept = {"metadata": {"deploy_tasks": {"base_dir": ".."}}, "plays": []}
    (inside / "kept.json").write_text(json.dumps(kept))
    with pytest.raises((PlanError, BadInput), match="outside"):
        prepare(Request(str(inside / "kept.json"), "web1,", within=inside))


@pytest.mark.parametrize("text", ["/etc", "../" * 30, "../other", "/", "\x00", "nothere"])
def test_a_document_names_only_folders_of_its_own_line(site: Path, text: str) -> None:
    (site.parent / "other").mkdir()
    with pytest.raises(PlanError):
        base_dir.read(text, site)


def test_base_folders_that_documents_may_name(site: Path) -> None:
    assert base_dir.read(base_dir.told(site, site), site) == site
    assert base_dir.read(base_dir.told(site.parent, site), site) == site.parent
    assert base_dir.told(site, site.parent) == "site"
    with pytest.raises(BadInput, match="neither above nor below"):
        base_dir.told(site, site.parent / "other")


def secret_site(site: Path) -> Given:
    password = site / "password"
    password.write_text("pw\n")
    vault = Vault([password])
    cipher = "\n".join("        " + line for line in vault.encrypt(b"hunter2!").splitlines())
    text = f"- hosts: all\n  vars:\n    token: !vault |\n{cipher}\n  tasks:\n    - debug: msg={{{{ token }}}}\n"
    (site / "site.yml").write_text(text)
    return Given(vault_password_files=(password,))


def test_secrets_are_encrypted_again_in_a_kept_plan(site: Path) -> None:
    given = secret_site(site)
    found = load("site.yml", given)
    document: dict[str, Any] = write_plan(found.plan, vault=Vault(given.vault_password_files))
    text = json.dumps(document)
    assert "hunter2!" not in text
    (site / "kept.json").write_text(text)
    assert load("kept.json", given).plan == found.plan
    with pytest.raises(PlanError, match="encrypted with ansible-vault"):
        load("kept.json")
    with pytest.raises(PlanError, match="holds encrypted values"):
        write_plan(found.plan)
    document["metadata"]["deploy_tasks"]["secret_vars"]["__vault_0"]["__ansible_vault"] = "damaged"
    (site / "kept.json").write_text(json.dumps(document))
    with pytest.raises(PlanError, match=r"metadata\.deploy_tasks\.secret_vars"):
        load("kept.json", given)
