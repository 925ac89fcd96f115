"""The process that workers are forked from: `python -m workers.fork_server FD`, see `forks`.

It has loaded what workers load, so that a worker starts at once. It keeps no connection, no thread and no setting, and
nothing that reads settings is loaded before the fork. When whoever asks is gone, however that was, so are the workers.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from typing import Any

from workers import process

#: What workers load; `workers.app` is left to them: it reads the settings.
LOADED = (
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.bin.worker",
    "celery.concurrency.prefork",
    "celery.concurrency.thread",
    "celery.worker.autoscale",
    "celery.worker.consumer",
    "deploy_tasks.compiler.compile",
    "deploy_tasks.rollout.drive",
    "deploy_tasks.rollout.sweep",
    "deploy_tasks.tasks.named",
    "deploy_tasks.transport.push",
    "deploy_tasks.transport.ssh",
    "kombu.transport.redis",
    "redis",
    "workers.beat",
    "workers.roles",
)
MOST = 1 << 20


def serve(asking: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Answer requests until there are no more: `{"start": …}` forks, `{"wait": PID}` tells whether and how one ended.

    Returns what to be in a fork, which then ends as any Python does; None in the server.
    """
    ours: set[int] = set()
    try:
        while True:
            text, given, _, _ = socket.recv_fds(asking, MOST, 2)
            if not text:
                return None
            request = json.loads(text)
            if "wait" in request:
                answer = {"status": _ended(request["wait"], ours)}
            elif pid := _fork(given):
                ours.add(pid)
                answer = {"pid": pid}
            else:
                ours.clear()
                asking.close()
                return request["start"], given
            asking.send(json.dumps(answer).encode())
    finally:
        for pid in ours:
            _kill(pid)


def _fork(given: list[int]) -> int:
    """A child in a process group of its own, which it has once this returns: 0 in it, its pid here."""
    server = os.getpid()
    grouped, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        process.die_unless_child_of(server)
        os.setsid()
        os.close(grouped)
        os.close(tell)
        return 0
    os.close(tell)
    os.read(grouped, 1)  # nothing comes: it is closed there
    for descriptor in (grouped, *given):
        os.close(descriptor)
    return pid


def _become(start: dict[str, Any], log: int, ready: int) -> None:
    """Be `python -m MODULE ARGUMENTS` with this environment and log; the arguments name `ready` by its number."""
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(null)
    os.close(log)
    if start["environment"] is not None:
        os.environ.clear()
        os.environ.update(start["environment"])
    if os.environ.get("PYTHONFAULTHANDLER"):
        faulthandler.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [start["module"], *start["arguments"], "--ready-fd", str(ready)]
    runpy.run_module(start["module"], run_name="__main__", alter_sys=True)


def _ended(pid: int, ours: set[int]) -> int | None:
    """The exit status, negative for a signal; None while it runs."""
    if pid not in ours:
        return -signal.SIGKILL  # of a server before this one, with which it ended
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return None
    ours.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _kill(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    os.waitpid(pid, 0)


def main() -> None:
    """Load everything, then serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides when it ends
    asking = socket.socket(fileno=int(sys.argv[1]))
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the workers
    chosen = serve(asking)
    if chosen is not None:
        _become(chosen[0], *chosen[1])


if __name__ == "__main__":
    main()
