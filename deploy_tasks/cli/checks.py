"""What `doctor` looks at."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from redis.exceptions import RedisError

from deploy_tasks import __version__, broker, fleet
from deploy_tasks.cli import units
from deploy_tasks.compiler.toolchain import find_toolchain
from deploy_tasks.errors import BrokerLost
from deploy_tasks.settings import settings

_SCARCE = 500_000_000
_ANSWER_S = 5.0
_ROLES = {broker.CONTROL: "control", broker.BUILD: "build", broker.PUSH: "push", broker.URGENT: "undo"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: `ok`, a `note` (works, but), or a `problem`; and the next command."""

    mark: Literal["ok", "note", "problem"]
    subject: str
    text: str
    hint: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def _program() -> Iterator[Finding]:
    yield Finding("ok", "program", f"deploy-tasks {__version__}, Python {platform.python_version()}")


def _toolchain() -> Iterator[Finding]:
    yield Finding("ok", "toolchain", str(find_toolchain().go))


def _folders() -> Iterator[Finding]:
    current = settings()
    places = {"cache": current.cache}
    if current.redis_url is None:
        places["state"] = current.state_dir  # the embedded Redis lies there
    if "://" not in current.store:
        places["store"] = Path(current.store)
    for subject, folder in places.items():
        yield _folder(subject, folder)


def _folder(subject: str, folder: Path) -> Finding:
    if not _writable(folder):
        return Finding("problem", subject, f"{folder} cannot be written", "deploy-tasks settings names its variable")
    free = shutil.disk_usage(folder).free
    if free < _SCARCE:
        return Finding("note", subject, f"{folder} has only {units.size(free)} left")
    return Finding("ok", subject, f"{folder}, {units.size(free)} free")


def _writable(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.access(folder, os.W_OK)


def _broker() -> Iterator[Finding]:
    current = settings()
    try:
        with broker.connect(broker.redis_url(current), patience=0) as client:
            version = client.info("server").get("redis_version")
    except (RedisError, BrokerLost) as error:
        if current.redis_url is not None:
            yield Finding(
                "problem", "redis", f"does not answer: {error}", "start it, or correct DEPLOY_TASKS_REDIS_URL"
            )
        else:
            yield Finding("ok", "redis", "none runs; deploy starts an embedded one with workers for each deployment")
        return
    yield Finding("ok", "redis", f"{version} answers")
    yield from _workers()


def _workers() -> Iterator[Finding]:
    """A message through every queue: a living process alone proves nothing."""
    from workers.health import check

    for queue in check(settings(), timeout_s=_ANSWER_S):
        role = _ROLES[queue.queue]
        if queue.ok:
            waiting = f", {units.count(queue.waiting, 'message')} waiting" if queue.waiting else ""
            yield Finding("ok", "workers", f"{role}: answered after {units.seconds(queue.seconds or 0)}{waiting}")
        else:
            yield Finding("problem", "workers", f"{role}: none answers", f"deploy-tasks worker --role {role}")


def _ssh() -> Iterator[Finding]:
    current = settings()
    known = current.known_hosts or Path("~/.ssh/known_hosts").expanduser()
    if known.is_file():
        yield Finding("ok", "host keys", str(known))
    else:
        yield Finding(
            "note", "host keys", f"{known} does not exist", "ssh-keyscan HOST >> known_hosts, after comparing"
        )
    agent = current.use_agent and bool(os.environ.get("SSH_AUTH_SOCK"))
    login = [str(current.key_file)] if current.key_file else []
    login += ["SSH agent"] if agent else []
    if login:
        yield Finding("ok", "login", ", ".join(login))
    else:
        yield Finding("note", "login", "no key by default: inventories must name ansible_ssh_private_key_file")


def _fleet() -> Iterator[Finding]:
    lack = fleet.missing()
    if lack:
        yield Finding("note", "local fleet", lack)
    else:
        kind = "own file systems" if fleet.isolation() else "hosts share this machine's files (no root rights)"
        yield Finding("ok", "local fleet", kind)


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "program": _program,
    "toolchain": _toolchain,
    "state": _folders,
    "redis": _broker,
    "host keys": _ssh,
    "local fleet": _fleet,
}
