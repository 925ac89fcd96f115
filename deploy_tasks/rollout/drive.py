"""What comes next for a deployment. Called after anything happened, by whoever made it happen, and by the sweeper.

`advance` looks at the ledger and takes the next step there is. Each step is claimed by compare-and-set, so that it
does not matter how often, in which order or from where it is called: two callers never take the same step twice.

    queued ─► compile every platform ─► batch 0 ─► judge ─► batch 1 ─► … ─► succeeded, or failed within the budget
                                                     └─► roll back every touched host ─► rolled back, or failed

Batches are numbered through all stages. A host that has done its part of a stage waits for its batch of the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState
from deploy_tasks.rollout import archive, keys
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.record import Record
from deploy_tasks.rollout.result import Result
from deploy_tasks.rollout.states import BAD, FINAL, PAUSED
from deploy_tasks.rollout.strategy import HostEnd, Verdict, judge, to_undo, tolerated
from deploy_tasks.rollout.views import Snapshot
from deploy_tasks.store import Store

#: Seconds a message may stay unheard of before the sweeper looks after it.
WAIT_S = 10.0


class Dispatch(Protocol):
    """How messages are sent. Sending one twice is harmless."""

    def start(self, deployment: str) -> None:
        """Ask for `advance` of a deployment."""

    def compile(self, deployment: str, triple: str) -> None:
        """Ask for one artifact."""

    def push(self, deployment: str, batch: int, hosts: Sequence[str]) -> None:
        """Ask for the hosts of a batch, then for its conclusion."""

    def push_again(self, deployment: str, batch: int, host: str, attempt: int) -> None:
        """Ask for one host again."""

    def undo(self, deployment: str, hosts: Sequence[tuple[str, int]]) -> None:
        """Ask for hosts (with their attempts) to be taken back, then for the conclusion of that."""


def step(ledger: Ledger, dispatch: Dispatch, store: Store, deployment: str) -> D:
    """Take the next step. The intent is in the store before the first one, and the end after the last one.

    Raises `NotFound`.
    """
    if ledger.status(deployment) is D.QUEUED:
        archive.keep_intent(store, ledger.record(deployment))
    undone = archive.undone(store, deployment)
    status = advance(ledger, dispatch, deployment)
    if status.final:
        shot = ledger.snapshot(deployment)
        if shot.head.status.final:  # else somebody has asked for it to be taken back meanwhile
            archive.keep_result(store, deployment, Result.of(shot).to_json(), undone=undone)
    return status


def advance(ledger: Ledger, dispatch: Dispatch, deployment: str) -> D:
    """Take the next step of a deployment, if one is due, and return its status. Raises `NotFound`."""
    shot = ledger.snapshot(deployment)
    status = shot.head.status
    if status is D.QUEUED:
        return _begin(ledger, dispatch, shot)
    if status is D.RUNNING:
        return _run(ledger, dispatch, shot)
    if status is D.ROLLING_BACK:
        return _undo(ledger, dispatch, shot)
    return status


def _begin(ledger: Ledger, dispatch: Dispatch, shot: Snapshot) -> D:
    record = shot.head.record
    if shot.head.cancel:
        return _end(ledger, record, D.CANCELLED, shot.head.cancel)
    if not ledger.claim(record.id, "status", "queued", "running", {"kind": "deployment", "status": "running"}):
        return ledger.status(record.id)
    ledger.redis.hset(keys.head(record.id), "started", shot.now_ms)
    return _run(ledger, dispatch, ledger.snapshot(record.id))


def _run(ledger: Ledger, dispatch: Dispatch, shot: Snapshot) -> D:
    head, record = shot.head, shot.head.record
    if failure := head.fields.get("build_failed"):
        return _end(ledger, record, D.FAILED, failure)
    number = _current(shot)
    if number is None or (head.cancel and head.batch_state(number) == "pending"):
        return _settle(ledger, dispatch, shot)
    if not head.compiled:
        _compile(ledger, dispatch, shot)
    elif head.batch_state(number) == "pending":
        return _launch(ledger, dispatch, shot, number)
    else:
        return _judge(ledger, dispatch, shot, number)
    return D.RUNNING


def _current(shot: Snapshot) -> int | None:
    """The first batch that has not passed; None when all have, or when one stopped the deployment."""
    for number in range(len(shot.head.record.batches)):
        state = shot.head.batch_state(number)
        if state == "stopped":
            return None
        if state != "passed":
            return number
    return None


def _compile(ledger: Ledger, dispatch: Dispatch, shot: Snapshot) -> None:
    record = shot.head.record
    if not ledger.claim(record.id, "building", "", "1"):
        return
    until = shot.now_ms + int(WAIT_S * 1000)
    ledger.redis.zadd(keys.BUILDS, {keys.member(record.id, triple): until for triple in record.triples})
    for triple in record.triples:
        if shot.head.artifact(triple) is None:
            dispatch.compile(record.id, triple)


def _launch(ledger: Ledger, dispatch: Dispatch, shot: Snapshot, number: int) -> D:
    record = shot.head.record
    hosts = _taking_part(shot, number)
    if ledger.launch(record, number, WAIT_S, hosts):
        if not hosts:
            return advance(ledger, dispatch, record.id)
        dispatch.push(record.id, number, hosts[: record.width(number)])
    return D.RUNNING


def _taking_part(shot: Snapshot, number: int) -> tuple[str, ...]:
    """The hosts of a batch without those that came to their end in an earlier stage."""
    return tuple(host for host in shot.head.record.batch(number) if _place(shot, host) >= number)


def _place(shot: Snapshot, host: str) -> int:
    """The batch a host is in, or the one it waits for."""
    row = shot.rows.get(host)
    return 0 if row is None else row.batch


def _left_out(shot: Snapshot, host: str, number: int) -> bool:
    """Whether a host that `add_host` was to add has gone through a batch without anybody having added it."""
    row, outcome = shot.rows.get(host), shot.outcomes.get(host)
    through = row is not None and (row.batch > number or row.state is HostState.UNTOUCHED)
    return through and outcome is not None and outcome.left_out


def go_on(ledger: Ledger, dispatch: Dispatch, record: Record) -> None:
    """A host has ended: ask for those that there is room for now, where a deployment limits hosts at once."""
    if record.options.parallel is None:
        return
    hosts = ledger.top_up(record, WAIT_S)
    for host, batch, attempt in hosts:
        dispatch.push_again(record.id, batch, host, attempt)
    if not hosts:
        dispatch.start(record.id)  # the chord knows only the first hosts of the batch: this may have been the last


def _judge(ledger: Ledger, dispatch: Dispatch, shot: Snapshot, number: int) -> D:
    record = shot.head.record
    hosts = tuple(host for host in _taking_part(shot, number) if not _left_out(shot, host, number))
    here = {host: state for host, state in shot.states.items() if _place(shot, host) == number}
    gone_on = {host: HostState.SUCCEEDED for host in hosts if _place(shot, host) > number}
    verdict = judge(here | gone_on, hosts, tolerated(len(hosts), record.budget(number)))
    if verdict is Verdict.WAIT:
        return D.RUNNING
    if _hopeless(shot, hosts, number):
        verdict = Verdict.STOP
    field = f"b:{number}:state"
    to = "stopped" if verdict is Verdict.STOP or shot.head.cancel else "passed"
    note = {"kind": "deployment", "status": "batch", "batch": number, "verdict": to}
    if ledger.claim(record.id, field, "running", to, note, concluded=shot.now_ms):
        return advance(ledger, dispatch, record.id)
    return ledger.status(record.id)


def _hopeless(shot: Snapshot, hosts: Sequence[str], number: int) -> bool:
    """Whether nothing more may begin whatever the budget, as in Ansible: a task failed whose failure ends it for all
    (`any_errors_fatal`), or every host of the batch failed and others were to follow."""
    if "fatal" in shot.head.fields:
        return True
    more = number + 1 < len(shot.head.record.batches)
    return more and len(hosts) > 0 and all(shot.states.get(host) in BAD for host in hosts)


def _settle(ledger: Ledger, dispatch: Dispatch, shot: Snapshot) -> D:
    """All batches are through, or one stopped the deployment: end it, or take everything back first."""
    head, record = shot.head, shot.head.record
    if any(state not in FINAL | PAUSED for state in shot.states.values()):
        return head.status
    wanted = head.fields.get("undo_wanted")
    stopped = wanted or any(head.batch_state(number) == "stopped" for number in range(len(record.batches)))
    if not stopped and not head.cancel:
        bad = [host for host, state in shot.states.items() if state in BAD]
        return (
            _end(ledger, record, D.FAILED, f"{_count(bad)} failed, within the budget")
            if bad
            else _end(ledger, record, D.SUCCEEDED, "")
        )
    reason = head.cancel or wanted or _why(shot)
    hosts = undoable(shot)
    if not record.options.undo_failed or record.options.check or not hosts:
        return _end(ledger, record, _status_without_undo(shot), reason)
    ledger.unwind(record, hosts, expected=[D.RUNNING], reason=reason, wait_s=WAIT_S)
    return advance(ledger, dispatch, record.id)


def undoable(shot: Snapshot) -> tuple[str, ...]:
    """The hosts of a deployment that have to be taken back to be where they were.

    What happened to a host before Redis lost its data nobody remembers but the host: it may be changed even if it was
    not asked again since.
    """
    forgotten = "recreated" in shot.head.fields
    ends = {}
    for host, row in shot.rows.items():
        outcome = shot.outcomes.get(host)
        state = HostState.CANCELLED if forgotten and row.state is HostState.QUEUED else row.state
        ends[host] = HostEnd(state, touched=forgotten or (outcome is not None and outcome.touched))
    return to_undo(ends)


def _status_without_undo(shot: Snapshot) -> D:
    if shot.head.cancel:
        return D.CANCELLED
    back = HostState.ROLLED_BACK in shot.states.values()
    return D.ROLLED_BACK if back and not undoable(shot) and not shot.head.record.options.check else D.FAILED


def _undo(ledger: Ledger, dispatch: Dispatch, shot: Snapshot) -> D:
    record = shot.head.record
    waiting = [(host, row.attempt) for host, row in shot.rows.items() if row.state is HostState.UNDOING]
    if waiting:
        if ledger.claim(record.id, "undo:state", "pending", "running"):
            dispatch.undo(record.id, waiting)
        return D.ROLLING_BACK
    stuck = [host for host, state in shot.states.items() if state is HostState.UNDO_FAILED]
    if stuck:
        reason = f"{shot.head.reason}; {_count(stuck)} could not be taken back"
        return _end(ledger, record, D.FAILED, reason, [D.ROLLING_BACK])
    standing = [host for host, state in shot.states.items() if state is HostState.SUCCEEDED]
    if standing and not record.options.check:
        reason = f"{shot.head.reason}; {_count(standing)} still on it"
        return _end(ledger, record, D.FAILED, reason, [D.ROLLING_BACK])
    status = D.CANCELLED if shot.head.cancel and not shot.head.fields.get("overdue") else D.ROLLED_BACK
    return _end(ledger, record, status, shot.head.reason or "", [D.ROLLING_BACK])


def _end(ledger: Ledger, record: Record, to: D, reason: str, expected: Sequence[D] = (D.QUEUED, D.RUNNING)) -> D:
    ledger.finish(record, to, reason, expected)
    return ledger.status(record.id)


def _why(shot: Snapshot) -> str:
    bad = [host for host, state in shot.states.items() if state in BAD]
    fatal = shot.head.fields.get("fatal")
    return f"{_count(bad)} failed" + (f"; {fatal}" if fatal else "")


def _count(hosts: Sequence[str]) -> str:
    return f"{len(hosts)} host{'s' if len(hosts) != 1 else ''}"
