"""Files that the real ansible-vault wrote, read back; damaged ones, and who may see what."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from deploy_tasks.errors import InventoryError, PlanError
from deploy_tasks.plan.documents import BadDocument
from deploy_tasks.plan.inventory import load_inventory
from deploy_tasks.plan.playbook.loading import load_playbook
from deploy_tasks.plan.playbook.reading import Reading
from deploy_tasks.plan.vault import Vault, secret_texts

HERE = Path(__file__).parent / "vault"
PASSWORD, OTHER = HERE / "password", HERE / "other-password"


def reading(*passwords: Path) -> Reading:
    return Reading(vault=Vault(passwords))


@pytest.mark.parametrize("name", ["vars.yml", "vars-1.2.yml"])
def test_a_whole_file_of_variables_becomes_templates_of_what_it_holds(name: str) -> None:
    ctx = reading(PASSWORD)
    found = ctx.sources.read_vars(HERE / name, name)
    assert found == {
        "db_password": "{{ __vault_0 }}",
        "port": "{{ __vault_1 }}",
        "url": "{{ __vault_2 }}",
        "nested": "{{ __vault_3 }}",
    }
    assert ctx.vault.secrets == {
        "__vault_0": "s3cr3t-value",
        "__vault_1": 5432,
        "__vault_2": "postgres://{{ db_user }}:x@db",
        "__vault_3": {"token": "tok-123456", "list": [1, "deep-secret"]},
    }
    assert ctx.sources.read_vars(HERE / name, name) is found


def test_single_values_are_no_templates_whatever_they_hold() -> None:
    ctx = reading(OTHER, PASSWORD)
    data = ctx.sources.read(HERE / "mixed.yml", "mixed.yml").data
    assert data == {
        "plain": 1, "inline": "{{ __vault_0 }}", "braces": "{{ __vault_1 }}", "other": "{{ __vault_2 }}",
    }  # fmt: skip
    assert list(ctx.vault.secrets.values()) == [
        "inline-secret",
        "{% raw %}with {{ braces }}{% endraw %}",
        "of the other",
    ]


def test_without_a_fitting_password_the_place_and_the_option_are_told() -> None:
    with pytest.raises(BadDocument) as caught:
        reading().sources.read(HERE / "mixed.yml", "mixed.yml")
    assert caught.value.problem.message.startswith("is encrypted with ansible-vault")
    assert caught.value.problem.line == 2
    assert caught.value.problem.hint == "give the password with --vault-password-file"
    with pytest.raises(BadDocument, match="is encrypted with another ansible-vault password"):
        reading(PASSWORD).sources.read(HERE / "mixed.yml", "mixed.yml")


def test_texts_of_encrypted_tasks_roles_and_plays_are_not_in_the_plan() -> None:
    site = HERE.parents[2] / "twin" / "cases" / "vault"
    plan = load_playbook(site / "site.yml", vault_password_files=[site / "password"]).plan
    readable = plan.model_copy(update={"secret_vars": {}}).model_dump_json()
    assert not re.findall(r"[a-z]+-secret\b|hidden-word-77|kept-9f3c", readable)
    # What must be known before anything runs, or is no text, can be read.
    for word in ("A task of an encrypted file", "/srv/t/sealed-block", "0640", "sealed is changed"):
        assert word in readable
    assert "loop-secret-1 {{ word | default(3) }}" in plan.secret_vars.values()
    assert list(plan.secret_vars.values()).count("hidden-word-77") == 1, "the file is used twice, its text hidden once"


def test_encrypted_tasks_without_a_password_are_told() -> None:
    with pytest.raises(BadDocument, match="is encrypted with ansible-vault"):
        reading().sources.read(HERE / "tasks.yml", "tasks.yml")


def test_what_is_hidden_of_encrypted_tasks(tmp_path: Path) -> None:
    text = """
- hosts: all
  environment: ["{{ env }}", {A: b}]
  module_defaults: {apt: {name: nginx, state: present}}
  tasks:
    - {debug: {var: x.y}, name: shown}
    - {apt: {name: [vim, "{{ more }}"], state: latest, update_cache: true}, become_user: root}
    - {template: {src: a.j2, dest: /etc/a, owner: web}, loop: "{{ items }}"}
    - {my_own: {key: value, count: 3}, vars: {ansible_x: ""}}
    - {fail: {msg: "{{ 'a' }}"}, when: "y == 'z'", undo: "rm -r /secret/path"}
    - {add_host: {name: a.example, groups: [web], ansible_host: 10.0.0.1, ansible_password: pass-word, token: t-1}}
"""
    (tmp_path / "site.yml").write_text(Vault([PASSWORD]).encrypt(text.encode()))
    (tmp_path / "a.j2").touch()
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "my_own").write_text("#!/bin/sh\n")
    (tmp_path / "library" / "my_own").chmod(0o755)
    plan = load_playbook(tmp_path / "site.yml", vault_password_files=[PASSWORD]).plan
    hidden = sorted(map(str, plan.secret_vars.values()))
    assert hidden == ["b", "nginx", "pass-word", "rm -r /secret/path", "t-1", "value", "vim", "web", "{{ 'a' }}"]


def test_a_mistake_in_an_encrypted_file_does_not_show_its_line() -> None:
    with pytest.raises(BadDocument) as caught:
        reading(PASSWORD).sources.read_vars(HERE / "broken.yml", "broken.yml")
    assert caught.value.problem.line == 2
    assert "\n" not in caught.value.problem.message
    assert "secret" not in str(caught.value)


def test_a_key_that_stands_twice_in_an_encrypted_file_is_not_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "vars.yml"
    place.write_text(Vault([PASSWORD]).encrypt(b"a: 1\na: 2\n"))
    assert reading(PASSWORD).sources.read_vars(place, "vars.yml", shown="vars.yml") == {"a": "{{ __vault_0 }}"}
    assert Vault([PASSWORD]).parse_yaml(place.read_text(), "again.yml") == {"a": 2}
    told = "2:1: a key stands here and on line 1: the last one counts"
    assert caplog.messages == [f"vars.yml:{told}", f"again.yml:{told}"]


def test_bytes_that_are_no_text_can_be_decrypted() -> None:
    assert Vault([PASSWORD]).decrypt((HERE / "binary.bin").read_text(), "binary.bin") == b"\xff\xfe bin"


def _changed(text: str, line: int, change: str) -> str:
    lines = text.split("\n")
    lines[line] = change or lines[line][:-1] + ("0" if lines[line][-1] != "0" else "1")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (0, "$ANSIBLE_VAULT;1.0;AES", "encrypted as 1.0 AES, which is not read"),
        (0, "$ANSIBLE_VAULT", "but is none"),
        (1, "zz", "damaged"),
        (1, "3", "damaged"),
        (2, "", "another ansible-vault password|damaged"),
    ],
)
def test_damage_is_noticed(line: int, change: str, message: str) -> None:
    text = (HERE / "vars.yml").read_text()
    with pytest.raises(BadDocument, match=message):
        Vault([PASSWORD]).decrypt(_changed(text, line, change), "vars.yml")


def test_what_is_encrypted_can_be_decrypted_again() -> None:
    text = Vault([PASSWORD]).encrypt(b"a" * 1000)
    assert Vault.is_encrypted(text)
    assert max(map(len, text.splitlines())) == 80
    assert Vault([OTHER, PASSWORD]).decrypt(text, "x") == b"a" * 1000
    with pytest.raises(PlanError, match="--vault-password-file"):
        Vault().encrypt(b"a")


def test_a_program_prints_the_password(tmp_path: Path) -> None:
    program = tmp_path / "password.sh"
    program.write_text(f"#!/bin/sh\ncat {PASSWORD}\n")
    program.chmod(0o755)
    assert Vault([program]).decrypt((HERE / "binary.bin").read_text(), "x") == b"\xff\xfe bin"


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        ("#!/bin/sh\nexit 3\n", 0o755, "ended with status 3"),
        ("no program\n", 0o755, "cannot be run for the vault's password"),
        ("  \n", 0o644, "holds no password"),
    ],
)
def test_a_bad_password_file_is_told(tmp_path: Path, content: str, mode: int, message: str) -> None:
    place = tmp_path / "password"
    place.write_text(content)
    place.chmod(mode)
    if "no program" in content:
        place.write_bytes(b"\x00\x01")
    with pytest.raises(PlanError, match=rf"in the vault's password\n.*{message}"):
        Vault([place]).decrypt((HERE / "vars.yml").read_text(), "x")


def test_a_password_file_that_is_not_there_matters_only_when_it_is_needed(tmp_path: Path) -> None:
    vault = Vault([tmp_path / "nothing"])
    with pytest.raises(PlanError, match="No such file"):
        vault.decrypt((HERE / "vars.yml").read_text(), "x")


def test_secret_texts_are_those_at_any_depth() -> None:
    assert sorted(secret_texts({"a": {"b": [1, "x", True, None]}, "c": 2.5})) == ["1", "2.5", "x"]


def test_encrypted_variables_of_an_inventory_are_read_and_known_as_secrets(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(_inventory())
    folder = tmp_path / "group_vars"
    folder.mkdir()
    os.link(HERE / "vars.yml", folder / "all.yml")
    found = load_inventory(tmp_path / "hosts.yml", vault=Vault([PASSWORD]))
    variables = found.hosts["web1"].vars
    assert variables["key"] == "inline-secret"
    assert variables["db_password"] == "s3cr3t-value"
    assert variables["url"] == "postgres://{{ db_user }}:x@db"
    assert set(found.secrets) == {
        "inline-secret", "s3cr3t-value", "5432", "postgres://{{ db_user }}:x@db", "tok-123456", "1", "deep-secret",
    }  # fmt: skip
    assert found.subset(["web1"]).secrets == found.secrets
    assert "s3cr3t" not in repr(found)


def test_an_inventory_says_which_password_is_missing(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(_inventory())
    with pytest.raises(InventoryError, match="is encrypted with ansible-vault"):
        load_inventory(tmp_path / "hosts.yml")


def _inventory() -> str:
    locked = (HERE / "mixed.yml").read_text().split("inline: ")[1].split("braces:")[0].replace("          ", " " * 12)
    return f"all:\n  hosts:\n    web1:\n      key: {locked}\n"
