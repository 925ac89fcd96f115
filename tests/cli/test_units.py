from __future__ import annotations

import pytest

from deploy_tasks.cli import units


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_140_000, "3.1 MB"), (14_200_000, "14 MB"), (2e9, "2.0 GB")],
)
def test_sizes(value: float, text: str) -> None:
    assert units.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0 s"), (31.42, "31.4 s"), (99.99, "1:40 min"), (125, "2:05 min"), (3720, "1:02 h")]
)
def test_durations(value: float, text: str) -> None:
    assert units.seconds(value) == text


def test_counts() -> None:
    assert [units.count(n, "host") for n in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]
    assert units.count(2, "batch") == "2 batches"


def test_names_are_cut_with_the_number_left_out() -> None:
    assert units.names(["a", "b"]) == "a b"
    assert units.names(list("abcdef")) == "a b c d and 2 more"
