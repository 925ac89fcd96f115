"""Files of hosts on their way to whoever deploys.

A worker keeps the bytes in the store, and a note of them as a record of the deployment. Then it asks whoever follows
the deployment where it was asked for (`receiving`), by a list in Redis, to put the file in place, and waits for the
answer. What is in place leaves the store; what nobody was there to take stays, until it is asked for.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from redis import Redis

from deploy_tasks.errors import StoreError
from deploy_tasks.rollout import keys
from deploy_tasks.store import Missing, Store

#: Random bytes before the content: no two blobs are the same, so that each can be removed with its note.
HEADER = 32
#: Seconds for which a receiver that says nothing still counts as there.
PRESENT_S = 15
_EXPIRE_S = 3600
_FOLDER = "fetched"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Note:
    """One file in the store. `src`, `dest` and `flat` are the host's words, `place` is what they come to (see
    `plan.fetched.place`); `checksum` is SHA-1, as Ansible tells it; `blob` names it in the store; `at` is milliseconds
    of Redis's clock."""

    name: str
    host: str
    task: str
    src: str
    dest: str
    flat: bool
    place: str
    size: int
    checksum: str
    md5sum: str | None
    blob: str
    at: int


def keep(store: Store, deployment: str, note: Note) -> None:
    """Write a note. Raises `StoreError`."""
    store.put_record(_record(deployment, note.name), json.dumps(asdict(note)).encode())


def note(store: Store, deployment: str, name: str) -> Note:
    """One note. Raises `StoreError` when it is not there or cannot be read."""
    try:
        return Note(**json.loads(store.get_record(_record(deployment, name))))
    except (TypeError, ValueError) as error:
        raise StoreError(f"the note of the fetched file {name} cannot be read: {error}") from None


def notes(store: Store, deployment: str) -> list[Note]:
    """What the store holds of a deployment, the oldest first. Raises `StoreError`."""
    return sorted(_there(store, deployment), key=lambda each: (each.at, each.name))


def _there(store: Store, deployment: str) -> Iterator[Note]:
    folder = _record(deployment, "")
    for name in store.list_records(folder):
        with contextlib.suppress(Missing):  # a worker may just have forgotten it
            yield note(store, deployment, name.removeprefix(folder))


def forget(store: Store, deployment: str, note: Note) -> None:
    """Remove a file and its note. Raises `StoreError`."""
    store.delete_record(_record(deployment, note.name))
    store.delete(note.blob)


def forget_old(store: Store, before_ms: int, spared: Collection[str]) -> int:
    """Remove what was handed over before that time and nobody has taken, but of the deployments that are `spared`; how
    many files went. Raises `StoreError`."""
    gone = 0
    for path in store.list_records(f"{_FOLDER}/"):
        _, deployment, name = path.split("/")
        with contextlib.suppress(Missing):
            if deployment not in spared and (found := note(store, deployment, name)).at < before_ms:
                forget(store, deployment, found)
                gone += 1
    return gone


def content(store: Store, note: Note, target: IO[bytes], alive: Callable[[], None] = lambda: None) -> None:
    """Write a file's bytes to `target`; `alive` is called again and again. Raises `StoreError`, `OSError`."""
    with Path(store.get(note.blob)).open("rb") as stream:
        stream.seek(HEADER)
        while piece := stream.read(_CHUNK):
            target.write(piece)
            alive()


def put_in_place(
    redis: Redis, deployment: str, message: Mapping[str, Any], stopped: Callable[[], bool]
) -> dict[str, Any] | None:
    """Ask the receiver; its answer, or None when there is none, or none any more. Raises `RedisError`.

    Whoever took the message may be gone, or have lost Redis with its answer, while another follows: then the message is
    neither waiting nor in anybody's hands, and no answer comes.
    """
    there, mail, number = keys.receiver(deployment), keys.mail(deployment), secrets.token_hex(8)
    if not redis.exists(there):
        return None
    line = json.dumps({**message, "reply": number})
    with redis.pipeline() as pipe:
        pipe.rpush(mail, line)
        pipe.expire(mail, _EXPIRE_S)
        pipe.execute()
    heard = time.monotonic()
    while not stopped():
        found: Any = redis.blpop([keys.reply(deployment, number)], timeout=1)
        if found:
            answer: dict[str, Any] = json.loads(found[1])
            return answer
        if not redis.exists(there):
            break
        if redis.exists(keys.taken(deployment, number)) or redis.lpos(mail, line) is not None:
            heard = time.monotonic()
        elif time.monotonic() - heard > PRESENT_S:
            break
    redis.lrem(mail, 1, line)
    return None


def take_mail(redis: Redis, deployment: str) -> dict[str, Any] | None:
    """What a worker asks of the receiver, nothing when it asks nothing for a second; says that the receiver is there.

    Raises `RedisError`.
    """
    say_present(redis, deployment)
    found: Any = redis.blpop([keys.mail(deployment)], timeout=1)
    if not found:
        return None
    message: dict[str, Any] = json.loads(found[1])
    if message:
        say_busy(redis, deployment, message)
    return message


def say_present(redis: Redis, deployment: str) -> None:
    """Say that the receiver is there. Raises `RedisError`."""
    redis.set(keys.receiver(deployment), "here", ex=PRESENT_S)


def say_busy(redis: Redis, deployment: str, message: Mapping[str, Any]) -> None:
    """Say that the receiver is there, and busy with this message. Raises `RedisError`."""
    say_present(redis, deployment)
    redis.set(keys.taken(deployment, str(message.get("reply"))), "here", ex=PRESENT_S)


def answer_mail(redis: Redis, deployment: str, message: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Answer what a worker asked. Raises `RedisError`."""
    key = keys.reply(deployment, str(message.get("reply")))
    with redis.pipeline() as pipe:
        pipe.rpush(key, json.dumps(answer))
        pipe.expire(key, _EXPIRE_S)
        pipe.execute()


def wake(redis: Redis, deployment: str) -> None:
    """Have a receiver look up that waits for mail. Raises `RedisError`."""
    mail = keys.mail(deployment)
    with redis.pipeline() as pipe:
        pipe.rpush(mail, "{}")
        pipe.expire(mail, _EXPIRE_S)
        pipe.execute()


def leave(redis: Redis, deployment: str) -> None:
    """Say that the receiver is there no longer. Raises `RedisError`."""
    redis.delete(keys.receiver(deployment))


def _record(deployment: str, name: str) -> str:
    return f"{_FOLDER}/{deployment}/{name}"
