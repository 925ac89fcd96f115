"""What is seen while a deployment runs: one live line on a terminal, one plain line per phase in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from deploy_tasks.cli import render, units
from deploy_tasks.cli.tally import Tally

_LABEL = 8
_ROLLBACK = "rollback"
_FRAMES_PER_S = 8


class Progress:
    """Follows a deployment's events and paints them on standard error. Use as a context manager.

    It only ever paints: a gap in the events makes the picture poorer, not the result wrong.
    """

    def __init__(
        self, console: Console | None = None, *, clock: Callable[[], float] = time.monotonic, quiet: bool = False
    ) -> None:
        self._console = console or render.err()
        self._clock = clock
        self._quiet = quiet
        self._label = ""
        self._part = ""
        self._tally: Tally | None = None
        self._live: Live | None = None
        self._compiled: set[str] = set()
        self._compiling: float | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._live = Live(
                get_renderable=self._frame, console=self._console, refresh_per_second=_FRAMES_PER_S, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the live line; the phase that was going on gets its plain line."""
        self._end_phase()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def plan(self, name: str, facts: Iterable[str]) -> None:
        """What is about to be deployed."""
        self._say("plan", name, ", ".join(facts))

    def feed(self, event: Mapping[str, Any]) -> None:
        """One event of the deployment."""
        kind = event.get("kind")
        if kind == "deployment":
            self._deployment(event)
        elif kind == "artifact":
            self._artifact(event)
        elif kind == "host" and self._tally is not None:
            self._tally.move(str(event.get("host")), str(event.get("state")))

    def _deployment(self, event: Mapping[str, Any]) -> None:
        status = event.get("status")
        if status == "running" and "batch" not in event:
            self._compiling = self._clock()
        elif status == "running":
            name = f"batch {int(event['batch']) + 1}"
            self._begin(name, int(event.get("hosts", 0)), part=str(event.get("play") or ""))
        elif status == "rolling_back":
            self._begin(_ROLLBACK, int(event.get("hosts", 0)), str(event.get("reason", "")))
        elif status == "cancelling":  # the hosts at work have yet to end: their phase goes on
            self._say("cancel", str(event.get("reason", "")))

    def _artifact(self, event: Mapping[str, Any]) -> None:
        triple = str(event.get("triple"))
        if triple in self._compiled:
            return
        self._compiled.add(triple)
        how = "cached" if event.get("cached") else units.seconds(float(event.get("duration_s") or 0))
        self._say("compile", f"{triple} {units.size(float(event.get('size') or 0))} ({how})")

    def _begin(self, label: str, hosts: int, why: str = "", part: str = "") -> None:
        self._end_phase()
        self._compiling = None
        if why:
            self._say(label, why)
        self._part = part
        self._label, self._tally = label, Tally(hosts, self._clock(), rollback=label == _ROLLBACK)

    def _end_phase(self) -> None:
        tally, self._tally = self._tally, None
        if tally is not None:
            self._say(self._label, *self._named(tally.ended(self._clock())))

    def _frame(self) -> Text:
        if self._compiling is not None:
            return render.row("compile", f"[{units.clock(self._clock() - self._compiling)}]", width=_LABEL)
        if self._tally is None:
            return Text("")
        return render.row(self._label, *self._named(self._tally.live(self._clock())), width=_LABEL)

    def _named(self, said: str) -> tuple[str, ...]:
        """What is said of a batch, behind the plays it belongs to where a deployment has several stages."""
        return (self._part, said) if self._part else (said,)

    def _say(self, label: str, *cells: str) -> None:
        if not self._quiet:
            self._console.print(render.row(label, *cells, width=_LABEL))
