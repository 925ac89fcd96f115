"""A worker process and the one that started it: ending together, telling readiness."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_ready_fd: int | None = None


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends. Linux only; elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def die_unless_child_of(parent: int) -> None:
    """As `die_with_parent`, and at once when the parent is gone already."""
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)


def be_named(role: str) -> None:
    """Have `top` and `ps -o comm` show the role, of which the command line tells nothing in a fork. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, role.encode(), 0, 0, 0)


def ready_on(descriptor: int) -> None:
    """Where `tell_ready` writes."""
    global _ready_fd
    _ready_fd = descriptor
    os.set_inheritable(descriptor, False)


def tell_ready() -> None:
    """Tell whoever waits that work is taken from now on. Later calls do nothing."""
    global _ready_fd
    if _ready_fd is not None:
        os.write(_ready_fd, b"ready\n")
        os.close(_ready_fd)
        _ready_fd = None
