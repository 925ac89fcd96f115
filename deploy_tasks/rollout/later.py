"""Deployments that came to the same hosts after one: they are undone before it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from deploy_tasks.errors import NotFound
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.drive import undoable
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.views import Snapshot


class Later(NamedTuple):
    """A later deployment, and its hosts that are in the way."""

    deployment: str
    hosts: tuple[str, ...]


def later(ledger: Ledger, shot: Snapshot, hosts: Collection[str]) -> list[Later]:
    """What was deployed after it to these of its hosts and still stands, the newest first."""
    record, created = shot.head.record, shot.head.time_ms("created") or 0
    locks = {target.lock for target in record.targets if target.host in hosts}
    found = []
    for name in ledger.redis.zrevrangebyscore(keys.INDEX, "+inf", f"({created}"):
        try:
            other = ledger.record(str(name))
            if other.id == record.id or not locks.intersection(other.locks):
                continue
            stands = set(undoable(ledger.snapshot(other.id)))
        except NotFound:
            continue  # it has expired
        if here := tuple(each.host for each in other.targets if each.lock in locks and each.host in stands):
            found.append(Later(other.id, here))
    return found
