"""A whole site under test: real SSH hosts, a Redis of its own, real workers, and a look into all of them."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from deploy_tasks import broker
from deploy_tasks.errors import BrokerLost, NotFound
from deploy_tasks.fleet import Fleet, Host
from deploy_tasks.plan.model import Plan, Play, Task
from deploy_tasks.producer import Handle, Prepared, Request, Result, prepare
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.record import Options
from deploy_tasks.rollout.views import HostRow
from deploy_tasks.settings import Settings
from tests.faults.support import truth
from tests.support.redis import RedisProcess
from tests.support.workers import Site, WorkerProcess, plan
from workers.allinone import Supervisor

#: Seconds a test waits for anything, unless it says more.
WITHIN_S = 30.0
_LOG_TAIL = 150
Tasks = Sequence[dict[str, Any]]


@dataclass
class FaultSite:
    """Hosts and everything that deploys to them. Workers are started by the test, each in a group of its own."""

    fleet: Fleet
    site: Site
    tree: Supervisor | None = None

    @contextlib.contextmanager
    def supervised(self) -> Iterator[Supervisor]:
        """A worker of every role under the supervisor of `deploy-tasks up`, which starts again what ends."""
        with Supervisor(self.settings, log_dir=self.site.folder / "tree") as self.tree:
            self.tree.wait_ready()
            yield self.tree
        self.tree = None

    @property
    def hosts(self) -> list[Host]:
        """Every host."""
        return list(self.fleet.hosts.values())

    @property
    def redis(self) -> RedisProcess:
        """The Redis of this site."""
        return self.site.redis

    @property
    def settings(self) -> Settings:
        """What producer and workers share."""
        return self.site.settings

    def start(self, *roles: str, module: str = "workers.run", **environment: object) -> list[WorkerProcess]:
        """Start workers of these roles (default: one of each) and wait until all take work."""
        return self.site.start(*roles, module=module, environment=environment)

    def request(self, tasks: Tasks, **options: Any) -> Request:
        """A request for all hosts; `serial`, `limit` and `deployment_id` are the request's, the rest are options."""
        own = {name: options.pop(name) for name in ("serial", "limit", "deployment_id") if name in options}
        return Request(plan(*tasks), self.fleet.inventory_path, options=Options(**options), **own)

    def prepare(self, tasks: Tasks, **options: Any) -> Prepared:
        """A request, checked and bundled."""
        return prepare(self.request(tasks, **options))

    def deploy(self, *tasks: dict[str, Any], **options: Any) -> Handle:
        """Ask for these tasks on all hosts."""
        return self.site.producer.submit(self.prepare(tasks, **options))

    def play(self, *tasks: dict[str, Any], **options: Any) -> Handle:
        """A deployment of one play with these tasks, keywords of playbooks among their keys."""
        made = tuple(Task.model_validate({"id": f"t{n}", "name": f"task {n}", **task}) for n, task in enumerate(tasks))
        plan = Plan(name="play", format="playbook", plays=(Play(id="p", tasks=made),))
        request = Request(plan, self.fleet.inventory_path, options=Options(**options))
        return self.site.producer.submit(prepare(request))

    def rows(self, handle: Handle) -> dict[str, HostRow]:
        """Where the ledger sees each host; nothing while Redis is away or has no such deployment."""
        try:
            with self.redis.client() as client:
                found: Mapping[str, str] = client.hgetall(keys.hosts(handle.id))
        except (RedisError, OSError):
            return {}
        return {host: HostRow.parse(raw) for host, raw in found.items()}

    def in_flight(self, handle: Handle, worker: WorkerProcess | None = None) -> list[str]:
        """The hosts that a worker (or any) has at this moment."""
        owners = {host: row.owner for host, row in self.rows(handle).items() if row.owner}
        return [host for host, owner in owners.items() if worker is None or owner.split(":")[1] == str(worker.pid)]

    def notes(self, handle: Handle) -> list[dict[str, Any]]:
        """What the event stream has told about the deployment itself up to now, in order."""
        with self.redis.client() as client:
            told = [json.loads(fields["e"]) for _, fields in client.xrange(keys.events(handle.id))]
        return [note for note in told if note["kind"] == "deployment"]

    def waiting(self, queue: str) -> int:
        """Messages in a queue that no worker has taken."""
        with self.redis.client() as client:
            return int(client.llen(queue))

    def unacked(self) -> int:
        """Messages that a worker has taken and not done with."""
        with self.redis.client() as client:
            return int(client.hlen("unacked"))

    def age_unacked(self) -> None:
        """Make the broker believe that messages were taken a visibility timeout ago, so that it need not be waited."""
        with self.redis.client() as client:
            for tag in client.zrange("unacked_index", 0, -1):
                client.zincrby("unacked_index", -2.0 * broker.VISIBILITY_S, tag)

    def until(self, holds: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
        """Wait for a condition; when it does not come true, show what every worker was doing."""
        end = time.monotonic() + within_s
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {within_s:g} s\n{self.blocked()}")
            if self.tree is not None:
                self.tree.look()
            time.sleep(0.02)

    def finish(self, handle: Handle, within_s: float = WITHIN_S) -> Result:
        """Wait for the end of a deployment; when it does not come, show what every worker was doing."""
        last: list[Result] = []

        def ended() -> bool:
            with contextlib.suppress(BrokerLost, NotFound):
                last[:] = [handle.status()]
            return bool(last) and last[0].status.final

        self.until(ended, f"the end of {handle.id}", within_s)
        return last[0]

    def check_hosts(self) -> None:
        """Nothing of ours may run on a host or lie there unfinished once all is over."""
        end = time.monotonic() + 5
        alive = [host for host in self.hosts if host.alive]
        while left := {host.name: found for host in alive if (found := truth.leftovers(host))}:
            assert time.monotonic() < end, left
            time.sleep(0.1)

    def blocked(self) -> str:
        """The stacks of all threads of all workers (this ends them) and the last lines of each log."""
        processes: list[Any] = [worker.process for worker in self.site.workers]
        processes += [child.process for child in (self.tree.children if self.tree else []) if child.name != "redis"]
        for process in processes:
            if process is not None:
                process.send_signal(signal.SIGABRT)
                process.wait(5)
        return "\n".join(_tail(path) for path in sorted(self.site.folder.rglob("*.log")))


def _tail(path: Path) -> str:
    text = path.read_text(errors="replace").splitlines()
    return "\n".join([f"--- {path.name}", *text[-_LOG_TAIL:]])
