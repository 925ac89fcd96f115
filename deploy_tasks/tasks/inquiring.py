"""Lookups that a host asks for while it runs, because only it can work out their arguments.

Its word decides nothing but which of the lookups that the plan and the inventory make for this very host is meant; see
`compiler/asking.py`. Anything else is told to be refused, and performed never.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from redis.exceptions import RedisError

from deploy_tasks.compiler import host_variables
from deploy_tasks.compiler.asking import HINT, KINDS, Allowed, allowed
from deploy_tasks.plan.worker_lookups import Asked
from deploy_tasks.rollout.views import Grant
from deploy_tasks.secret import Masker
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.looked_up import answer, asked_secrets
from deploy_tasks.tasks.material import Material
from deploy_tasks.transport import BadOutput

log = logging.getLogger(__name__)
_MOST_TERMS, _LONGEST = 1000, 1 << 16
_LOOK_S = 0.5


class Inquiry:
    """What one host asks in one conversation. `masker` learns the secrets in answers; `wait` waits for so many seconds,
    and is true when the conversation is over."""

    def __init__(
        self, here: Context, deployment: Material, grant: Grant, masker: Masker, wait: Callable[[float], bool]
    ) -> None:
        self._here, self._deployment, self._grant = here, deployment, grant
        self._masker, self._wait = masker, wait
        self._lock = threading.Lock()
        self._allowed: Allowed | None = None

    def read(self, question: Mapping[str, Any]) -> Asked:
        """A question as a lookup. Raises `BadOutput` for one that no program puts."""
        kind, terms, options = question.get("lookup"), question.get("terms"), question.get("options")
        if kind not in KINDS or not isinstance(terms, list) or not isinstance(options, dict):
            raise BadOutput(f"it asks for the lookup {kind!r:.60}, which no worker performs")
        texts = all(isinstance(term, str) for term in terms) and 0 < len(terms) <= _MOST_TERMS
        if not texts or len(json.dumps([terms, options])) > _LONGEST:
            raise BadOutput(f"it asks for the lookup {kind!r} of what is no text, or too long")
        return Asked(str(kind), tuple(terms), tuple(sorted(options.items())))

    def answer(self, asked: Asked) -> Mapping[str, Any]:
        """What is found, or why nothing is looked up."""
        if asked not in self._may_ask():
            log.warning("%s: %s asks for a lookup of its own making (%s)", *self._who(), asked.kind)
            return {"failed": f"lookup('{asked.kind}') is refused: only the host knows its arguments; {HINT}"}
        while True:
            try:
                found, secrets = answer(self._here, self._grant, asked, lifetime_s=self._deployment.lifetime_s)
                self._masker.add(secrets)
                return found
            except RedisError as error:
                log.warning("%s: a lookup for %s waits for Redis (%s)", *self._who(), error)
            if self._wait(_LOOK_S):
                return {"error": "the conversation is over"}

    def learn_all(self) -> None:
        """Hide from now on what any host of the deployment has been told."""
        self._masker.add(asked_secrets(self._here, self._grant, everybody=True))

    def _who(self) -> tuple[str, str]:
        return self._grant.deployment, self._grant.host

    def _may_ask(self) -> Allowed:
        with self._lock:
            if self._allowed is None:
                about = self._deployment
                host = host_variables(about.host(self._grant.host), about.inventory)
                said = about.document(self._here.store)
                self._allowed = allowed(said, host, about.lowered_extra, self._fetched)
            return self._allowed

    def _fetched(self, name: str) -> list[str] | None:
        """What a lookup that is written out in the plan has found."""
        found = self._deployment.answers(self._here).variables.get(name, {}).get("found")
        return None if found is None else ["" if each is None else each for each in found]
