from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.cli.variables import extra_vars
from deploy_tasks.errors import BadInput
from deploy_tasks.plan.vault import Vault


def test_pairs_json_and_files_merge_and_the_last_wins(tmp_path: Path) -> None:
    (tmp_path / "more.yml").write_text("port: 81\nnested: {a: [1, 2]}\n")
    given = ["port=80 name='two words'", '{"debug": true}', f"@{tmp_path}/more.yml", "last=a=b"]
    assert extra_vars(given) == {
        "port": 81,
        "name": "two words",
        "debug": True,
        "nested": {"a": [1, 2]},
        "last": "a=b",
    }


def test_a_template_keeps_its_blanks() -> None:
    given = ["root={{ base }}/web other='{{ a }} {{ b }}'"]
    assert extra_vars(given) == {"root": "{{ base }}/web", "other": "{{ a }} {{ b }}"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("port", "no name=value"),
        ("1x=2", "no name=value"),
        ("a='b", "No closing quotation"),
        ("{bad", "-e: "),
        ('{"a": ', "-e: "),
        ("@nowhere.yml", "No such file"),
    ],
)
def test_what_is_wrong_is_named(text: str, part: str) -> None:
    with pytest.raises(BadInput, match=part):
        extra_vars([text])


def test_a_file_without_a_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(BadInput, match="no mapping"):
        extra_vars([f"@{tmp_path}/list.json"])


def test_an_encrypted_file_is_read_with_the_password(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("pw")
    file = tmp_path / "secrets.yml"
    file.write_text(Vault([password]).encrypt(b"token: hunter2!\n"))
    assert extra_vars([f"@{file}"], [password]) == {"token": "hunter2!"}
    file.write_text(Vault([password]).encrypt(b"token: [hunter2!\n"))
    with pytest.raises(BadInput, match="no mapping") as shown:
        extra_vars([f"@{file}"], [password])
    assert "hunter2!" not in str(shown.value)
    with pytest.raises(BadInput, match="is encrypted with ansible-vault") as caught:
        extra_vars([f"@{file}"])
    assert "--vault-password-file" in str(caught.value.hint)
