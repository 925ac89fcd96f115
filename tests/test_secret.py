"""A secret is masked wherever it may be printed, also after quoting and encoding."""

from __future__ import annotations

import base64
import json
import pickle
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_tasks.secret import MASK, Masker, Secret, is_secret_name, secret_values

SENTINEL = 's3nt\'inel "välue"\\x'


def test_a_secret_prints_as_asterisks() -> None:
    secret = Secret(SENTINEL)
    for text in (str(secret), repr(secret), f"{secret}", f"{secret:>20}", "%s" % secret, repr([secret])):  # noqa: UP031
        assert "nt'inel" not in text
    assert secret.reveal() == SENTINEL


def test_a_secret_is_never_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))


@pytest.mark.parametrize("form", [str, json.dumps, repr, shlex.quote, lambda s: base64.b64encode(s.encode()).decode()])
def test_every_form_is_masked(form: object) -> None:
    text = f"before {form(SENTINEL)} after"  # type: ignore[operator]
    masked = Masker([SENTINEL]).text(text)
    assert MASK in masked
    assert "nt'inel" not in masked
    assert masked.startswith("before ")


@given(st.text(min_size=4).filter(lambda s: len(s.strip()) >= 4 and s.strip() not in MASK), st.text())
def test_the_value_is_gone_from_any_text(value: str, around: str) -> None:
    assert value not in Masker([value]).text(f"{around}{value}{around}").replace(MASK, "")


def test_data_is_masked_in_depth_and_in_keys() -> None:
    masked = Masker(["sentinel"]).data({"a": ["x sentinel", {"sentinel": 1}], "n": 3})
    assert masked == {"a": [f"x {MASK}", {MASK: 1}], "n": 3}


@pytest.mark.parametrize(
    "name",
    ["db_password", "ansible_become_pass", "api_key", "APIKEY", "aws_secret_access_key", "token", "github_token"],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["ansible_user", "passthrough", "keyboard", "ansible_ssh_private_key_file", "port"])
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


def test_values_under_secret_names_at_any_depth() -> None:
    found = set(secret_values({"db": {"password": "one"}, "users": [{"token": ["two", "three"]}], "host": "four"}))
    assert found == {"one", "two", "three"}
