"""Everything on one machine as one process tree: Redis if none is given, a worker of every role, optionally Flower and
beat. Nothing of it outlives the process that started it, however that ends; whatever ends by itself is started again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from deploy_tasks.errors import BrokerLost, DeployError
from deploy_tasks.settings import Settings
from workers import flower, redis, roles
from workers.children import Child
from workers.forks import Server

log = logging.getLogger(__name__)
#: Seconds workers have for finishing what they do when told to stop. Hosts that are not done by then are
#: finished by the next worker: each keeps going and keeps its report.
GRACE_S = 20.0
_LOOK_S = 0.25


class Supervisor:
    """The tree. Use it as `with Supervisor(settings) as tree: tree.wait_ready(); …`, or call `run`.

    It must be used from one thread that lives as long as the tree: the kernel ends the children with that thread.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        only: Sequence[str] = (),
        with_flower: bool = False,
        with_beat: bool = False,
        log_dir: Path | None = None,
        grace_s: float = GRACE_S,
    ) -> None:
        self.settings = settings
        self._only = only
        self._with_flower = with_flower
        self._with_beat = with_beat
        self._log_dir = log_dir
        self._grace_s = grace_s
        self._stopping = False
        self._forks: Server | None = None
        self.children: list[Child] = []

    def start(self) -> None:
        """Start everything; returns when Redis answers, and `look` starts the workers as soon as what they need is
        loaded. Raises `BrokerLost` when Redis does not come up."""
        environment, names = self._environment(), self._names()
        if names and sys.platform == "linux":
            self._forks = Server(environment)
        if self.settings.redis_url is None:
            self._start_redis()
        for name in names:
            command = [sys.executable, "-m", "workers.run", name]
            log_file = self._log_dir / f"{name}.log" if self._log_dir else None
            self.children.append(Child(name, command, environment, log=log_file, forks=self._forks))
        if self._with_flower:
            self.children.append(flower.child(self.settings, environment, self._log_dir))
            self.children[-1].start()

    def _start_redis(self) -> None:
        server = redis.EmbeddedRedis(self.settings)
        if server.running():
            return
        child = Child("redis", server.configure(), dict(os.environ), tells_ready=False)
        self.children.append(child)
        child.start()
        assert isinstance(child.process, subprocess.Popen)
        server.wait(child.process)

    def _names(self) -> list[str]:
        names = [role.name for role in roles.all_roles(self.settings) if not self._only or role.name in self._only]
        return [*names, "beat"] if self._with_beat else names

    def _environment(self) -> dict[str, str]:
        """Ours, with the settings given to us, and with our own packages to be found."""
        given = {
            f"DEPLOY_TASKS_{name.upper()}": _text(getattr(self.settings, name))
            for name in self.settings.model_fields_set
            if getattr(self.settings, name) is not None
        }
        here = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
        return {**os.environ, **given, "PYTHONPATH": path}

    def wait_ready(self, timeout_s: float = 60.0) -> float:
        """Wait until every worker takes work; returns the seconds it took. Raises `DeployError` when one does not."""
        began = time.monotonic()
        self.look()
        while missing := [child for child in self.children if not child.ready]:
            left = timeout_s - (time.monotonic() - began)
            if left <= 0:
                raise DeployError(f"not ready after {timeout_s:g} s: {', '.join(child.name for child in missing)}")
            pipes = [child.pipe for child in missing if child.pipe is not None]
            select.select(pipes, [], [], min(left, _LOOK_S))
            for child in missing:
                child.hear()
            self.look()
        return time.monotonic() - began

    def look(self) -> None:
        """Start what does not run, or not any more."""
        now = time.monotonic()
        for child in self.children:
            status = child.look(now)
            if status is not None:
                log.warning("%s ended with %s; it is started again in %.1f s", child.name, status, child.retry_at - now)
                if child.ends > 5 and not any(other.ready for other in self.children if other is not child):
                    raise BrokerLost(f"{child.name} ends again and again", hint="its log says why")

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Keep the tree alive until SIGINT, SIGTERM, or `until()`."""
        with self._signals():
            self.look()
            while not self._stopping and not until():
                time.sleep(_LOOK_S)
                for child in self.children:
                    child.hear()
                self.look()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(_: int, __: FrameType | None) -> None:
            self._stopping = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Workers first, with time to finish; Redis last, after it wrote everything down."""
        workers = [child for child in self.children if child.name != "redis"]
        for child in workers:
            child.terminate()
        until = time.monotonic() + self._grace_s
        for child in workers:
            _wait(child, until)
            child.kill()
        for child in self.children:
            if child.name == "redis":
                child.terminate()
                _wait(child, time.monotonic() + self._grace_s)
                child.kill()
        self.children.clear()
        if self._forks is not None:
            self._forks.close()
            self._forks = None

    def __enter__(self) -> Supervisor:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _wait(child: Child, until: float) -> None:
    if child.process is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(until - time.monotonic(), 0.0))


def _text(value: object) -> str:
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal()) if reveal else str(value)
