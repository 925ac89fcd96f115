"""The page of what is compatible is made from the cases, and says what they prove."""

from __future__ import annotations

from tests.twin.cases import load
from tests.twin.compatibility import PAGE, page
from tests.twin.constructs import CHAPTERS

NAMES = {name for names in CHAPTERS.values() for name in names}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(load()), "python -m tests.twin.compatibility writes it anew"


def test_every_construct_is_proved_by_a_case() -> None:
    proved = {name for case in load() for name in case.proves}
    assert sorted(NAMES - proved) == []


def test_no_case_claims_a_construct_of_its_own() -> None:
    assert {case.name: extra for case in load() if (extra := set(case.proves) - NAMES)} == {}


def test_there_are_cases_enough() -> None:
    assert len(load()) >= 60
