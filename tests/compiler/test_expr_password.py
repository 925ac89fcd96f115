"""password_hash gives what ansible-core gives with passlib; cases recorded from ansible-core 2.18."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.expressions import Evaluator, Outcome

_CASES = json.loads((Path(__file__).parents[1] / "cases" / "password_hash.json").read_text(encoding="utf-8"))


def hashed(evaluator: Evaluator, password: str, kind: str, **named: Any) -> Outcome:
    given = {name: ["lit", value] for name, value in named.items()}
    return evaluator.eval(["filter", "password_hash", ["lit", password], [["lit", kind]], given], {})


@pytest.mark.parametrize(("password", "kind", "salt", "rounds", "expected"), _CASES)
def test_hashes_agree(
    evaluator: Evaluator, password: str, kind: str, salt: str, rounds: int | None, expected: str
) -> None:
    assert hashed(evaluator, password, kind, salt=salt, rounds=rounds).repr == repr(expected)


def test_without_a_salt_each_hash_is_another(evaluator: Evaluator) -> None:
    made = {hashed(evaluator, "secret", "sha256", rounds=1000).repr for _ in range(20)}
    assert len(made) == 20
    short = hashed(evaluator, "secret", "sha256", rounds=1000, salt_size=4).repr
    assert len(str(short).split("$")[3]) == 4


@pytest.mark.parametrize(
    ("kind", "named", "message"),
    [
        ("bcrypt", {}, "password_hash makes sha512, sha256 and md5, not bcrypt"),
        ("sha512", {"salt": "x" * 17}, "salt too large"),
        ("sha512", {"salt": "a b"}, "invalid characters"),
        ("sha512", {"rounds": 10}, "rounds must be from 1000"),
        ("sha512", {"rounds": 10**9}, "rounds must be from 1000"),
    ],
)
def test_what_cannot_be_hashed_is_an_error(
    evaluator: Evaluator, kind: str, named: dict[str, Any], message: str
) -> None:
    assert message in str(hashed(evaluator, "secret", kind, **named).error)
