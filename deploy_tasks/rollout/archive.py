"""Intent and outcome in the store, where they survive a Redis that lost its data.

`open/ID` is there from when the ledger has accepted a deployment, before anything of it is begun, until its end is
written to `ended/ID`. `undo/ID` is there from when an ended one is to be taken back until that has ended: the end
before may still be being written then, and forgets only `open/ID`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deploy_tasks.rollout.record import Record
from deploy_tasks.store import Missing, Store

_OPEN, _UNDO, _ENDED = "open/", "undo/", "ended/"


def keep_intent(store: Store, record: Record) -> None:
    """Write what was asked for, before anything of it is begun."""
    store.put_record(_OPEN + record.id, record.dump().encode())


def keep_undo(store: Store, record: Record, *, whole: bool) -> None:
    """Write that an ended deployment is to be taken back: all of it whatever its hosts answer, or what went wrong."""
    text = json.dumps({"record": record.dump(), "whole": whole})
    store.put_record(_UNDO + record.id, text.encode())


def undo_wanted(store: Store, deployment: str) -> bool:
    """Whether an unfinished deployment is to be taken back whatever its hosts answer."""
    undo = _undo(store, deployment)
    return undo is not None and bool(undo["whole"])


def undone(store: Store, deployment: str) -> bool:
    """Whether taking back was asked for. An end that is seen after this was asked is the end of that."""
    return _undo(store, deployment) is not None


def _undo(store: Store, deployment: str) -> dict[str, Any] | None:
    try:
        data = store.get_record(_UNDO + deployment)
    except Missing:
        return None
    # An empty one was written by an earlier version: it stood beside `open/ID` and asked for all of it.
    found: dict[str, Any] = json.loads(data) if data else {"record": None, "whole": True}
    return found


def keep_result(store: Store, deployment: str, result: Mapping[str, Any], *, undone: bool) -> None:
    """Write how it ended, then forget the intent; also the one to take it back, when that is what has ended."""
    store.put_record(_ENDED + deployment, json.dumps(result).encode())
    store.delete_record(_OPEN + deployment)
    if undone:
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
    """Deployments of which something was asked for whose end is not written."""
    return sorted({name.removeprefix(each) for each in (_OPEN, _UNDO) for name in store.list_records(each)})


def intent(store: Store, deployment: str) -> Record | None:
    """What was asked for, of an unfinished deployment."""
    try:
        return Record.load(store.get_record(_OPEN + deployment))
    except Missing:
        undo = _undo(store, deployment)
        return Record.load(undo["record"].encode()) if undo and undo["record"] else None
