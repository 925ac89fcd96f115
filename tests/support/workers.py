"""Real Celery workers for the tests: each in a process group of its own, awaited by event, ended by that group."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.producer import Producer
from deploy_tasks.settings import Settings, load
from tests.support.compiler import site_cache
from tests.support.redis import RedisProcess, free_port
from workers.forks import Forked, Server

ROOT = Path(__file__).resolve().parents[2]
READY_S = 40.0


@cache
def forking() -> Server:
    """What forks the workers of this process of tests."""
    return Server({**os.environ, "PYTHONPATH": str(ROOT)})


@dataclass
class WorkerProcess:
    """One worker of one role."""

    role: str
    environment: dict[str, str]
    log: Path
    module: str = "workers.run"
    process: Forked | None = None
    pipe: int = -1

    def start(self) -> None:
        """Start it; `await_ready` waits."""
        self.pipe, write = os.pipe()
        with self.log.open("ab") as output:
            self.process = forking().start(self.module, [self.role], output.fileno(), write, self.environment)
        os.close(write)

    def await_ready(self) -> None:
        """Wait until it takes work."""
        readable, _, _ = select.select([self.pipe], [], [], READY_S)
        told = os.read(self.pipe, 16) if readable else b""
        os.close(self.pipe)
        assert told == b"ready\n", f"{self.role} is not ready:\n{self.log.read_text()}"

    @property
    def pid(self) -> int:
        """The pid of the worker, and of its group."""
        assert self.process is not None
        return self.process.pid

    def signal(self, number: int) -> None:
        """Send a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """SIGKILL the whole group and wait for its end."""
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@dataclass
class Site:
    """A Redis, a state folder and workers: everything a deployment needs."""

    redis: RedisProcess
    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    workers: list[WorkerProcess] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The settings all of it shares."""
        return load(redis_url=self.redis.url, state_dir=self.folder / "state", cache_dir=site_cache(), **self.options)

    @property
    def producer(self) -> Producer:
        """A producer with connections of its own."""
        return Producer(self.settings)

    def environment(self) -> dict[str, str]:
        """What worker processes are started with."""
        given = {
            "REDIS_URL": self.redis.url,
            "STATE_DIR": str(self.folder / "state"),
            "CACHE_DIR": str(site_cache()),
            **{name.upper(): str(value) for name, value in self.options.items()},
        }
        return {
            **os.environ,
            **{f"DEPLOY_TASKS_{name}": value for name, value in given.items()},
            "PYTHONPATH": str(ROOT),
        }

    def start(
        self, *roles: str, module: str = "workers.run", environment: Mapping[str, object] | None = None
    ) -> list[WorkerProcess]:
        """Start workers of these roles (default: one of each) and wait until all take work. `module` is what is run
        in place of the ordinary worker, `environment` what it gets besides."""
        chosen = roles or ("control", "build", "push", "undo")
        begun = [self._begin(role, module, environment or {}) for role in chosen]
        for worker in begun:
            worker.await_ready()
        return begun

    def _begin(self, role: str, module: str, more: Mapping[str, object]) -> WorkerProcess:
        environment = self.environment() | {name: str(value) for name, value in more.items()}
        worker = WorkerProcess(role, environment, self.folder / f"{role}-{len(self.workers)}.log", module)
        worker.start()
        self.workers.append(worker)
        return worker

    def revive(self) -> None:
        """Start again what ended by itself, as the supervisor does."""
        for worker in self.workers:
            if worker.process is not None and worker.process.poll() is not None:
                worker.start()
                worker.await_ready()

    def logs(self) -> str:
        """What all workers logged."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            worker.kill()


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(own_redis: RedisProcess, tmp_path: Path) -> Iterator[MakeSite]:
    """Make a site of the test's own: `make_site(lease_s=2)`."""
    made: list[Site] = []

    def make(**options: Any) -> Site:
        folder = tmp_path / f"site{len(made)}"
        folder.mkdir()
        made.append(Site(own_redis, folder, options))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with one worker of each role for the whole session. Its Redis must not be emptied by the test."""
    folder = tmp_path_factory.mktemp("site")
    server = RedisProcess(folder / "redis", free_port())
    server.start()
    made = Site(server, folder, {"lease_s": 2})
    made.start()
    yield made
    made.close()
    server.kill()


def local_hosts(folder: Path, count: int, prefix: str = "host", **variables: Any) -> Path:
    """An inventory of hosts that are folders of this machine, each with a state folder of its own."""
    lines = []
    for number in range(count):
        home = folder / f"{prefix}{number}"
        home.mkdir(parents=True, exist_ok=True)
        extra = " ".join(f"{name}={value}" for name, value in variables.items())
        lines.append(
            f"{prefix}{number} ansible_connection=local deploy_tasks_state_dir={home}/state home={home} {extra}".strip()
        )
    path = folder / f"{prefix}s.ini"
    path.write_text("\n".join(["[all]", *lines]) + "\n")
    return path


def plan(*tasks: dict[str, Any], name: str = "site") -> dict[str, Any]:
    """A plan in rustle-deploy's form with these tasks."""
    numbered = [{"id": f"t{number}", "name": f"task {number}", **task} for number, task in enumerate(tasks)]
    return {"metadata": {"version": "1", "plan_id": name}, "tasks": numbered}


def write(content: str, path: str = "{{ home }}/out.txt") -> dict[str, Any]:
    """A task that writes a file below the host's folder."""
    return {"module": "copy", "args": {"content": content, "dest": path}}


def shell(command: str, **more: Any) -> dict[str, Any]:
    """A task that runs a shell command."""
    return {"module": "shell", "args": {"_raw_params": command}, **more}


def await_until(holds: Callable[[], object], timeout_s: float = 30.0, what: str = "it") -> None:
    """Wait for a condition outside of our control (another process); fails after `timeout_s`."""
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until, f"{what} did not happen within {timeout_s:g} s"
        time.sleep(0.02)


def states(hosts: Sequence[str], result: Any) -> list[str]:
    """The states of these hosts."""
    return [result.hosts[host].status.value for host in hosts]
