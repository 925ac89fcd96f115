"""The process tree: ready quickly, started again when it ends, never outliving its parent."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from deploy_tasks import broker
from deploy_tasks.producer import Producer, Request, prepare
from deploy_tasks.settings import Settings, load
from tests.support.compiler import site_cache
from tests.support.workers import ROOT, await_until, local_hosts, plan, write
from workers import flower, health
from workers.allinone import Supervisor


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    """Every process below this one."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(state_dir=tmp_path_factory.mktemp("up"), cache_dir=site_cache(), parallel=4, flower_port=5555)


@pytest.fixture(scope="module")
def tree(settings: Settings) -> Iterator[Supervisor]:
    with Supervisor(settings, with_flower=True, log_dir=settings.state_dir / "log", grace_s=10) as made:
        made.wait_ready()
        yield made


def pid_of(tree: Supervisor, name: str) -> int:
    process = next(child.process for child in tree.children if child.name == name)
    assert process is not None
    return process.pid


def test_every_queue_is_served(tree: Supervisor, settings: Settings) -> None:
    found = health.check(settings, timeout_s=20)
    assert {each.queue for each in found if each.ok} == set(health.QUEUES)


def test_a_deployment_needs_nothing_else(tree: Supervisor, settings: Settings, tmp_path: Path) -> None:
    handle = Producer(settings).submit(prepare(Request(plan(write("x")), local_hosts(tmp_path, 2))))
    assert handle.wait(60).ok


def test_redis_is_closed_to_others(tree: Supervisor, settings: Settings) -> None:
    url = broker.redis_url(settings)
    password = url.split(":")[2].split("@")[0]
    port = url.rpartition(":")[2].partition("/")[0]
    with Redis(port=int(port)) as stranger, pytest.raises(AuthenticationError):
        stranger.lpush("push", "x")
    listening = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    assert {line.split()[3].rpartition(":")[0] for line in listening.splitlines()} == {"127.0.0.1"}
    everything = [os.getpid(), *descendants(os.getpid())]
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in everything if alive(pid)]
    assert [line for line in lines if password in line] == []
    for name in ("url", "redis.conf"):
        assert (settings.state_dir / "redis" / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["push", "redis", "control"])
def test_what_ends_is_started_again(tree: Supervisor, settings: Settings, name: str) -> None:
    before = pid_of(tree, name)
    os.kill(before, signal.SIGKILL)
    await_until(lambda: not alive(before))
    await_served(tree, settings)
    assert pid_of(tree, name) != before


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_all_workers_are_started_again_with_what_they_are_forked_from(tree: Supervisor, settings: Settings) -> None:
    before = {name: pid_of(tree, name) for name in ("control", "build", "push", "undo")}
    (server,) = {int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in before.values()}
    os.kill(server, signal.SIGKILL)
    await_until(lambda: not any(map(alive, before.values())))
    await_served(tree, settings)
    now = {name: pid_of(tree, name) for name in before}
    assert all(now[name] != pid for name, pid in before.items())
    assert [Path(f"/proc/{pid}/comm").read_text().strip() for pid in now.values()] == list(now)


def await_served(tree: Supervisor, settings: Settings) -> None:
    """Wait until every process of the tree runs and every queue is served."""

    def served() -> bool:
        tree.look()
        for child in tree.children:
            child.hear()
        try:
            found = health.check(settings, timeout_s=3)
        except RedisError:
            return False
        return all(child.process and child.ready for child in tree.children) and all(each.ok for each in found)

    await_until(served, 60, "every queue served again")


def test_flower_wants_a_password_and_changes_nothing(tree: Supervisor, settings: Settings) -> None:
    where = flower.url(settings)
    key = base64.b64encode(f"{settings.flower_user}:{flower.password(settings)}".encode()).decode()

    def ask(path: str, data: bytes | None = None, authorised: bool = True) -> int:
        request = urllib.request.Request(where + path, data=data, method="POST" if data is not None else "GET")
        if authorised:
            request.add_header("Authorization", f"Basic {key}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    tree.wait_ready()
    assert ask("tasks", authorised=False) == 401
    assert ask("tasks") == 200
    for path in ("api/task/async-apply/deploy_tasks.start", "api/task/revoke/some-id", "api/worker/shutdown/any"):
        assert ask(path, b"{}") in (401, 403, 405)
        assert ask(path, b"{}", authorised=False) in (401, 403)


def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = """
import sys, time
from workers.allinone import Supervisor
from deploy_tasks.settings import load
from pathlib import Path
tree = Supervisor(load(state_dir=Path(sys.argv[1]), build_jobs=1), log_dir=Path(sys.argv[1]))
tree.start()
tree.wait_ready()
print("ready", flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    below = descendants(parent.pid)
    assert len(below) >= 7  # redis, what forks the others, control, build and its pool, push, undo
    parent.kill()
    parent.wait()
    await_until(lambda: not any(alive(pid) for pid in below), 10, "the end of all processes")


def test_a_stop_is_clean(tmp_path: Path) -> None:
    with Supervisor(load(state_dir=tmp_path, build_jobs=1), log_dir=tmp_path / "log") as tree:
        tree.wait_ready()
        below = descendants(os.getpid())
        ours = {child.process.pid for child in tree.children if child.process}
        began = time.monotonic()
    assert time.monotonic() - began < 40
    assert ours <= set(below)
    assert not any(alive(pid) for pid in ours)
    assert "Traceback" not in "".join(path.read_text() for path in (tmp_path / "log").glob("*.log"))
