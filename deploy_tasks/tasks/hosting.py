"""One host's part in a deployment, from the worker's side: fence, lease, talk to the host, write how it ended."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from deploy_tasks import transport
from deploy_tasks.errors import DeployError
from deploy_tasks.outcome import HostOutcome, HostState
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.drive import go_on
from deploy_tasks.rollout.hostbook import Phase
from deploy_tasks.rollout.pulse import Held
from deploy_tasks.rollout.views import Grant, NotGranted
from deploy_tasks.secret import Masker
from deploy_tasks.tasks import outcomes
from deploy_tasks.tasks.added import refuse_forgotten, refuse_half_said
from deploy_tasks.tasks.answering import Answers
from deploy_tasks.tasks.confirming import Unconfirmed, confirm
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.delegated import take_all_back
from deploy_tasks.tasks.material import Material, material
from deploy_tasks.tasks.outcomes import End, Failure
from deploy_tasks.tasks.restarting import STATUS, Restart, RestartTimeout
from deploy_tasks.tasks.sharing import MAX_NAMES, Others, keep

log = logging.getLogger(__name__)
#: What is kept of a task's event, and how much of its texts.
_KEPT = ("index", "total", "id", "name", "module", "status", "duration_s", "handler", "where", "line")
_MESSAGE, _DIFF, _DIFFS = 500, 4000, 20
#: Tries of one conversation whose connection was lost midway; the host answers the second with the first one's report.
_TRIES = 3
_PAUSE_S = 1.0

Work = Callable[[Context, Material, Held, float], End]


def push_host(here: Context, deployment: str, host: str, attempt: int, task_id: str, batch: int) -> dict[str, Any]:
    """Bring one host to the deployment, in a batch of its; whatever happens comes back as a value."""
    return _carry_out(here, deployment, host, attempt, task_id, "push", _push, batch)


def undo_host(here: Context, deployment: str, host: str, attempt: int, task_id: str) -> dict[str, Any]:
    """Take one host back; whatever happens comes back as a value."""
    return _carry_out(here, deployment, host, attempt, task_id, "undo", _undo)


def _carry_out(
    here: Context,
    deployment: str,
    host: str,
    attempt: int,
    task_id: str,
    phase: Phase,
    work: Work,
    batch: int | None = None,
) -> dict[str, Any]:
    owner = f"{here.name}:{uuid.uuid4().hex[:12]}"
    try:
        grant = here.ledger.hosts.grant(deployment, host, attempt, owner, here.settings.lease_s, phase, batch)
        if isinstance(grant, NotGranted):
            state = grant.state.value if grant.state else "unknown"
            return {"host": host, "status": state, "attempt": grant.attempt, "note": grant.why}
        held = here.pulse.hold(grant, task_id)
        end = _end(here, held, work)
        what = here.pulse.finish(held, end.path, end.outcome, later=end.later)
        if phase == "push":
            go_on(here.ledger, here.dispatch, material(here, deployment).record)
    except Exception as error:
        # A member of a chord never raises; the lease runs out and the sweeper asks for this host again.
        log.error("%s: %s of %s cannot be written down: %s", deployment, phase, host, type(error).__name__)
        return {"host": host, "status": "unknown", "attempt": attempt, "note": type(error).__name__}
    return _brief(end.outcome, what)


def _end(here: Context, held: Held, work: Work) -> End:
    grant = held.grant
    if grant.stop:
        # An earlier attempt may have changed the host; then it is to be taken back like any other.
        begun = grant.before is not HostState.QUEUED
        failure = Failure(grant.before.value, grant.stop, cancelled=True, touched=begun)
        return outcomes.broken(grant.host, grant.attempt, failure, {}, Masker(), _earlier(here, grant))
    try:
        deployment = material(here, grant.deployment)
        deadline_s = min(deployment.record.options.timeout_s, max(grant.remaining_s, 1.0))
        return work(here, deployment, held, deadline_s)
    except Exception as error:
        log.exception("%s: %s of %s broke", grant.deployment, grant.phase, grant.host)
        failure = Failure(held.phase or "connecting", f"internal error: {type(error).__name__}: {error}")
        if grant.phase == "undo":
            return outcomes.not_undone(grant.host, grant.attempt, failure, _before(here, grant), Masker())
        return outcomes.broken(grant.host, grant.attempt, failure, {}, Masker(), _earlier(here, grant))


def _push(here: Context, deployment: Material, held: Held, deadline_s: float) -> End:
    grant = held.grant
    around = deployment.others(here, grant)
    masker = deployment.masker(deployment.host(grant.host), around)
    began = time.monotonic()
    figures: dict[str, Any] = {}
    try:
        refuse_half_said(grant.host, deployment.inventory, around.said)
        if grant.host in around.absent:
            refuse_forgotten(here, grant)
            later = deployment.record.later(grant.host, grant.batch)
            return outcomes.left_out(grant.host, grant.attempt, later)
    except DeployError as error:
        return outcomes.broken(grant.host, grant.attempt, _failure(error), figures, masker, _earlier(here, grant))
    figures["check"] = deployment.record.options.check
    before = _earlier(here, grant) if deployment.record.stages else None
    told: dict[str, Any] = {}
    try:
        report = _converse(here, deployment, held, masker, deadline_s, around, told)
        keep(here, grant, told)
        summary = _confirmed(here, deployment, grant, report.summary)
    except DeployError as error:
        figures["duration_s"] = round(time.monotonic() - began, 3)
        return outcomes.broken(grant.host, grant.attempt, _failure(error), figures, masker, before)
    figures |= {
        "duration_s": round(time.monotonic() - began, 3),
        "verify_s": report.phases.get("verifying", 0.0),
        "bytes_sent": report.bytes_sent,
        "bytes_received": report.bytes_received,
    }
    if summary.get("status") in ("rolled_back", "undo_failed"):
        summary = take_all_back(here, deployment, grant).into(summary)
    later = deployment.record.later(grant.host, grant.batch)
    end = outcomes.pushed(grant.host, grant.attempt, summary, figures, masker, before, later)
    failed = end.outcome.error
    if failed is not None and failed.where in deployment.fatal:
        here.ledger.forbid(grant.deployment, grant.batch, f'task "{failed.task}" failed on {grant.host}, fatal for all')
    return end


def _confirmed(here: Context, deployment: Material, grant: Grant, summary: dict[str, Any]) -> dict[str, Any]:
    """The summary of a run that is confirmed to its host, where the deployment wants that."""
    options, last = deployment.record.options, deployment.record.later(grant.host, grant.batch) is None
    if not options.confirm_within or options.check or not last or summary.get("status") != "succeeded":
        return summary
    endpoint = transport.Endpoint.of(deployment.host(grant.host))
    return confirm(here, endpoint, deployment.shipment(here.store, grant), summary, options.confirm_within)


def _undo(here: Context, deployment: Material, held: Held, deadline_s: float) -> End:
    grant = held.grant
    masker = deployment.masker(deployment.host(grant.host), deployment.others(here, grant))
    before = _before(here, grant)
    taken = take_all_back(here, deployment, grant)
    try:
        report = _converse(here, deployment, held, masker, deadline_s)
    except DeployError as error:
        return outcomes.not_undone(grant.host, grant.attempt, _failure(error), before, masker)
    return outcomes.undone(grant.host, grant.attempt, taken.into(report.summary), before, masker)


def _converse(
    here: Context,
    deployment: Material,
    held: Held,
    masker: Masker,
    deadline_s: float,
    around: Others | None = None,
    told: dict[str, Any] | None = None,
) -> transport.Report:
    """The conversation with the host; begun again when the connection was lost, as long as there is time. `told` gets
    what the host says of itself for others."""
    grant = held.grant
    host = deployment.host(grant.host)
    shipment = deployment.shipment(here.store, grant)
    talk = transport.undo if grant.phase == "undo" else transport.push
    restart = _restart(here, deployment, held)
    began = time.monotonic()
    until, end = began + deadline_s, began + max(grant.remaining_s, deadline_s)
    tries = 0
    lost: transport.TransportError | None = None
    while True:
        left = max(until - time.monotonic(), 0.1)
        answers = Answers(here, deployment, held, left, masker, restart)
        try:
            report = talk(
                transport.Endpoint.of(host),
                shipment,
                {**deployment.request(host, grant, left, here.store, around), **restart.request()},
                pool=here.pool,
                on_event=lambda event: _note(here, held, masker, event, told),
                deadline_s=left,
                cancelled=held.cancelled,
                **({} if grant.phase == "undo" else {"on_question": answers.ask}),
            )
        except transport.TransportError as error:
            if restart.pending and held.cancelled():
                error.touched = True  # it has been at work before it restarted
            elif not restart.explains(error):
                tries += 1
                again = error.retryable and error.touched and not held.cancelled()
                if tries == _TRIES or not again or until - time.monotonic() < _PAUSE_S:
                    raise _last_word(error, lost) from error
                lost = error
                time.sleep(_PAUSE_S)
                continue
            if held.cancelled():
                raise
        else:
            if report.summary.get("status") != STATUS:
                restart.over()
                return report
            if not any(errand.module == "reboot" for errand in deployment.errands(here.store).values()):
                what = "it says that it restarts, which the plan does not ask for"
                raise transport.ProtocolError(grant.host, "running", what, touched=True)
            restart.said(report.summary.get("away"))
        finally:
            answers.close()
        # The time that a host needs to restart is not the run's; the deployment's goes on.
        away = time.monotonic()
        restart.wait(lambda: end - time.monotonic())
        until = min(until + time.monotonic() - away, end)


def _restart(here: Context, deployment: Material, held: Held) -> Restart:
    """The host's restart, with what a worker before may have noted of it."""
    endpoint = transport.Endpoint.of(deployment.host(held.grant.host))
    restart = Restart(here, held, endpoint, deployment.lifetime_s)
    if held.grant.attempt > 1 or held.grant.phase == "undo":
        restart.learn()
    return restart


def _last_word(error: transport.TransportError, lost: transport.TransportError | None) -> transport.TransportError:
    """What is told of a host that was lost in the middle: it may have been changed, whatever came of asking again. When
    nobody answered then, the phase in which it was lost says more."""
    if lost is None or error.touched:
        return error
    if error.retryable or isinstance(error, transport.DeadlineExceeded):
        return lost
    error.touched = True
    return error


def _note(
    here: Context, held: Held, masker: Masker, event: Mapping[str, Any], told: dict[str, Any] | None = None
) -> None:
    """One event of the host, made small and free of secrets; what it says for other hosts goes into `told` alone."""
    kind = event.get("event")
    if kind == "phase":
        here.pulse.phase(held, str(event.get("phase")))
    elif kind == "task":
        masked = masker.data(event)  # before anything is cut, or half a secret would stay
        kept = {name: masked[name] for name in _KEPT if name in masked}
        if masked.get("msg"):
            kept["msg"] = str(masked["msg"])[:_MESSAGE]
        if isinstance(masked.get("diff"), list):
            kept["diff"] = _bounded(masked["diff"])
        here.pulse.task(held, kept)
    elif kind == "shared" and told is not None and len(told) <= MAX_NAMES:
        told[str(event.get("name"))] = event.get("value")


def _bounded(changes: list[Any]) -> list[dict[str, str]]:
    """Differences of a task, together about as long as `_DIFF`."""
    texts = [change for change in changes if isinstance(change, dict)][:_DIFFS]
    return [{name: str(text)[: _DIFF // len(texts)] for name, text in change.items()} for change in texts]


def _failure(error: DeployError) -> Failure:
    phase = getattr(error, "phase", "connecting")
    return Failure(
        phase=phase,
        message=str(error),
        hint=error.hint,
        unreachable=_unreachable(error),
        cancelled=isinstance(error, transport.Cancelled),
        touched=getattr(error, "touched", False),
        task=error.task if isinstance(error, RestartTimeout) else None,
    )


def _unreachable(error: DeployError) -> bool:
    always = (
        transport.Unreachable,
        transport.HostKeyRefused,
        transport.AuthRefused,
        transport.HostSilent,
        transport.ConnectionLost,
        Unconfirmed,
    )
    late = isinstance(error, transport.DeadlineExceeded) and error.phase in ("connecting", "sending")
    return isinstance(error, always) or late


def _before(here: Context, grant: Grant) -> HostOutcome | None:
    text = here.redis.hget(keys.outcomes(grant.deployment), grant.host)
    return HostOutcome.model_validate_json(str(text)) if text else None


def _earlier(here: Context, grant: Grant) -> HostOutcome | None:
    """What earlier stages of the deployment came to on the host."""
    found = _before(here, grant)
    there = found is not None and found.status is HostState.WAITING and not found.left_out
    return found if there else None


def _brief(outcome: HostOutcome, what: str) -> dict[str, Any]:
    """What Celery and Flower see: small, and without anything a host said."""
    brief: dict[str, Any] = {
        "host": outcome.host,
        "status": outcome.status.value,
        "attempt": outcome.attempt,
        "changed": outcome.changed,
        "duration_s": outcome.duration_s,
    }
    if outcome.error:
        brief["phase"] = outcome.error.phase
    if what != "ok":
        brief["note"] = what
    return brief
