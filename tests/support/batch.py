"""A running batch in the ledger, whose hosts begin, end and lose their workers as a test says."""

from __future__ import annotations

from redis import Redis

from deploy_tasks.outcome import HostState as S
from deploy_tasks.rollout.hostbook import Move
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.views import Grant
from tests.support.stepping import make_record


class RunningBatch:
    """The deployment `d1`, whose one batch has so many hosts: `web 0`, `web 1` and so on."""

    def __init__(self, redis: Redis, hosts: int) -> None:
        self.redis = redis
        self.ledger = Ledger(redis)
        record = make_record(hosts=hosts)
        assert self.ledger.create(record)
        assert self.ledger.claim(record.id, "status", "queued", "running")
        assert self.ledger.launch(record, 0, 10)
        self.grants: dict[str, Grant] = {}

    def begin(self, *hosts: str, attempt: int = 1, lease_s: float = 60) -> None:
        """A worker takes each host."""
        for host in hosts:
            grant = self.ledger.hosts.grant("d1", host, attempt, f"w {host}", lease_s)
            assert isinstance(grant, Grant), grant
            self.grants[host] = grant

    def end(self, host: str, state: S = S.FAILED) -> None:
        """The host is told to have ended."""
        assert self.ledger.hosts.move(Move(self.grants[host], [state])).what == "ok"
