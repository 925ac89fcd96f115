"""Batches and verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_tasks.errors import BadInput
from deploy_tasks.outcome import HostState as S
from deploy_tasks.rollout.strategy import HostEnd, Verdict, batch_sizes, judge, to_undo, tolerated


@pytest.mark.parametrize(
    ("count", "serial", "sizes"),
    [
        (0, [], ()),
        (7, [], (7,)),
        (7, [3], (3, 3, 1)),
        (10, ["30%"], (3, 3, 3, 1)),
        (10, [1, "20%", 5], (1, 2, 5, 2)),
        (3, ["10%"], (1, 1, 1)),
        (5, ["100%"], (5,)),
        (5, ["3"], (3, 2)),
        (2, [50], (2,)),
    ],
)
def test_sizes_of_batches(count: int, serial: list[int | str], sizes: tuple[int, ...]) -> None:
    assert batch_sizes(count, serial) == sizes


@pytest.mark.parametrize("bad", [0, -1, "0%", "-5%", "many", "", "nan%", "inf%", True])
def test_a_size_that_is_none_is_refused_with_what_to_write(bad: int | str) -> None:
    with pytest.raises(BadInput, match="serial") as error:
        batch_sizes(4, [bad])
    assert "20%" in str(error.value.hint)


@given(st.integers(0, 3000), st.lists(st.one_of(st.integers(1, 500), st.integers(1, 300).map(lambda n: f"{n}%"))))
def test_batches_hold_every_host_once_and_none_is_empty(count: int, serial: list[int | str]) -> None:
    sizes = batch_sizes(count, serial)
    assert sum(sizes) == count
    assert all(size > 0 for size in sizes)


@pytest.mark.parametrize(
    ("size", "percentage", "failures"),
    [(10, 0, 0), (10, 25, 2), (12, 25, 3), (100, 29, 29), (3, 100, 3), (1, 99, 0)],
)
def test_the_share_must_be_exceeded_to_stop(size: int, percentage: float, failures: int) -> None:
    assert tolerated(size, percentage) == failures


def test_a_missing_or_unfinished_host_means_waiting() -> None:
    assert judge({"a": S.SUCCEEDED}, ["a", "b"], 0) is Verdict.WAIT
    assert judge({"a": S.SUCCEEDED, "b": S.VERIFYING}, ["a", "b"], 2) is Verdict.WAIT
    assert judge({"a": S.FAILED, "b": S.QUEUED}, ["a", "b"], 0) is Verdict.WAIT


@pytest.mark.parametrize("state", [S.FAILED, S.UNREACHABLE, S.ROLLED_BACK, S.UNDO_FAILED, S.CANCELLED])
def test_each_bad_end_counts(state: S) -> None:
    hosts = {"a": S.SUCCEEDED, "b": state}
    assert judge(hosts, list(hosts), 0) is Verdict.STOP
    assert judge(hosts, list(hosts), 1) is Verdict.GO_ON


def test_an_empty_batch_goes_on() -> None:
    assert judge({}, [], 0) is Verdict.GO_ON


def test_only_touched_hosts_that_are_not_back_are_undone() -> None:
    ends = {
        "good": HostEnd(S.SUCCEEDED, True),
        "never reached": HostEnd(S.UNREACHABLE, False),
        "lost midway": HostEnd(S.UNREACHABLE, True),
        "back": HostEnd(S.ROLLED_BACK, True),
        "not back": HostEnd(S.UNDO_FAILED, True),
        "waiting": HostEnd(S.CANCELLED, False),
    }
    assert to_undo(ends) == ("good", "lost midway", "not back")
