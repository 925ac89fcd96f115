"""What the rest of the system calls: `push`, `undo`, `verify` and `ask`, each one session on one host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import paramiko

from deploy_tasks.transport import bootstrap
from deploy_tasks.transport.channel import ByteChannel, ChannelClosed
from deploy_tasks.transport.dialogue import (
    Answer,
    Caller,
    CancelledEarly,
    Dialogue,
    EndedEarly,
    Progress,
    Refusal,
    nobody,
)
from deploy_tasks.transport.endpoint import Endpoint
from deploy_tasks.transport.errors import (
    Cancelled,
    ConnectionLost,
    DeadlineExceeded,
    HostRefused,
    HostSilent,
    ProtocolError,
    TransportError,
)
from deploy_tasks.transport.events import BadOutput
from deploy_tasks.transport.pool import Lease, Pool
from deploy_tasks.transport.refusals import ended_early, refused
from deploy_tasks.transport.shipment import Shipment
from deploy_tasks.transport.watchdog import WATCHDOG, Guard

OnEvent = Callable[[Mapping[str, Any]], None]
OnQuestion = Callable[[Mapping[str, Any]], Answer]
Question = Literal["list", "prune", "facts", "status", "preview", "confirm"]


@dataclass(frozen=True)
class Report:
    """The end of a push or undo: the runner's summary event, and what it cost. Sizes are bytes of payload, times
    seconds; `phases` says how long connecting, sending, running, verifying and undoing took."""

    summary: dict[str, Any]
    bytes_sent: int
    bytes_received: int
    connect_s: float
    warm: bool
    phases: dict[str, float]


def _ignore(_: Mapping[str, Any]) -> None:
    """Nobody listens."""


def _never() -> bool:
    return False


def push(
    endpoint: Endpoint,
    shipment: Shipment,
    request: Mapping[str, Any],
    *,
    pool: Pool,
    on_event: OnEvent = _ignore,
    deadline_s: float = 120.0,
    cancelled: Callable[[], bool] = _never,
    do: Literal["run", "verify", "undo", "task"] = "run",
    on_question: OnQuestion = nobody,
) -> Report:
    """Bring the host what it lacks, run the request there, pass its events on, and return its summary.

    `on_event` also gets `{"event":"phase","phase":"connecting"|"sending"}`; it is called in this thread and should be
    quick. The summary may tell of failure; that is no exception. Raises TransportError: every subclass names the phase,
    whether it is worth another try, and whether the host may have been changed (`touched`). A cancellation before the
    request raises Cancelled; after it the runner is told, and its summary says what became of it.

    `on_question` gets what the program asks while it runs, and gives back what is called until it has the answer;
    neither may wait. It raises BadOutput for what no program of ours asks: then the host does not follow the protocol.
    """
    with _session(endpoint, do, pool, on_event, deadline_s, cancelled, on_question) as session:
        manifest = shipment.manifest(do)
        summary = session.converse(shipment, manifest, lambda dialogue, hello: dialogue.push(hello, request))
    return session.report(summary)


def undo(
    endpoint: Endpoint,
    shipment: Shipment,
    request: Mapping[str, Any],
    *,
    pool: Pool,
    on_event: OnEvent = _ignore,
    deadline_s: float = 120.0,
    cancelled: Callable[[], bool] = _never,
) -> Report:
    """Take the shipment's deployment back on the host. As `push`, and idempotent as it is."""
    return push(
        endpoint, shipment, request, pool=pool, on_event=on_event, deadline_s=deadline_s, cancelled=cancelled, do="undo"
    )


def ask(
    endpoint: Endpoint,
    shipment: Shipment,
    do: Question,
    *,
    pool: Pool,
    deadline_s: float = 60.0,
    cancelled: Callable[[], bool] = _never,
    extra: Mapping[str, Any] | None = None,
    fresh: bool = False,
) -> dict[str, Any]:
    """Ask the runner on the host something (it is sent there if it is missing); returns its answer event.

    `extra` are further keys of the manifest, for example `{"subset": ["min"]}` of facts; `fresh` wants a connection of
    its own, made now. Raises as `push` does.
    """
    with _session(endpoint, do, pool, _ignore, deadline_s, cancelled, fresh=fresh) as session:
        return session.converse(shipment, shipment.manifest(do, extra), lambda dialogue, hello: dialogue.ask(hello))


@contextmanager
def _session(
    endpoint: Endpoint,
    do: str,
    pool: Pool,
    on_event: OnEvent,
    deadline_s: float,
    cancelled: Callable[[], bool],
    on_question: OnQuestion = nobody,
    *,
    fresh: bool = False,
) -> Iterator[_Session]:
    """A session under the watchdog; what goes wrong in it becomes the error of its phase."""
    if cancelled():
        raise Cancelled(endpoint.name, "connecting", "cancelled before it began")
    with WATCHDOG.guard(deadline_s, pool.options.silence_s) as guard:
        session = _Session(endpoint, do, pool, on_event, cancelled, guard, on_question, fresh)
        try:
            yield session
        except Exception as error:
            raise session.explain(error) from error
        finally:
            session.progress.finish()


class _Session:
    def __init__(
        self,
        endpoint: Endpoint,
        do: str,
        pool: Pool,
        on_event: OnEvent,
        cancelled: Callable[[], bool],
        guard: Guard,
        on_question: OnQuestion,
        fresh: bool,
    ) -> None:
        self.endpoint = endpoint
        self.progress = Progress()
        self._asks = do in get_args(Question)
        self._running = "undoing" if do == "undo" else "verifying" if do == "verify" else "running"
        self._pool = pool
        self._on_event = on_event
        self._cancelled = cancelled
        self._guard = guard
        self._on_question = on_question
        self._silence_s = pool.options.silence_s
        self._fresh = fresh
        self._warm = False
        self._whole = False
        self._connect_s = 0.0

    def converse(
        self, shipment: Shipment, manifest: str, talk: Callable[[Dialogue, bytes], dict[str, Any]]
    ) -> dict[str, Any]:
        """One conversation. A warm connection that turns out dead before it said anything is replaced once."""
        self._on_event({"event": "phase", "phase": "connecting"})
        for fresh in (True,) if self._fresh else (False, True):
            with self._pool.lease(self.endpoint, self._guard, self._cancelled, fresh=fresh) as lease:
                channel = self._open(lease)
                if channel is None:
                    continue
                self._warm = lease.warm
                self._connect_s = lease.connect_s
                self._whole = lease.link.near and not self._asks
                hello = _hello(self.endpoint, shipment, manifest, whole=self._whole)
                return self._talk(lease, channel, shipment, hello, talk)
        raise AssertionError("a fresh connection opens a session or raises")

    def _open(self, lease: Lease) -> ByteChannel | None:
        try:
            return lease.link.open(become=self.endpoint.become)
        except (OSError, EOFError, paramiko.SSHException) as error:
            if lease.warm and not self._guard.expired:
                return None
            raise ChannelClosed(f"no session: {str(error) or type(error).__name__}") from error

    def _talk(
        self,
        lease: Lease,
        channel: ByteChannel,
        shipment: Shipment,
        hello: bytes,
        talk: Callable[[Dialogue, bytes], dict[str, Any]],
    ) -> dict[str, Any]:
        self.progress.enter("sending")
        self._on_event({"event": "phase", "phase": "sending"})
        link, guard = lease.link, self._guard
        guard.listen(link.confirmed)

        def asked() -> None:
            # Pings that the kernel there confirms are no sign of life; only what was sent until now still counts.
            everything = link.sent
            guard.listen(lambda: min(link.confirmed(), everything))
            self.progress.enter(self._running)

        dialogue = Dialogue(
            channel,
            shipment,
            self.progress,
            Caller(self._on_event, self._cancelled, guard.touch, asked, self._on_question),
            whole=self._whole,
        )
        try:
            answer = talk(dialogue, hello)
            lease.keep = True
            return answer
        except (EndedEarly, ChannelClosed) as error:
            if guard.expired:
                raise
            raise ended_early(self.endpoint, self.progress, channel, dialogue.noise) from error
        except Refusal as refusal:
            lease.keep = True
            raise refused(self.endpoint, self.progress, refusal.reason, str(refusal)) from None
        finally:
            channel.close()

    def explain(self, error: Exception) -> TransportError:
        """The error as the caller sees it."""
        name, phase, touched = self.endpoint.name, self.progress.phase, self.progress.touched
        if self._guard.expired == "deadline" and not isinstance(error, HostRefused):
            message = f"not finished after {self._guard.age_s:.0f} s, in phase {phase}"
            return DeadlineExceeded(name, phase, message, hint="a longer --timeout, if it was busy", touched=touched)
        if self._guard.expired == "silence" and not isinstance(error, HostRefused):
            return HostSilent(name, phase, f"not a byte for {self._silence_s:g} s, in phase {phase}", touched=touched)
        if isinstance(error, TransportError):
            return error
        if isinstance(error, CancelledEarly):
            return Cancelled(name, phase, "cancelled before the host was asked to do anything")
        if isinstance(error, BadOutput):
            return ProtocolError(name, phase, f"the host does not follow the protocol: {error}", touched=touched)
        if isinstance(error, (ChannelClosed, OSError, EOFError, paramiko.SSHException)):
            return ConnectionLost(name, phase, f"connection lost: {error}", touched=touched)
        raise error

    def report(self, summary: dict[str, Any]) -> Report:
        """What a finished session hands back."""
        progress = self.progress
        phases = {name: round(seconds, 6) for name, seconds in progress.phases.items()}
        return Report(summary, progress.sent, progress.received, self._connect_s, self._warm, phases)


def _hello(endpoint: Endpoint, shipment: Shipment, manifest: str, *, whole: bool) -> bytes:
    root = endpoint.become or endpoint.user == "root"
    return bootstrap.hello(
        state_dir=endpoint.state_dir or (bootstrap.ROOT_STATE_DIR if root else ""),
        digest=shipment.runner_digest,
        artifact=shipment.artifact if whole else None,
        packed=shipment.size if whole else shipment.runner_packed.stat().st_size,
        size=shipment.size if whole else shipment.runner_size,
        platform=(shipment.uname_s, shipment.uname_m),
        manifest=manifest,
    )
