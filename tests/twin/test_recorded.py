"""Recorded cases are of the case as it is, and come back as they were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin import cases, recorded
from tests.twin.outcome import Outcome
from tests.twin.recorded import Seen
from tests.twin.tree import Entry

HEAD = "# A case.\n# proves: when\n# run:\n# recorded: ansible.posix 1.6.2\n"


@pytest.fixture(name="case")
def written_case(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> cases.Case:
    monkeypatch.setattr(cases, "FOLDER", tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "site.yml").write_text(HEAD + "- hosts: web\n")
    return cases.read(tmp_path / "one")


def test_what_was_recorded_comes_back(case: cases.Case) -> None:
    tree = {"alpha": {"/srv/t": Entry("folder", "0755", 0, 0, "")}}
    seen = [
        Seen(Outcome({}), {}, {"alpha: date": "status 0\n"}),
        Seen(Outcome({"alpha": {"ok": 1}}, {"alpha": "Fails"}), tree, {"alpha: date": "status 0\nlate\n"}),
    ]
    recorded.write(case, seen)
    back = recorded.read(case)
    assert [(one.outcome.recap, one.outcome.failed_in, one.trees, one.looks) for one in back] == [
        (one.outcome.recap, one.outcome.failed_in, one.trees, one.looks) for one in seen
    ]


def test_a_case_that_has_changed_must_be_recorded_anew(case: cases.Case) -> None:
    recorded.write(case, [])
    (case.folder / "site.yml").write_text(HEAD + "- hosts: web\n  gather_facts: false\n")
    with pytest.raises(AssertionError, match="--record one"):
        recorded.read(case)


def test_recordings_are_of_the_cases_as_they_are() -> None:
    for case in cases.load():
        there = (case.folder / recorded.NAME).exists()
        assert there == bool(case.recorded), case.name
        assert not there or len(recorded.read(case)) == len(case.runs) + 1
