"""Confirming a deployment to its host by a new connection: what locks us out is found, and taken back.

The host waits `confirm_within` seconds from its success. Until then new connections are tried; afterwards any
connection will do, only to hear what became of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from deploy_tasks import transport
from deploy_tasks.tasks.context import Context
from deploy_tasks.transport import Endpoint, Shipment

_PAUSE_S = 0.5
#: Seconds one try may take.
_TRY_S = 15.0
#: Seconds after its time in which the host is asked what became of it: as long again, within these.
_AFTER_S = (5.0, 20.0)


class Unconfirmed(transport.TransportError):
    """No new connection reached the host in time, and it does not say what became of it."""


def confirm(
    here: Context, endpoint: Endpoint, shipment: Shipment, summary: dict[str, Any], within_s: float
) -> dict[str, Any]:
    """The run's summary once the deployment is confirmed, or that of the host's having taken it back.

    Raises `Unconfirmed`.
    """
    until = time.monotonic() + within_s
    why: Exception | None = None
    while (left := until - time.monotonic()) > 0:
        try:
            answer = _ask(here, endpoint, shipment, "confirm", min(left, _TRY_S))
            if answer.get("confirmed"):
                return summary
            if end := _taken_back(answer):
                return end
        except transport.TransportError as error:
            why = error
        time.sleep(min(_PAUSE_S, max(left, 0.0)))
    shortest, longest = _AFTER_S
    end = _afterwards(here, endpoint, shipment, until + min(max(within_s, shortest), longest))
    if end is not None:
        return end
    raise Unconfirmed(
        endpoint.name,
        "connecting",
        f"no new connection in {within_s:g} s after its success ({why or 'it does not wait'}); it takes itself back",
        hint=f"once it can be reached: deploy-tasks rollback {shipment.deployment}",
        touched=True,
    )


def _afterwards(here: Context, endpoint: Endpoint, shipment: Shipment, until: float) -> dict[str, Any] | None:
    while time.monotonic() < until:
        try:
            if end := _taken_back(_ask(here, endpoint, shipment, "status", _TRY_S)):
                return end
        except transport.TransportError:
            pass  # it is asked again
        time.sleep(_PAUSE_S)
    return None


def _ask(
    here: Context, endpoint: Endpoint, shipment: Shipment, do: transport.Question, limit_s: float
) -> dict[str, Any]:
    return transport.ask(endpoint, shipment, do, pool=here.pool, deadline_s=limit_s, fresh=do == "confirm")


def _taken_back(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    report = answer.get("report")
    if isinstance(report, dict) and report.get("status") in ("rolled_back", "undo_failed"):
        return report
    return None
