"""The worker's side of the dialogue in one session: hello, what the host lacks, the request, events until the summary.

Pure protocol over a byte channel; it knows neither SSH nor processes. The other side is `bootstrap` and the runner.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy_tasks.errors import BadInput
from deploy_tasks.transport.channel import ByteChannel, ChannelClosed
from deploy_tasks.transport.events import BadOutput, EventReader
from deploy_tasks.transport.shipment import Part, Shipment

PING_S = 5.0
LARGEST_REQUEST = 16 << 20
LARGEST_ANSWER = 15 << 20
_LOOK_S = 0.5
_LOOK_WHILE_ASKED_S = 0.05
_LAST_WORDS_S = 1.0
_CHUNK = 1 << 18
_MOST_OPEN = 8
_RUNNER_PHASES = frozenset({"running", "verifying", "undoing"})


class Refusal(Exception):
    """The host said why it will not."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class EndedEarly(Exception):
    """The output ended before the answer."""


class CancelledEarly(Exception):
    """Cancelled before the host was asked for anything."""


@dataclass
class Progress:
    """How far a dialogue came. Times are seconds, sizes bytes of payload. `touched`: the request was sent, so the host
    may be changed; `began`: the runner said that it began."""

    phase: str = "connecting"
    touched: bool = False
    began: bool = False
    sent: int = 0
    received: int = 0
    started: float = field(default_factory=time.monotonic)
    phases: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def enter(self, phase: str) -> None:
        """Go on to another phase."""
        if phase != self.phase:
            self._count()
            self.phase = phase

    def finish(self) -> None:
        """Count the last phase."""
        self._count()

    def _count(self) -> None:
        now = time.monotonic()
        self.phases[self.phase] = self.phases.get(self.phase, 0.0) + now - self._since
        self._since = now


#: The fields of an answer once it is known, None until then; called again and again, it must not wait.
Answer = Callable[[], Mapping[str, Any] | None]


def nobody(question: Mapping[str, Any]) -> Answer:
    """Answers no question. Raises BadOutput."""
    raise BadOutput(f"it asks for {str(question.get('kind'))[:40]!r}, and nobody answers questions here")


@dataclass(frozen=True)
class Caller:
    """What the dialogue tells and asks the one who started it. `moved` is called at every sign of life, `asked` when
    the request is on its way. `ask` gets a program's question; it raises BadOutput for what no program of ours asks."""

    on_event: Callable[[Mapping[str, Any]], None]
    cancelled: Callable[[], bool]
    moved: Callable[[], None]
    asked: Callable[[], None]
    ask: Callable[[Mapping[str, Any]], Answer] = nobody


class Dialogue:
    """One session's conversation."""

    def __init__(
        self, channel: ByteChannel, shipment: Shipment, progress: Progress, caller: Caller, *, whole: bool = False
    ) -> None:
        self._whole = whole
        self._channel = channel
        self._shipment = shipment
        self._progress = progress
        self._caller = caller
        self._reader = EventReader()
        self._pending: deque[dict[str, Any]] = deque()
        self._cancel_told = False
        self._next_ping = float("inf")
        self._asked: dict[int, Answer] = {}
        self._last_question = 0

    @property
    def noise(self) -> str:
        """What the host printed before the first event."""
        return self._reader.noise

    def push(self, hello: bytes, request: Mapping[str, Any]) -> dict[str, Any]:
        """Run a request to its end; returns the summary event."""
        line = encode_request(request)
        self._send(hello)
        for event in self._events():
            kind = event["event"]
            if kind == "need":
                self._send_parts(event)
                self._ask(line)
            elif kind == "need_runner":
                self._send_runner()
            elif kind == "summary":
                return event
            elif kind == "ask":
                self._take_question(event)
            elif kind != "alive":
                self._tell(event)
        raise EndedEarly

    def ask(self, hello: bytes) -> dict[str, Any]:
        """Put a question that needs no request; returns the answer event."""
        self._send(hello)
        for event in self._events():
            if event["event"] == "need_runner":
                self._send_runner()
            elif event["event"] == "answer":
                return event
        raise EndedEarly

    def _take_question(self, event: dict[str, Any]) -> None:
        """Have a question looked after. Numbers only grow, so that none is answered twice."""
        number = event.get("id")
        if not self._progress.touched or not isinstance(number, int) or number <= self._last_question:
            raise BadOutput(f"it asks under the number {number!r:.40}, after {self._last_question}")
        if len(self._asked) >= _MOST_OPEN:
            raise BadOutput(f"it asks more than {_MOST_OPEN} questions at once")
        self._last_question = number
        answer = self._asked[number] = self._caller.ask(event)
        if event.get("kind") == "fetch" and "data" in event and answer() == {}:
            self._reader.forgive(len(str(event["data"])))  # it was taken in, and who did has a bound for it

    def _answer(self) -> None:
        """Send the answers that are known by now."""
        for number, answer in list(self._asked.items()):
            known = answer()
            if known is not None:
                del self._asked[number]
                line = _encode_answer(number, known)
                self._channel.send(line)  # no sign of life of the host's, unlike what it has asked for before
                self._progress.sent += len(line)

    def _tell(self, event: dict[str, Any]) -> None:
        if event["event"] == "phase" and event.get("phase") in _RUNNER_PHASES:
            self._progress.began = True
            self._progress.enter(event["phase"])
        self._caller.on_event(event)

    def _send_runner(self) -> None:
        if self._caller.cancelled():
            raise CancelledEarly
        if not self._whole:
            self._send(self._shipment.runner_packed.read_bytes())
            return
        self._send(self._shipment.runner())
        for part in self._shipment.parts:
            self._send_file(part)
        self._send(self._shipment.trailer)

    def _send_parts(self, event: dict[str, Any]) -> None:
        """Send the parts that were asked for, which must be ours; nothing else ever leaves."""
        if self._caller.cancelled():
            raise CancelledEarly
        wanted = event.get("parts")
        offered: dict[object, Part] = {part.digest: part for part in self._shipment.parts}
        if not isinstance(wanted, list) or any(not isinstance(d, str) or d not in offered for d in wanted):
            raise BadOutput("it asks for a part that the deployment does not have")
        if len(set(wanted)) != len(wanted):
            raise BadOutput("it asks for a part twice")
        for digest in wanted:
            part = offered[digest]
            self._send(json.dumps({"part": part.digest, "size": part.size}).encode() + b"\n")
            self._send_file(part)

    def _send_file(self, part: Part) -> None:
        left = part.size
        with part.path.open("rb") as file:
            while left > 0 and (data := file.read(min(_CHUNK, left))):
                self._send(data)
                left -= len(data)
        if left:
            raise OSError(f"{part.path} is {left} bytes shorter than announced")

    def _ask(self, line: bytes) -> None:
        if self._progress.touched:
            raise BadOutput("it asks for the parts twice")
        self._progress.touched = True
        self._send(line)
        self._caller.asked()
        self._next_ping = time.monotonic() + PING_S

    def _send(self, data: bytes) -> None:
        try:
            self._channel.send(data)
        except ChannelClosed:
            self._hear_out()
            raise
        self._progress.sent += len(data)
        self._caller.moved()

    def _events(self) -> Iterator[dict[str, Any]]:
        """Events until the output ends, with pings and the cancellation in between. A refusal is raised."""
        while True:
            self._keep_in_touch()
            try:
                data = self._channel.receive(_LOOK_WHILE_ASKED_S if self._asked else _LOOK_S)
            except TimeoutError:
                continue
            if not data:
                return
            self._caller.moved()
            yield from self._take(data)

    def _take(self, data: bytes) -> list[dict[str, Any]]:
        """The events in these bytes. A refusal is raised."""
        self._progress.received += len(data)
        events = self._reader.feed(data)
        for event in events:
            if event["event"] == "refused":
                raise Refusal(str(event.get("reason", "unknown")), str(event.get("message", ""))[:2000])
        return events

    def _hear_out(self) -> None:
        """Whoever stops listening in the middle may have said why: a disk that filled up, say. Raises Refusal then."""
        with contextlib.suppress(TimeoutError):
            while data := self._channel.receive(_LAST_WORDS_S):
                self._take(data)

    def _keep_in_touch(self) -> None:
        if not self._progress.touched:
            return
        if not self._cancel_told and self._caller.cancelled():
            self._cancel_told = True
            self._channel.send(b'{"cancel":true}\n')
        if time.monotonic() >= self._next_ping:
            self._next_ping = time.monotonic() + PING_S
            self._channel.send(b"\n")
        self._answer()


def encode_request(request: Mapping[str, Any]) -> bytes:
    """The request's line. Raises BadInput when it is too long or not JSON."""
    try:
        line = json.dumps(request, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise BadInput(f"the variables of the host cannot be sent: {error}") from None
    if len(line) > LARGEST_REQUEST:
        raise BadInput(f"the variables of the host take {len(line)} bytes, {LARGEST_REQUEST} are possible")
    return line


def _encode_answer(number: int, fields: Mapping[str, Any]) -> bytes:
    """The line that answers a question; what cannot be sent is told as an error, which the program handles."""
    try:
        line = json.dumps({"answer": number, **fields}, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError) as error:
        return _encode_answer(number, {"error": f"the answer cannot be sent: {error}"})
    if len(line) > LARGEST_ANSWER:
        return _encode_answer(number, {"error": f"the answer takes {len(line)} bytes, {LARGEST_ANSWER} are possible"})
    return line
