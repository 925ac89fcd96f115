"""A host that restarts in the middle of its run: what the ledger knows of it, and waiting until it is worth asking the
host again to go on.

The host says so before it does anything, and goes on only when that is noted. So whoever is sent to the host next, as
the worker died meanwhile, knows that it is away for a reason.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from redis.exceptions import RedisError

from deploy_tasks import transport
from deploy_tasks.errors import DeployError
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.pulse import Held
from deploy_tasks.tasks.context import Context

log = logging.getLogger(__name__)
STATUS = "restarting"
FORGOTTEN = (
    "after its restart the host begins from the start: what the run had left there is gone. It is not restarted again; "
    "deploy_tasks_state_dir has to be a folder that a restart leaves alone"
)
LOCAL = "Running reboot with local connection would reboot the control node."
_FIRST_AWAY = "last boot time check"
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.3, 4.0
_LONGEST_S, _USUAL_S = 1_000_000, 600
_TEXT = 200

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """What the host says of its restart, and when (milliseconds of Redis's clock). `timeout_s` is for each of the
    things that are waited for, `connect_timeout_s` 0 the worker's own. `times` is how often it has said so and not come
    back: twice is a run that was cut off between saying it and doing it."""

    task: str
    name: str
    timeout_s: int
    delay_s: int
    connect_timeout_s: int
    at: int = 0
    times: int = 1

    @classmethod
    def of(cls, question: Fields) -> Note | None:
        """From what a host sent; None when it is not what it should be."""
        numbers = [question.get(name) for name in ("timeout", "delay", "connect_timeout")]
        task, name = question.get("task"), question.get("name")
        if not (isinstance(task, str) and isinstance(name, str)):
            return None
        found = [min(number, _LONGEST_S) for number in numbers if type(number) is int and number > -_LONGEST_S]
        return cls(task, name[:_TEXT], *found) if len(found) == len(numbers) else None


class RestartTimeout(transport.TransportError):
    """The host did not come back in time; `task` restarted it."""

    def __init__(self, host: str, note: Note, away: str) -> None:
        message = f"Timed out waiting for {away} (timeout={note.timeout_s})"
        super().__init__(host, "running", message, hint="a longer reboot_timeout, if it needs it", touched=True)
        self.task = note.name


class Forgotten(DeployError):
    """The host has restarted and knows nothing of it: it would do so again and again."""


class Restart:
    """One host's restart, from the side of the worker that has the host now. `learn` reads what a worker before has
    noted."""

    def __init__(self, here: Context, held: Held, endpoint: transport.Endpoint, lifetime_s: int) -> None:
        self._here, self._held, self._endpoint, self._lifetime_s = here, held, endpoint, lifetime_s
        self._note: Note | None = None
        self._began = self._since = 0.0
        self._away, self._over = _FIRST_AWAY, ""
        self._delayed, self._pause_s = False, _FIRST_PAUSE_S
        self._gone = False  # the host has left what it goes on with, and ended its run

    @property
    def pending(self) -> bool:
        """Whether the host is away, or may be."""
        return self._note is not None

    @property
    def local(self) -> bool:
        """Whether the host is the worker's own machine."""
        return self._endpoint.connection == "local"

    def learn(self) -> None:
        """Take over what the ledger knows."""
        try:
            raw = self._here.redis.hget(self._key, self._held.grant.host)
        except RedisError as error:
            log.warning("%s: whether %s restarts is not known (%s)", self._deployment, self._held.grant.host, error)
            return
        if raw:
            note = Note(**json.loads(raw))
            self._take(note, max((self._now() - note.at) / 1000, 0.0))

    def note(self, note: Note) -> None:
        """The host is about to restart: the ledger knows when this returns. Raises `RedisError`, `Forgotten`."""
        before = self._note
        again = before.times if before is not None and before.task == note.task else 0
        if again and (self._gone or again > 1):
            raise Forgotten(FORGOTTEN)
        noted = replace(note, at=self._now(), times=again + 1)
        self._here.redis.hset(self._key, self._held.grant.host, json.dumps(asdict(noted), separators=(",", ":")))
        self._here.redis.expire(self._key, self._lifetime_s)
        self._take(noted, 0.0)

    def forget(self) -> None:
        """The host is back, or did not restart. Raises `RedisError`."""
        if self._note is not None:
            self._here.redis.hdel(self._key, self._held.grant.host)
            self._note = None
        self._gone = False

    def over(self) -> None:
        """The conversation has come to its end. What Redis does not hear now expires."""
        try:
            self.forget()
        except RedisError as error:
            log.warning("%s: that %s is back cannot be noted (%s)", self._deployment, self._held.grant.host, error)

    def request(self) -> dict[str, Any]:
        """What the host is told when it is asked to go on."""
        if self._note is None:
            return {}
        told = {"waited_s": round(time.monotonic() - self._began, 3)}
        return {"restarted": told | ({"over": self._over} if self._over else {})}

    def said(self, away: object) -> None:
        """The host has answered that it is not there yet, and what is waited for. Raises `RestartTimeout`."""
        self._gone = True
        if isinstance(away, str) and away != self._away:
            self._away, self._over = away[:_TEXT], ""
            self._since, self._pause_s = time.monotonic(), _FIRST_PAUSE_S
        if self._note is None:
            self._take(Note("", "reboot", _USUAL_S, 0, 0), 0.0)  # Redis has lost what was noted
        elif self._over:
            raise self._timed_out(self._note)

    def explains(self, error: transport.TransportError) -> bool:
        """Whether that is what happens to the connection of a host that restarts. A login may be refused meanwhile."""
        refused = isinstance(error, transport.HostRefused) and error.reason == "busy"  # the run that goes down with it
        return self.pending and (error.retryable or refused or isinstance(error, transport.AuthRefused))

    def wait(self, until: Callable[[], float]) -> None:
        """Wait until it is worth asking the host again; `until` is the seconds there are at most.

        Raises `RestartTimeout` when the host does not come back, `DeadlineExceeded` when there is no more time.
        """
        note = self._note
        if note is None:
            return
        if not self._delayed:
            self._delayed = True
            self._sleep(min(max(note.delay_s, 0), until()))
            self._since = time.monotonic()
        while not self._held.cancelled():
            if self._over:
                raise self._timed_out(note)
            if until() <= 0:
                what = f"the deployment's time was over while the host restarted, waiting for {self._away}"
                raise transport.DeadlineExceeded(self._held.grant.host, "running", what, touched=True)
            self._sleep(min(self._pause_s, max(until(), 0.05)))
            self._pause_s = min(self._pause_s * 1.5, _LAST_PAUSE_S)
            if time.monotonic() - self._since >= note.timeout_s:
                self._over = self._away  # the host itself has the last word, if it can
            connect_s = (
                note.connect_timeout_s if note.connect_timeout_s > 0 else self._here.pool.options.connect_timeout_s
            )
            if transport.greets(self._endpoint, connect_s):
                return

    def _timed_out(self, note: Note) -> RestartTimeout:
        self.over()  # taking the host back does not wait as long again
        return RestartTimeout(self._held.grant.host, note, self._away)

    def _take(self, note: Note, age_s: float) -> None:
        self._note, self._away, self._over = note, _FIRST_AWAY, ""
        self._since = time.monotonic()
        self._began = self._since - age_s
        self._delayed, self._pause_s = age_s > 0, _FIRST_PAUSE_S

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._held.cancelled() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.5))

    def _now(self) -> int:
        seconds, micros = self._here.redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    @property
    def _deployment(self) -> str:
        return self._held.grant.deployment

    @property
    def _key(self) -> str:
        return keys.restarts(self._deployment)
