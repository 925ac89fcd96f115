"""What taking a host back would do: the host is asked, and nothing is changed there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from deploy_tasks import transport
from deploy_tasks.errors import DeployError
from deploy_tasks.outcome import HostState
from deploy_tasks.rollout.views import Grant
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.delegated import notes, place
from deploy_tasks.tasks.material import Material, material
from deploy_tasks.transport import Endpoint, Shipment

log = logging.getLogger(__name__)
#: Seconds a host has to answer.
_ASK_S = 60.0
_LISTS = ("undone", "conflicted", "irreversible")


def preview_host(here: Context, deployment: str, host: str) -> dict[str, Any]:
    """`status` on the host, `undo` and what would be undone `later`-first; or `error`. Without secrets."""
    try:
        about = material(here, deployment)
        grant = Grant(deployment, host, 1, here.name, "undo", 0, HostState.SUCCEEDED, "", _ASK_S)
        masker = about.masker(about.host(host), about.others(here, grant))
    except Exception as error:
        log.exception("%s: nothing can be said of %s", deployment, host)
        return {"host": host, "error": {"message": f"internal error: {type(error).__name__}"}}
    try:
        return {"host": host, **masker.data(_asked(here, about, grant))}
    except DeployError as error:
        return {"host": host, "error": {"message": masker.text(str(error)), "hint": error.hint}}
    except Exception as error:
        log.exception("%s: nothing can be said of %s", deployment, host)
        return {"host": host, "error": {"message": masker.text(f"internal error: {type(error).__name__}: {error}")}}


def _asked(here: Context, about: Material, grant: Grant) -> dict[str, Any]:
    """What the host says, and what those say that it had do something for it."""
    own = _ask(here, Endpoint.of(about.host(grant.host)), about.shipment(here.store, grant))
    undo = {name: list((own.get("undo") or {}).get(name) or ()) for name in _LISTS}
    for note in notes(here, grant):
        to = place(here, about, note.target)
        told = _ask(here, to.endpoint, about.shipment_to(here.store, to.triple, note.entry, grant, undo=True))
        theirs = told.get("undo") or {}
        undo["undone"] += [f"{note.target}:{path}" for path in theirs.get("undone") or ()]
        for name in ("conflicted", "irreversible"):
            undo[name] += [{**item, "host": note.target} for item in theirs.get(name) or ()]
    return {"status": own.get("status"), "undo": undo, "later": own.get("later") or []}


def _ask(here: Context, endpoint: Endpoint, shipment: Shipment) -> Mapping[str, Any]:
    answer = transport.ask(endpoint, shipment, "preview", pool=here.pool, deadline_s=_ASK_S).get("preview")
    return answer if isinstance(answer, dict) else {}
