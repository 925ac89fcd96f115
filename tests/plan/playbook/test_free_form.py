"""Arguments in one text; the cases were compared with ansible-core's own reading of them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_tasks.plan.playbook.free_form import Unbalanced, module_and_rest, parse, words

CASES = json.loads((Path(__file__).parent / "cases" / "free_form.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:30] for case in CASES])
def test_a_text_is_taken_apart_as_ansible_does(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(Unbalanced) as caught:
            parse(case["text"], command=case.get("command", False))
        assert str(caught.value) == case["error"]
    else:
        assert parse(case["text"], command=case.get("command", False)) == case["gives"]


def test_the_module_is_the_first_word() -> None:
    assert module_and_rest("copy src=a dest='b c'") == ("copy", "src=a dest='b c'")
    assert module_and_rest("ping") == ("ping", "")
    assert module_and_rest("  ") == ("", "")


@given(st.text(alphabet="ab=\"'{}%# \n\\", max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_character_gets_lost(text: str) -> None:
    """What is not among blanks, line ends and lone backslashes is there again, in order."""
    try:
        found = "".join(words(text))
    except Unbalanced:
        return
    for lost in " \n\\":
        text, found = text.replace(lost, ""), found.replace(lost, "")
    assert found == text


def test_a_huge_text_takes_no_longer_than_its_size() -> None:
    text = "'" + "a " * 400_000 + "'"
    begin = time.monotonic()
    assert parse(text)["_raw_params"] == text
    assert time.monotonic() - begin < 10
