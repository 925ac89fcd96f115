"""Fetched files put in place on the machine that deploys, while it follows the deployment or afterwards.

Workers name the words of a host's task; the place is found here again, from the plan that was sent, so that neither a
host nor whoever can write to Redis chooses what is overwritten.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import RedisError

from deploy_tasks.errors import DeployError, StoreError
from deploy_tasks.plan.fetched import NoPlace
from deploy_tasks.rollout import fetched
from deploy_tasks.rollout.fetched import Note
from deploy_tasks.store import Missing, Store

if TYPE_CHECKING:
    from deploy_tasks.compiler.fetched_places import Places

log = logging.getLogger(__name__)
_PAUSE_S, _SIGN_S = 0.5, 2.0
_INTO_FOLDER = "dest is an existing directory, use a trailing slash if you want to fetch src into that directory"

FindPlaces = Callable[[str], "Places"]
"""The places of a host, by its name."""


class Receiver:
    """Puts the files of one deployment in place. `base` is the plan's folder, `places` finds those of a host."""

    def __init__(self, base: Path, places: FindPlaces) -> None:
        self._base = base.absolute()
        self._find = places
        self._known: dict[str, Places] = {}
        self._taken: dict[str, dict[str, Any]] = {}  # name of a note to its answer
        self._latest: dict[Path, int] = {}  # when what lies there now was handed over

    @contextlib.contextmanager
    def at_work(self, redis: Redis, store: Store, deployment: str) -> Iterator[None]:
        """Take what workers bring during the block; at its end also what they have kept before or meanwhile."""
        over = threading.Event()
        thread = threading.Thread(
            target=self._work, args=(redis, store, deployment, over), name=f"receive {deployment}", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            over.set()
            with contextlib.suppress(RedisError, OSError):
                fetched.wake(redis, deployment)
            thread.join()
        self.collect(store, deployment)

    def collect(self, store: Store, deployment: str) -> None:
        """Put in place what the store still has, the oldest first. What cannot be put there stays, and is told."""
        try:
            for note in fetched.notes(store, deployment):
                answer = self._told(partial(self._take, store, deployment, note.name, lambda: None, kept=True))
                if "failed" in answer:
                    log.warning("%s: %s of %s: %s", deployment, note.src, note.host, answer["failed"])
        except StoreError as error:
            log.warning("%s: fetched files that are left in the store: %s", deployment, error)

    def _work(self, redis: Redis, store: Store, deployment: str, over: threading.Event) -> None:
        while not over.is_set():
            try:
                message = fetched.take_mail(redis, deployment)
                if message:
                    sign = _Sign(redis, deployment, message)
                    answer = self._answered(store, deployment, message, sign.give)
                    fetched.answer_mail(redis, deployment, message, answer)
            except (RedisError, OSError, ValueError) as error:
                log.warning("%s: fetched files wait for Redis (%s)", deployment, error)
                over.wait(_PAUSE_S)
        with contextlib.suppress(RedisError, OSError):
            fetched.leave(redis, deployment)

    def _answered(
        self, store: Store, deployment: str, message: Mapping[str, Any], alive: Callable[[], None]
    ) -> dict[str, Any]:
        """What comes of one message."""
        if message.get("do") == "look":
            return self._told(lambda: self._look(message, alive))
        return self._told(lambda: self._take(store, deployment, str(message.get("note")), alive))

    def _told(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What goes wrong is a failure of the task: a worker that waits must be told, whatever broke."""
        try:
            return work()
        except (OSError, UnicodeError) as error:
            return {"failed": f"Failed to fetch the file: {error}"}
        except (NoPlace, DeployError, _NotThere) as error:
            return {"failed": str(error)}
        except (KeyError, TypeError) as error:
            return {"failed": f"what a worker asks cannot be read: {error}"}
        except Exception as error:
            log.exception("a fetched file cannot be put in place")
            return {"failed": f"internal error: {type(error).__name__}"}

    def _take(
        self, store: Store, deployment: str, name: str, alive: Callable[[], None], *, kept: bool = False
    ) -> dict[str, Any]:
        """Put a file in place and forget it, here and in the store. One that was `kept` replaces no later one."""
        try:
            note = fetched.note(store, deployment, name)
        except Missing:
            if name in self._taken:  # asked again, as the answer was lost
                return self._taken[name]
            raise
        path = self._path(note.host, note.task, note.dest, note.src, flat=note.flat)
        if not kept or note.at >= self._latest.get(path, 0):
            _write(path, lambda stream: fetched.content(store, note, stream, alive))
            self._latest[path] = note.at
        answer = {"changed": True, "dest": str(path), "checksum": note.checksum, "md5sum": note.md5sum}
        self._taken[name] = answer
        with contextlib.suppress(StoreError, OSError):
            fetched.forget(store, deployment, note)
        return answer

    def _look(self, asked: Mapping[str, Any], alive: Callable[[], None]) -> dict[str, Any]:
        """Whether a file has to be brought: not when the one in its place has that checksum."""
        flat = asked.get("flat") is True
        path = self._path(str(asked["host"]), str(asked["task"]), str(asked["dest"]), str(asked["src"]), flat=flat)
        if not path.is_file():
            return {"send": True, "dest": str(path)}
        checksum, md5sum = _sums(path, alive)
        if checksum != asked.get("checksum"):
            return {"send": True, "dest": str(path)}
        return {"changed": False, "dest": str(path), "checksum": checksum, "md5sum": md5sum}

    def _path(self, host: str, task: str, dest: str, src: str, *, flat: bool) -> Path:
        """The file's path here. Raises `NoPlace` and `_NotThere`."""
        from deploy_tasks.compiler.fetched_places import Refused

        if host not in self._known:
            self._known[host] = self._find(host)
        try:
            place = self._known[host].find(task, dest, src, flat=flat)
        except Refused as error:
            raise _NotThere(str(error)) from None
        path = Path(os.path.normpath(self._base / os.path.expanduser(place)))
        if flat and path.is_dir():
            calculated = os.path.join(dest, os.path.basename(src))
            raise _NotThere(
                f"calculated dest '{calculated}' is an existing directory, use another path that does not point to an "
                "existing directory"
                if dest.endswith("/")
                else _INTO_FOLDER
            )
        return path


class _NotThere(Exception):
    """Why a file is not put where the task says."""


class _Sign:
    """Signs of life of a receiver that is busy with a message."""

    def __init__(self, redis: Redis, deployment: str, message: Mapping[str, Any]) -> None:
        self._redis, self._deployment, self._message, self._last = redis, deployment, message, time.monotonic()

    def give(self) -> None:
        """Say that we are there, unless that was said just now. A Redis that is away is no reason to stop writing."""
        if time.monotonic() - self._last > _SIGN_S:
            self._last = time.monotonic()
            with contextlib.suppress(RedisError):
                fetched.say_busy(self._redis, self._deployment, self._message)


def _sums(path: Path, alive: Callable[[], None]) -> tuple[str, str]:
    sums = [hashlib.new(name, usedforsecurity=False) for name in ("sha1", "md5")]
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            for each in sums:
                each.update(piece)
            alive()
    return sums[0].hexdigest(), sums[1].hexdigest()


def save_below(store: Store, note: Note, folder: Path) -> Path:
    """Write a file that the store has below a folder, whatever its place; its path. Raises `StoreError`, `OSError`."""
    inner = [part for part in note.place.split("/") if part not in ("", ".", "..", "~")]
    path = folder.absolute().joinpath(*inner)
    _write(path, lambda stream: fetched.content(store, note, stream))
    return path


def _write(path: Path, fill: Callable[[Any], None]) -> None:
    """Write a file whole or not at all. One that is there keeps its mode; a link stays, what it leads to is written.

    Raises `OSError`.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    try:
        # The user's mask decides about a new file, as with any other program.
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(stream.fileno(), stat.S_IMODE(path.stat().st_mode))
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
