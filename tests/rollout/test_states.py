"""Every edge of the host state machine, in Python and in the table that the scripts get."""

from __future__ import annotations

import pytest

from deploy_tasks.outcome import HostState as S
from deploy_tasks.rollout import states

PHASES = [S.CONNECTING, S.SENDING, S.RUNNING, S.VERIFYING]
ENDS = {S.SUCCEEDED, S.FAILED, S.UNREACHABLE, S.CANCELLED}


def drawn() -> set[tuple[S, S]]:
    edges = {(S.QUEUED, S.CONNECTING), (S.QUEUED, S.CANCELLED), (S.UNDO_FAILED, S.UNDOING)}
    edges |= {(a, b) for i, a in enumerate(PHASES) for b in [*PHASES[i + 1 :], *ENDS]}
    edges |= {(end, S.UNDOING) for end in ENDS}
    edges |= {(phase, S.WAITING) for phase in PHASES[:-1]}
    edges |= {(S.CONNECTING, S.UNTOUCHED)}
    edges |= {(S.WAITING, S.CONNECTING), (S.WAITING, S.CANCELLED), (S.WAITING, S.UNDOING)}
    return edges | {(S.UNDOING, S.ROLLED_BACK), (S.UNDOING, S.UNDO_FAILED)}


@pytest.mark.parametrize("old", list(S))
@pytest.mark.parametrize("new", list(S))
def test_every_pair_of_states_is_an_edge_or_is_refused_as_drawn(old: S, new: S) -> None:
    assert states.allowed(old, new) == ((old, new) in drawn())


def test_every_state_is_in_the_table_and_can_be_reached() -> None:
    assert set(states.EDGES) == set(S)
    reached = {S.QUEUED}
    while more := {new for old in reached for new in states.EDGES[old]} - reached:
        reached |= more
    assert reached == set(S)


def test_from_every_state_a_final_one_can_be_reached() -> None:
    for start in S:
        seen = {start}
        while more := {new for old in seen for new in states.EDGES[old]} - seen:
            seen |= more
        assert seen & states.FINAL


def test_the_scripts_get_the_same_table() -> None:
    text = states.lua_tables()
    for old, news in states.EDGES.items():
        row = text.split(f"{old.value}={{", 1)[1].split("}", 1)[0]
        assert {part.split("=")[0] for part in row.split(",") if part} == {new.value for new in news}
