"""`docs/undo.md` has a row for every module, and its tests are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy_tasks.plan.modules import MODULES

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$")
_NOTHING = "none needed"


def rows() -> dict[str, tuple[str, str, str]]:
    """Module to what is restored, what is not, and what tests that."""
    text = (ROOT / "docs/undo.md").read_text()
    table = text[text.index("## Modules") :]
    found: dict[str, tuple[str, str, str]] = {}
    for line in table.splitlines():
        if match := _ROW.match(line):
            assert match[1] not in found, f"{match[1]} has two rows"
            found[match[1]] = (match[2].strip(), match[3].strip(), match[4].strip())
    return found


def test_every_module_has_a_row_and_every_row_a_module() -> None:
    assert sorted(rows()) == sorted(MODULES)
    assert list(rows()) == sorted(rows()), "the rows are in order"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_row_says_what_comes_back_and_names_tests_that_are_there(name: str) -> None:
    restored, _, tested = rows()[name]
    assert restored
    if tested == _NOTHING:
        assert restored.startswith("nothing is changed")
        return
    assert tested
    for case in re.findall(r"twin case `(\w+)` undone", tested):
        assert re.search(r"^# undone: yes$", (ROOT / f"tests/twin/cases/{case}/site.yml").read_text(), re.MULTILINE)
    for path in re.findall(r"`([\w/.]+\.(?:go|py))`", tested):
        assert (ROOT / path).exists() or (ROOT / "deploy_tasks/runner" / path).exists(), path
