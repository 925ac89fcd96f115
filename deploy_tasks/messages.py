"""Celery's task messages without the fields that say nothing: a host's message stays below 1 KB.

Celery's message protocol 2 fills in every optional header and embedded field; workers read them with these very
defaults (docs.celeryq.dev, Internals, Message Protocol). With hundreds of hosts it is Redis memory and parsing.
"""

from __future__ import annotations

from typing import Any

from celery.app.amqp import AMQP, task_message

_DEFAULTS: dict[str, Any] = {
    "shadow": None,
    "eta": None,
    "expires": None,
    "timelimit": [None, None],
    "parent_id": None,
    "replaced_task_nesting": 0,
    "stamped_headers": None,
    "stamps": {},
}


class LeanAMQP(AMQP):  # type: ignore[misc]
    """Celery's own messages, and what is only a default left out."""

    def as_task_v2(self, *args: Any, **options: Any) -> Any:
        """A message of protocol 2."""
        message = super().as_task_v2(*args, **options)
        positional, keywords, embedded = message.body
        headers = {
            name: value
            for name, value in message.headers.items()
            if name != "origin" and (name not in _DEFAULTS or value != _DEFAULTS[name])
        }
        return task_message(
            headers=headers,
            properties={**message.properties, "reply_to": ""},  # replies go through the result backend
            body=(positional, keywords, {name: value for name, value in embedded.items() if value is not None}),
            sent_event=message.sent_event,
        )
