"""From what the transport tells to a host's outcome and its way through the ledger. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy_tasks.outcome import HostError, HostOutcome, HostState, Undo
from deploy_tasks.secret import Masker

S = HostState
#: Final states of a pushed host by the status of the runner's summary.
_PATHS: dict[str, tuple[HostState, ...]] = {
    "succeeded": (S.SUCCEEDED,),
    "failed": (S.FAILED,),
    "cancelled": (S.CANCELLED,),
    "rolled_back": (S.FAILED, S.UNDOING, S.ROLLED_BACK),
    "undo_failed": (S.FAILED, S.UNDOING, S.UNDO_FAILED),
}
_TAIL, _TEXT = 10, 2000


@dataclass(frozen=True, slots=True)
class End:
    """A host's end: the states to walk through, the last of which is the outcome's. `later` is the batch in which it
    goes on when that is the end of a stage only."""

    path: tuple[HostState, ...]
    outcome: HostOutcome
    later: int | None = None


def pushed(
    host: str,
    attempt: int,
    report: Mapping[str, Any],
    figures: Mapping[str, Any],
    masker: Masker,
    before: HostOutcome | None = None,
    later: int | None = None,
) -> End:
    """The end of a push that came to its summary. `before` is what earlier stages came to: the host counts its tasks
    over all stages, what the way there cost adds up here. `later` is the batch of the host's next stage, if any."""
    summary = masker.data(report)
    status = str(summary.get("status"))
    path = _PATHS.get(status, (S.FAILED,))
    if path == (S.SUCCEEDED,) and later is not None:
        path = (S.WAITING,)
    outcome = HostOutcome(
        host=host,
        status=path[-1],
        attempt=attempt,
        **_counts(summary),
        error=_error(summary, status),
        undo=_undo(summary.get("undo")),
        touched=not figures.get("check", False),
        **_figures(figures, before),
    )
    return End(path, outcome, later)


def left_out(host: str, attempt: int, later: int | None = None) -> End:
    """The end of a push to a host that no `add_host` has added by now: nobody was there."""
    state = S.UNTOUCHED if later is None else S.WAITING
    return End((state,), HostOutcome(host=host, status=state, attempt=attempt, left_out=True), later)


def undone(host: str, attempt: int, report: Mapping[str, Any], before: HostOutcome | None, masker: Masker) -> End:
    """The end of an undo that came to its summary; what the push had counted stays."""
    summary = masker.data(report)
    back = summary.get("status") in ("rolled_back", "succeeded")
    state = S.ROLLED_BACK if back else S.UNDO_FAILED
    error = None if back else _error(summary, "undo_failed")
    old = before or HostOutcome(host=host, status=state)
    changes: dict[str, Any] = {
        "status": state,
        "attempt": attempt,
        "undo": _undo(summary.get("undo")),
        "touched": not back,
    }
    if back:
        changes["irreversible"] = 0
    if summary.get("unconfirmed"):
        changes |= {"unconfirmed": True, "error": _error(summary, "unconfirmed")}
    return End((state,), old.model_copy(update=changes | ({"error": error} if error else {})))


def broken(
    host: str,
    attempt: int,
    error: Failure,
    figures: Mapping[str, Any],
    masker: Masker,
    before: HostOutcome | None = None,
) -> End:
    """The end of a push that did not come to a summary; what earlier stages came to stays."""
    state = S.CANCELLED if error.cancelled else S.UNREACHABLE if error.unreachable else S.FAILED
    old = before or HostOutcome(host=host, status=state)
    changes: dict[str, Any] = {
        "status": state,
        "attempt": attempt,
        "failed": old.failed + int(state is S.FAILED),
        "unreachable": int(state is S.UNREACHABLE),
        "error": HostError(
            phase=error.phase, message=masker.text(error.message)[:_TEXT], hint=error.hint, task=error.task
        ),
        "touched": old.touched or (error.touched and not figures.get("check", False)),
        **_figures(figures, before),
    }
    return End((state,), old.model_copy(update=changes))


def not_undone(host: str, attempt: int, error: Failure, before: HostOutcome | None, masker: Masker) -> End:
    """The end of an undo that did not come to a summary: the host's state is not known. Why it was to be taken back is
    told with it."""
    old = before or HostOutcome(host=host, status=S.UNDO_FAILED)
    message, first = masker.text(error.message)[:_TEXT], old.error
    if first is not None and first.phase != "undoing":
        message = f"{message}; before that: {first.message}"[:_TEXT]
    told = HostError(phase="undoing", message=message, hint=error.hint)
    if first is not None:
        told = told.model_copy(update={name: getattr(first, name) for name in ("task", "module", "where", "line")})
    changes = {"status": S.UNDO_FAILED, "attempt": attempt, "error": told, "touched": True}
    return End((S.UNDO_FAILED,), old.model_copy(update=changes))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no summary."""

    phase: str
    message: str
    hint: str | None = None
    unreachable: bool = False
    cancelled: bool = False
    touched: bool = False
    task: str | None = None


def _counts(summary: Mapping[str, Any]) -> dict[str, Any]:
    names = ("ok", "changed", "failed", "skipped", "rescued", "ignored", "unreachable")
    counts: dict[str, Any] = {name: int(summary.get(name) or 0) for name in names}
    done = summary.get("status") == "succeeded"
    counts["irreversible"] = int(summary.get("irreversible") or 0) if done else 0
    counts["unconfirmed"] = bool(summary.get("unconfirmed"))
    counts["cpu_s"] = float(summary.get("cpu_s") or 0)
    counts["max_rss_kb"] = int(summary.get("max_rss_kb") or 0)
    return counts


def _figures(figures: Mapping[str, Any], before: HostOutcome | None) -> dict[str, Any]:
    names = ("duration_s", "verify_s", "bytes_sent", "bytes_received")
    own = {name: figures[name] for name in names if name in figures}
    return own if before is None else {name: round(value + getattr(before, name), 3) for name, value in own.items()}


def _error(summary: Mapping[str, Any], status: str) -> HostError | None:
    error = summary.get("error")
    phase = str(summary.get("phase") or "running")
    if not isinstance(error, Mapping):
        return None if status == "succeeded" else HostError(phase=phase, message=f"the runner ended as {status}")
    tail = error.get("tail")
    lines = [str(line)[:_TEXT] for line in tail[-_TAIL:]] if isinstance(tail, list) else []
    return HostError(
        phase=phase,
        message=str(error.get("msg") or error.get("message") or status)[:_TEXT],
        task=_text(error.get("task")),
        module=_text(error.get("module")),
        where=_text(error.get("where")),
        line=_text(error.get("line")),
        tail=tuple(lines),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:200]


def _undo(undo: object) -> Undo | None:
    if not isinstance(undo, Mapping):
        return None
    return Undo.of(undo)
