"""Ctrl-C: the first one cancels what is going on in an orderly way, the second one leaves at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from deploy_tasks.cli import render
from deploy_tasks.errors import DeployError


class Interrupts:
    """What has been asked for. `interrupted` is true after the first signal.

    The cancelling is done by a thread of its own: a signal may arrive in the middle of any other call.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._cancel: Callable[[], object] | None = None

    def on_first(self, cancel: Callable[[], object]) -> None:
        """From now on the first signal cancels instead of leaving."""
        self._cancel = cancel
        if self.interrupted:
            self._start(cancel)

    def signalled(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self.interrupted or self._cancel is None:
            self.interrupted = True
            raise KeyboardInterrupt
        self.interrupted = True
        self._start(self._cancel)

    def _start(self, cancel: Callable[[], object]) -> None:
        threading.Thread(target=_cancelling, args=(cancel,), name="cancel", daemon=True).start()


def _cancelling(cancel: Callable[[], object]) -> None:
    render.note("cancelling: hosts at work are stopped and taken back; Ctrl-C again leaves at once")
    try:
        cancel()
    except DeployError as error:
        render.error(str(error), error.hint)


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Handle SIGINT and SIGTERM so until the block ends."""
    state = Interrupts()
    before = {number: signal.signal(number, state.signalled) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield state
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
