"""Facts of other hosts, for the hosts that read them: gathered over a connection of their own, once, kept sealed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy_tasks import transport
from deploy_tasks.errors import DeployError
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.views import Grant
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.material import Material

log = logging.getLogger(__name__)
#: Hosts asked at once by one worker for one host, how long one may take, and how often to look for what others gather.
_AT_ONCE, _ONE_S, _LOOK_S = 16, 30.0, 0.1


class Gathering:
    """Gathers facts for one host."""

    def __init__(self, here: Context, deployment: Material, grant: Grant, subsets: tuple[str, ...]) -> None:
        self._here = here
        self._deployment = deployment
        self._grant = grant
        self._subsets = subsets

    def facts(self, batch: int, stopped: Callable[[], bool]) -> dict[str, dict[str, Any]]:
        """The facts of the hosts that have come as far as this batch, as far as the plan reads them. A host that cannot
        be asked has none. Raises `StoreError`, `RedisError`."""
        record = self._deployment.record
        names = dict.fromkeys(name for stage in range(record.stage(batch) + 1) for name in record.hosts_of(stage))
        for name in (self._grant.host, *self._deployment.absent(self._here, self._grant)):
            names.pop(name, None)
        found = self._kept(names)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="facts") as pool:
            while (missing := [name for name in names if name not in found]) and not stopped():
                list(pool.map(self._gather, missing))
                found |= self._kept(missing)
                if len(found) < len(names):
                    time.sleep(_LOOK_S)
        return {name: facts for name, facts in found.items() if facts}

    def _kept(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        wanted = list(names)
        if not wanted:
            return {}
        kept = self._here.redis.hmget(keys.facts(self._grant.deployment), wanted)
        return {
            name: json.loads(self._here.seal.open(str(sealed), self._about(name)))
            for name, sealed in zip(wanted, kept, strict=True)
            if sealed is not None
        }

    def _gather(self, name: str) -> None:
        """Ask a host, unless another worker does that at the moment."""
        deployment = self._grant.deployment
        turn = keys.gathering(deployment, name)
        if not self._here.redis.set(turn, self._grant.host, nx=True, ex=int(_ONE_S) + 5):
            return
        key = keys.facts(deployment)
        if not self._here.redis.hexists(key, name):
            sealed = self._here.seal.seal(json.dumps(self._ask(name)).encode(), self._about(name))
            with self._here.redis.pipeline() as pipe:
                pipe.hset(key, name, sealed)
                pipe.expire(key, self._deployment.lifetime_s)
                pipe.execute()
        self._here.redis.delete(turn)

    def _ask(self, name: str) -> dict[str, Any]:
        """The facts of a host; none when it does not answer."""
        host = self._deployment.host(name)
        try:
            shipment = self._deployment.shipment_to(
                self._here.store, self._deployment.triple(host), self._grant.deployment, self._grant
            )
            answer = transport.ask(
                transport.Endpoint.of(host),
                shipment,
                "facts",
                pool=self._here.pool,
                deadline_s=_ONE_S,
                extra={"subset": list(self._subsets)},
            )
        except DeployError as error:
            log.warning("%s: no facts of %s: %s", self._grant.deployment, name, error)
            return {}
        facts = answer.get("facts")
        return self._read(facts) if isinstance(facts, dict) else {}

    def _read(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Those that the plan reads."""
        reads = self._deployment.reads
        if reads.everything or "ansible_facts" in reads.names:
            return facts
        return {name: value for name, value in facts.items() if name in reads.names}

    def _about(self, name: str) -> str:
        return f"{self._grant.deployment} facts {name}"
