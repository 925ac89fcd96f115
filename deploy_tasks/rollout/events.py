"""The stream of what happens in a deployment, as values, followed to its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from redis import Redis

from deploy_tasks.outcome import DeploymentStatus
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.views import Event

_AT_ONCE = 500
_BLOCK_MS = 1000
_FINAL = frozenset(status.value for status in DeploymentStatus if status.final)


class Follower:
    """Reads a deployment's events from the first one kept (or after an entry of the stream) to its end."""

    def __init__(self, redis: Redis, deployment: str, after: str = "0") -> None:
        self._redis = redis
        self._stream = keys.events(deployment)
        self.after = after
        self.ended = False

    def poll(self) -> list[Event]:
        """The next events; none when nothing happened for a second. The client's socket timeout must be longer.

        Sets `ended` with the deployment's last event; after an error it can be called again.
        """
        answer: Any = self._redis.xread({self._stream: self.after}, count=_AT_ONCE, block=_BLOCK_MS)
        entries = answer[0][1] if isinstance(answer, list) and answer else _entries(answer, self._stream)
        found: list[Event] = []
        for entry, fields in entries:
            self.after = entry
            found.extend(_parse(fields))
            if _last(found[-1:]):
                self.ended = True
                break
        return found


def _entries(answer: Any, stream: str) -> Any:
    found = answer.get(stream) if isinstance(answer, dict) else None
    return found[0] if found else []


def _last(events: list[Event]) -> bool:
    return any(event.kind == "deployment" and event.data.get("status") in _FINAL for event in events)


def _parse(fields: dict[str, str]) -> Iterator[Event]:
    data = json.loads(fields["e"])
    kind, host, at = data.pop("kind"), data.pop("host", None), data.pop("at", 0) / 1000
    tasks = data.pop("tasks", [])
    for task in tasks:
        yield Event("task", at, host, task)
    if kind != "host" or "state" in data:
        yield Event(kind, at, host, data)
