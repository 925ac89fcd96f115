from __future__ import annotations

import os
import signal
import threading

import pytest

from deploy_tasks.cli.interrupt import interrupts


def send(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


def test_the_first_signal_cancels_and_the_second_leaves() -> None:
    cancelled = threading.Event()
    with interrupts() as state:
        state.on_first(cancelled.set)
        send()
        assert cancelled.wait(5)
        assert state.interrupted
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGTERM)


def test_before_anything_can_be_cancelled_the_first_signal_leaves() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts():
        send()


def test_the_old_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with interrupts():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
