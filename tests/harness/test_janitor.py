"""What tests have started goes with them, even when they are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy_tasks import fleet as local_fleet
from deploy_tasks.fleet.launch import start_time
from deploy_tasks.fleet.process import Process
from tests.support import janitor
from tests.support.fleet import need_fleet
from tests.support.workers import await_until

_TESTS = """
import sys, time
from pathlib import Path
from deploy_tasks import fleet
from tests.support import janitor
from tests.support.redis import RedisProcess, free_port
root = Path(sys.argv[1])
janitor.watch_fleet(root / "fleet")
fleet.up(1, root / "fleet")
server = RedisProcess(root / "redis", free_port())
server.start()
print(server.process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.fleet
def test_hosts_and_servers_end_with_tests_that_are_killed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    need_fleet(request.config)
    with subprocess.Popen(
        [sys.executable, "-c", _TESTS, str(tmp_path)], cwd=janitor.ROOT, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        pid = int(tests.stdout.readline())
        host, server = local_fleet.load(tmp_path / "fleet")["web-001"].process, Process(pid, start_time(pid))
        assert host is not None
        assert host.alive()
        assert server.alive()
        os.kill(tests.pid, signal.SIGKILL)
    await_until(lambda: not host.alive() and not server.alive(), what="the end of both")
    await_until(lambda: not (tmp_path / "fleet" / "fleet.json").exists(), what="the end of the fleet's files")
    assert not (tmp_path / "fleet" / "disks").is_mount()
