"""The module `fetch` from the worker's side: a file of a host, piece by piece, checked, and on to whoever deploys.

A host says which file it has and what the task's `dest` is for it; where that may be is the plan's to say
(`compiler/fetched_places.py`). Its pieces go into a private file, which is gone with the conversation.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import logging
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from deploy_tasks.compiler import host_variables
from deploy_tasks.compiler.fetched_places import Places, Refused
from deploy_tasks.plan.fetched import NoPlace
from deploy_tasks.rollout import fetched, keys
from deploy_tasks.rollout.fetched import HEADER, Note
from deploy_tasks.rollout.views import Grant
from deploy_tasks.store.files import make_folder
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.delegated import tag
from deploy_tasks.tasks.material import Material
from deploy_tasks.transport import BadOutput

log = logging.getLogger(__name__)
#: How many files a host hands over in one conversation, and bytes of one piece.
MAX_FILES, MAX_PIECE = 10_000, 1 << 20
_LONGEST = 4096
_PAUSE_S, _STALE_S = 0.5, 86400.0
_RUN, _SHA1, _SHA256 = re.compile(r"[0-9a-f]{1,32}"), re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Offer:
    """What a host says of a file."""

    task: str
    src: str
    dest: str
    flat: bool
    size: int
    checksum: str


@dataclass
class Upload:
    """A file that is arriving: what was said of it, where it goes, and what has come so far."""

    name: str
    offer: Offer
    place: str
    path: Path
    size: int = 0
    sums: dict[str, Any] = field(default_factory=dict)

    def add(self, piece: bytes) -> None:
        """Add to the end. Raises `OSError`."""
        with self.path.open("ab") as stream:
            stream.write(piece)
        for each in self.sums.values():
            each.update(piece)
        self.size += len(piece)

    def sum(self, name: str) -> str:
        """A checksum of what has come, in hex."""
        return str(self.sums[name].hexdigest())


class Fetching:
    """The files of one host in one conversation. `wait` waits for so many seconds, and is true when that is over."""

    def __init__(
        self,
        here: Context,
        deployment: Material,
        grant: Grant,
        wait: Callable[[float], bool],
        stopped: Callable[[], bool],
    ) -> None:
        self._here, self._deployment, self._grant = here, deployment, grant
        self._wait, self._stopped = wait, stopped
        self._lock = threading.Lock()
        self._places: Places | None = None
        self._open: dict[str, Upload] = {}
        self._left: int | None = None  # until it is known what conversations before this one have brought
        self._files = 0

    def close(self) -> None:
        """Throw away what has not arrived."""
        for name in list(self._open):
            self._drop(name)

    def offer(self, question: Fields) -> Callable[[], Fields]:
        """What is said of a file is read now; the answer, which takes its time, is whether it is to be sent.

        Raises `BadOutput` for what no program says.
        """
        offer, name = _offer(question), self._name(question)
        return lambda: self._lasting(lambda: self._offered(name, offer))

    def piece(self, question: Fields) -> Fields:
        """Take one piece in. Raises `BadOutput`."""
        upload = self._open.get(str(question.get("upload")))
        if upload is None:
            return {"again": True}
        try:
            piece = base64.b64decode(str(question.get("data")), validate=True)
        except (ValueError, binascii.Error):
            raise BadOutput(f"it sends a piece of {upload.offer.src[:80]!r} that is no base64") from None
        if question.get("at") != upload.size or not 0 < len(piece) <= min(MAX_PIECE, upload.offer.size - upload.size):
            raise BadOutput(f"it sends {len(piece)} bytes of {upload.offer.src[:80]!r} that it has not announced")
        try:
            upload.add(piece)
        except OSError as error:
            return {"error": f"the worker cannot keep the file: {error.strerror}"}
        return {}

    def end(self, question: Fields) -> Callable[[], Fields]:
        """The file is complete; the answer says what became of it. Raises `BadOutput`."""
        name, told, strict = str(question.get("upload")), question.get("sha256"), question.get("validate") is not False
        if not isinstance(told, str) or not _SHA256.fullmatch(told):
            raise BadOutput("it ends a file without its checksum")
        return lambda: self._lasting(lambda: self._ended(name, told, strict))

    def _lasting(self, work: Callable[[], Fields]) -> Fields:
        """Work that waits for a Redis which is away."""
        while True:
            try:
                return work()
            except RedisError as error:
                log.warning("%s: a file of %s waits for Redis (%s)", self._grant.deployment, self._grant.host, error)
            if self._wait(_PAUSE_S):
                return {"error": "the conversation is over"}

    def _name(self, question: Fields) -> str:
        """What names a file in the deployment: the same when a question comes again by another worker."""
        run, number = question.get("run"), question.get("id")
        if not isinstance(run, str) or not _RUN.fullmatch(run) or not isinstance(number, int):
            raise BadOutput(f"it offers a file in the run {run!r:.40}")
        return f"{tag(self._grant.host)}.{run}.{number}"

    def _offered(self, name: str, offer: Offer) -> Fields:
        try:
            place = self._find(offer)
        except (Refused, NoPlace) as error:
            log.warning("%s: %s hands over a file that has no place", self._grant.deployment, self._grant.host)
            return {"failed": str(error)}
        message = {"do": "look", "host": self._grant.host, "task": offer.task, "dest": offer.dest, "src": offer.src}
        there = self._put({**message, "flat": offer.flat, "checksum": offer.checksum})
        if there is not None and "send" not in there:
            return there
        if (why := self._too_much(offer)) is not None:
            return {"failed": why}
        self._drop(name)
        self._open[name] = Upload(name, offer, place, self._draft(), sums=_sums())
        return {"upload": name}

    def _find(self, offer: Offer) -> str:
        with self._lock:
            if self._places is None:
                about = self._deployment
                host = host_variables(about.host(self._grant.host), about.inventory)
                self._places = Places(about.document(self._here.store), host, about.lowered_extra)
            return self._places.find(offer.task, offer.dest, offer.src, flat=offer.flat)

    def _too_much(self, offer: Offer) -> str | None:
        """Why no more is taken from this host, if so; what is taken is counted. Raises `RedisError`."""
        with self._lock:
            limit = int(self._here.settings.fetch_limit_mb * 1e6)
            left = self._recalled(limit) if self._left is None else self._left
            if offer.size > left:
                return (
                    f"{offer.src} has {offer.size} bytes, and {limit - left} were fetched from this host before: "
                    f"a deployment takes at most {limit} from one host (DEPLOY_TASKS_FETCH_LIMIT_MB)"
                )
            if self._files >= MAX_FILES:
                return f"{offer.src}: a deployment takes at most {MAX_FILES} files from one host"
            self._left = left - offer.size
            self._files += 1
        return None

    def _recalled(self, limit: int) -> int:
        """How many bytes are left of the limit, after what earlier conversations have brought."""
        names = [self._count("bytes"), self._count("files")]
        size, files = self._here.redis.hmget(keys.fetched(self._grant.deployment), names)
        self._files = int(files or 0)
        return limit - int(size or 0)

    def _count(self, what: str) -> str:
        return f"{tag(self._grant.host)} {what}"  # no name of a file has a space

    def _draft(self) -> Path:
        """A private file, which begins as blobs of fetched files do. What killed workers have left is removed."""
        folder = self._here.settings.state_dir / "fetching"
        make_folder(folder)
        for old in folder.iterdir():
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > _STALE_S:
                    old.unlink()
        descriptor, path = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(os.urandom(HEADER))
        return Path(path)

    def _ended(self, name: str, told: str, strict: bool) -> Fields:
        upload = self._open.get(name)
        if upload is None:
            known = self._here.redis.hget(keys.fetched(self._grant.deployment), name)
            return {"again": True} if known is None else dict(json.loads(str(known)))
        if upload.sum("sha256") != told:
            answer: Fields = {"failed": f"{upload.offer.src} was damaged on its way"}
        else:
            answer = self._arrived(upload, strict)
        self._remember(name, answer, 0 if "failed" in answer else upload.size)
        self._drop(name)
        return answer

    def _drop(self, name: str) -> None:
        if (upload := self._open.pop(name, None)) is not None:
            upload.path.unlink(missing_ok=True)

    def _arrived(self, upload: Upload, strict: bool) -> Fields:
        """Pass a file on, or keep it when nobody is there to take it."""
        said = {"dest": upload.place, "checksum": upload.sum("sha1"), "md5sum": upload.sum("md5")}
        if strict and said["checksum"] != upload.offer.checksum:
            return {**said, "failed": "checksum mismatch"}
        offer, store, deployment = upload.offer, self._here.store, self._grant.deployment
        note = Note(
            name=upload.name,
            host=self._grant.host,
            task=offer.task,
            src=offer.src,
            dest=offer.dest,
            flat=offer.flat,
            place=upload.place,
            size=upload.size,
            checksum=upload.sum("sha1"),
            md5sum=upload.sum("md5"),
            blob=store.put(upload.path),
            at=self._here.ledger.now_ms(),
        )
        fetched.keep(store, deployment, note)
        answer = self._put({"do": "take", "note": note.name})
        if answer is None:
            return {**said, "changed": True}
        fetched.forget(store, deployment, note)
        return answer

    def _put(self, message: Fields) -> dict[str, Any] | None:
        return fetched.put_in_place(self._here.redis, self._grant.deployment, message, self._stopped)

    def _remember(self, name: str, answer: Fields, size: int) -> None:
        """Keep an answer for a worker that is asked again, and how much has come."""
        key = keys.fetched(self._grant.deployment)
        with self._here.redis.pipeline() as pipe:
            pipe.hset(key, name, json.dumps(answer))
            pipe.hincrby(key, self._count("bytes"), size)
            pipe.hincrby(key, self._count("files"), 1)
            pipe.expire(key, self._deployment.lifetime_s)
            pipe.execute()


def _sums() -> dict[str, Any]:
    return {name: hashlib.new(name, usedforsecurity=False) for name in ("sha1", "md5", "sha256")}


def _offer(question: Fields) -> Offer:
    texts = [question.get(name) for name in ("src", "dest", "checksum")]
    size, flat = question.get("size"), question.get("flat")
    if not all(isinstance(text, str) and len(text) <= _LONGEST for text in texts) or not isinstance(flat, bool):
        raise BadOutput("it offers a file without saying which, and where it goes")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0 or not _SHA1.fullmatch(str(texts[2])):
        raise BadOutput(f"it offers {str(texts[0])[:80]!r} without its size and checksum")
    return Offer(str(question.get("task")), str(texts[0]), str(texts[1]), flat, size, str(texts[2]))
