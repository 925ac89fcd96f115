"""Intent and outcome in the store, where they survive a Redis that lost its data.

`open/ID` is there from when the ledger has accepted a deployment, before anything of it is begun, until its end is
written to `ended/ID`; `undo/ID` beside it says that somebody asked for it to be taken back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deploy_tasks.rollout.record import Record
from deploy_tasks.store import Missing, Store

_OPEN, _UNDO, _ENDED = "open/", "undo/", "ended/"


def keep_intent(store: Store, record: Record, *, undo: bool = False) -> None:
    """Write what was asked for, before anything of it is begun; `undo` when it is to be taken back."""
    if undo:
        store.put_record(_UNDO + record.id, b"")
    store.put_record(_OPEN + record.id, record.dump().encode())


def undo_wanted(store: Store, deployment: str) -> bool:
    """Whether an unfinished deployment is to be taken back whatever its hosts answer."""
    try:
        store.get_record(_UNDO + deployment)
    except Missing:
        return False
    return True


def keep_result(store: Store, deployment: str, result: Mapping[str, Any]) -> None:
    """Write how it ended, then forget the intent."""
    store.put_record(_ENDED + deployment, json.dumps(result).encode())
    store.delete_record(_OPEN + deployment)
    store.delete_record(_UNDO + deployment)


def result(store: Store, deployment: str) -> dict[str, Any] | None:
    """How a deployment ended, as far as the store knows; None while something is still wanted of it, as when it is
    taken back after its end."""
    if intent(store, deployment) is not None:
        return None
    try:
        found: dict[str, Any] = json.loads(store.get_record(_ENDED + deployment))
        return found
    except Missing:
        return None


def unfinished(store: Store) -> list[str]:
    """Deployments that were asked for and whose end is not written."""
    return [name.removeprefix(_OPEN) for name in store.list_records(_OPEN)]


def intent(store: Store, deployment: str) -> Record | None:
    """What was asked for, of an unfinished deployment."""
    try:
        return Record.load(store.get_record(_OPEN + deployment))
    except Missing:
        return None
