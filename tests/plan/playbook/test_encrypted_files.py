"""Files that `copy` decrypts, and where nothing of them may be found."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.compiler.lowering import lower, lower_secrets
from deploy_tasks.errors import PlanError
from deploy_tasks.plan.files import files
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.model import Plan, Task
from deploy_tasks.plan.playbook import load_playbook
from deploy_tasks.plan.validate import check_alone
from deploy_tasks.plan.vault import Vault

PASSWORD = Path(__file__).parent / "vault" / "password"
LOOKED_UP = "copy: {content: \"{{ lookup('file', 'key.pem') }}\", dest: /k}"
SECRET = "first {{ line }}\nof the s3cret\n"


def folder(tmp_path: Path, task: str, variables: str = "") -> Path:
    vault = Vault([PASSWORD])
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "key.pem").write_text(vault.encrypt(SECRET.encode()))
    (tmp_path / "files" / "key.pem").chmod(0o640)
    (tmp_path / "files" / "raw").write_text(vault.encrypt(b"\xff\xfe"))
    (tmp_path / "files" / "raws").write_text(vault.encrypt(b"{{ x }} {% endraw %}"))
    (tmp_path / "files" / "plain").write_text("plain\n")
    (tmp_path / "conf.j2").write_text(vault.encrypt(b"hidden {{ a }}"))
    (tmp_path / "broken.j2").write_text(vault.encrypt(b"{% if hidden %}"))
    (tmp_path / "site.yml").write_text(f"- hosts: all\n  gather_facts: false\n{variables}  tasks:\n    - {task}\n")
    return tmp_path / "site.yml"


def load(place: Path) -> tuple[Plan, Path]:
    found = load_playbook(place, vault_password_files=[PASSWORD])
    return found.plan, found.base


def only_task(plan: Plan) -> Task:
    (task,) = [task for task in plan.walk() if task.module != "meta"]
    return task


@pytest.mark.parametrize(
    ("arguments", "args"),
    [
        ("dest: /etc/key", {"dest": "/etc/key"}),
        ("dest: /etc/ssl/, mode: preserve", {"dest": "/etc/ssl/key.pem", "mode": "0640"}),
        ("dest: /k, decrypt: true, owner: app", {"dest": "/k", "owner": "app"}),
    ],
)
def test_a_copied_file_is_decrypted(tmp_path: Path, arguments: str, args: dict[str, str]) -> None:
    plan, base = load(folder(tmp_path, f"copy: {{src: key.pem, {arguments}}}"))
    assert only_task(plan).args == {**args, "content": "{{ __vault_0 }}"}
    assert plan.secret_vars == {"__vault_0": "{% raw %}" + SECRET + "{% endraw %}"}
    assert files(plan, base) == {}


def test_no_secret_is_in_a_program(tmp_path: Path) -> None:
    locked = Vault([PASSWORD]).encrypt(b"inline-s3cret").replace("\n", "\n        ")
    variables = f"  vars:\n    inline: !vault |\n        {locked.rstrip()}\n"
    plan, base = load(folder(tmp_path, 'copy: {src: key.pem, dest: "/x{{ inline }}"}', variables))
    program = lower(plan, files(plan, base)).program
    assert b"__vault_1" in program
    assert b"s3cret" not in program
    assert "s3cret" not in repr(plan)


def test_a_file_may_stay_encrypted(tmp_path: Path) -> None:
    plan, base = load(folder(tmp_path, "copy: {src: key.pem, dest: /k, decrypt: false}"))
    assert only_task(plan).args["src"] == "files/key.pem"
    assert list(files(plan, base)) == ["files/key.pem"]


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("copy: {src: raw, dest: /r}", "'files/raw' is not UTF-8 text"),
        ("copy: {src: raws, dest: /r}", "'files/raws' holds endraw"),
        ("copy: {content: \"{{ lookup('file', 'raws') }}\", dest: /r}", "raws' is encrypted with ansible-vault"),
        ("template: {src: conf.j2, dest: /c, trim_blocks: false}", "is not for a template that is encrypted"),
        ("template: {src: broken.j2, dest: /c}", "'broken.j2': template syntax"),
        ("script: key.pem", "'files/key.pem' is encrypted with ansible-vault, which script does not read"),
        ("copy: {src: ./files/, dest: /c}", "is encrypted with ansible-vault"),
        ('copy: {src: "files/{{ which }}", dest: /c}', "is encrypted with ansible-vault"),
    ],
)
def test_what_cannot_be_decrypted_is_told(tmp_path: Path, task: str, told: str) -> None:
    place = folder(tmp_path, task)
    with pytest.raises(PlanError, match=told):
        _checked(place)


@pytest.mark.parametrize("other", [LOOKED_UP, "copy: {src: key.pem, dest: /k, decrypt: false}"])
@pytest.mark.parametrize("tree", ["copy: {src: ./tree/, dest: /c}", 'copy: {src: "tree/{{ which }}", dest: /c}'])
def test_a_folder_never_loses_an_encrypted_file_that_another_task_reads(tmp_path: Path, tree: str, other: str) -> None:
    place = folder(tmp_path, f"{other.replace('key.pem', 'tree/key.pem')}\n    - {tree}")
    (tmp_path / "tree").mkdir()
    (tmp_path / "files" / "key.pem").rename(tmp_path / "tree" / "key.pem")
    with pytest.raises(PlanError, match=r"tree/key.pem'(, which)? is encrypted with ansible-vault"):
        _checked(place)


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("copy: {src: /OUT/own.pem, dest: /k}", "own.pem' lies outside"),
        ("copy: {src: link.pem, dest: /k}", "link.pem' lies outside"),
        ("template: {src: link.j2, dest: /k}", "link.j2' lies outside"),
        ("copy: {content: \"{{ lookup('file', 'link.pem') }}\", dest: /k}", "is a link to outside the plan's folder"),
    ],
)
def test_a_file_outside_the_folder_is_not_decrypted(tmp_path: Path, task: str, told: str) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "plan"
    outside.mkdir()
    inside.mkdir()
    (outside / "own.pem").write_text(Vault([PASSWORD]).encrypt(b"another's s3cret"))
    place = folder(inside, task.replace("/OUT", str(outside)))
    (inside / "files" / "link.pem").symlink_to(outside / "own.pem")
    (inside / "link.j2").symlink_to(outside / "own.pem")
    with pytest.raises(PlanError, match=told):
        _brought(place)


def _brought(place: Path) -> None:
    found = load_playbook(place, root=place.parent, vault_password_files=[PASSWORD])
    assert not found.plan.secret_vars
    files(found.plan, found.base)


def _checked(place: Path) -> None:
    plan, base = load(place)
    files(plan, base)


def test_without_the_password_the_option_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="--vault-password-file"):
        load_playbook(folder(tmp_path, "copy: {src: key.pem, dest: /k}"))


def test_a_template_and_what_is_looked_up_travel_as_secret_values(tmp_path: Path) -> None:
    plan, base = load(folder(tmp_path, f"template: {{src: conf.j2, dest: /c}}\n    - {LOOKED_UP}"))
    assert plan.secret_templates == {"conf.j2": "__vault_0"}
    assert plan.secret_files == {"files/key.pem": "__vault_1"}
    assert [task.diff for task in plan.walk() if task.module == "template"] == [False]
    program = lower(plan, files(plan, base)).program
    assert b"hidden" not in program
    assert SECRET.encode() not in program
    held = lower_secrets(plan)
    assert held["__vault_0"] == {"$": ["tmpl", [["text", "hidden "], ["out", ["var", "a"]]]]}
    assert held["__vault_1"] == {"$": ["tmpl", [["text", SECRET]]]}


def test_a_plan_with_secrets_passes_all_checks(tmp_path: Path) -> None:

    plan, base = load(folder(tmp_path, "copy: {src: key.pem, dest: /k}"))
    findings = Findings()
    check_alone(plan, base, findings)
    assert findings.problems == []
