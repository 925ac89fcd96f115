"""Workers are forked from a process that has loaded them: they end as they should, and with whoever started them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.workers import ROOT, forking
from workers.forks import Forked

#: Starts a worker that will not find a Redis, and waits until it is killed.
ALONE = """
import os, sys, time
from workers.forks import Server
ready, write = os.pipe()
with open(sys.argv[1], "wb") as log:
    given = {"DEPLOY_TASKS_REDIS_URL": "redis://127.0.0.1:1/0", "DEPLOY_TASKS_STATE_DIR": sys.argv[2]}
    server = Server({**os.environ, **given})
    print(server.start("workers.run", ["control"], log.fileno(), write).pid, flush=True)
time.sleep(600)
"""


def begun(folder: Path, *arguments: str) -> Forked:
    ready, write = os.pipe()
    os.close(ready)
    with (folder / "log").open("wb") as log:
        started = forking().start("workers.run", arguments, log.fileno(), write)
    os.close(write)
    return started


def test_a_fork_ends_as_the_command_would(tmp_path: Path) -> None:
    assert begun(tmp_path, "no-such-role").wait(60) == 2
    assert "error: no role is named 'no-such-role'" in (tmp_path / "log").read_text()
    assert begun(tmp_path).wait(60) == 2
    assert "the following arguments are required: role" in (tmp_path / "log").read_text()


def test_a_fork_is_a_group_of_its_own_at_once(tmp_path: Path) -> None:
    started = begun(tmp_path, "control")
    assert os.getpgid(started.pid) == started.pid
    os.killpg(started.pid, signal.SIGKILL)
    assert started.wait(60) == -signal.SIGKILL


def test_workers_end_with_who_started_them_however_that_ends(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", ALONE, str(tmp_path / "log"), str(tmp_path / "state")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    ended = select.select([worker], [], [], 60)[0]
    os.close(worker)
    assert ended, "the worker goes on"
