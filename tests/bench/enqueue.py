"""The producer: 1000 hosts enqueued, and the size of the messages that Celery sends for them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from redis import Redis

from deploy_tasks import broker
from deploy_tasks.producer import Producer, Request, prepare
from deploy_tasks.settings import load
from deploy_tasks.tasks.dispatch import CeleryDispatch
from tests.bench import plans
from tests.support.redis import RedisProcess, free_port

HOSTS, SECONDS, MESSAGE = 1000, 1.0, 1024


def inventory(folder: Path, count: int) -> Path:
    """An inventory that is only enqueued for, never connected to."""
    path = folder / "hosts.ini"
    path.write_text(f"[web]\nweb-[0001:{count:04d}].example.com ansible_user=deploy\n[web:vars]\nworkers=8\n")
    return path


def host_message(redis: Redis, deployment: str) -> int:
    """Bytes in Redis of one host's task, sent as the control role does."""
    dispatch = CeleryDispatch(broker.make_celery(load(redis_url=redis_url(redis))))
    dispatch.push(deployment, 0, ["web-0001.example.com"])
    message = redis.lindex(broker.PUSH, 0)
    assert message is not None
    return len(message)


def redis_url(redis: Redis) -> str:
    """Where this client is connected."""
    options = redis.connection_pool.connection_kwargs
    return f"redis://{options['host']}:{options['port']}/{options['db']}"


def one_command(folder: Path, plan: Path, hosts: Path, url: str) -> float:
    """Seconds of a whole command, with the start of Python."""
    start = time.perf_counter()
    code = "import sys; from deploy_tasks import deploy; print(deploy(sys.argv[1], sys.argv[2]).id)"
    environment = {
        "DEPLOY_TASKS_REDIS_URL": url,
        "DEPLOY_TASKS_STATE_DIR": str(folder / "other"),
        "PATH": "/usr/bin:/bin",
    }
    subprocess.run(
        [sys.executable, "-c", code, str(plan), str(hosts)], check=True, env=environment, capture_output=True
    )
    return time.perf_counter() - start


def main() -> bool:
    """Print the medians; true when the limits hold."""
    with tempfile.TemporaryDirectory(prefix="deploy-tasks-bench-") as name:
        folder = Path(name)
        server = RedisProcess(folder / "redis", free_port())
        server.start()
        try:
            return _measure(folder, server)
        finally:
            server.kill()


def _measure(folder: Path, server: RedisProcess) -> bool:
    plan, hosts = plans.ten_tasks(folder), inventory(folder, HOSTS)
    settings = load(redis_url=server.url, state_dir=folder / "state")
    seconds = []
    for _ in range(5):
        with server.client() as client:
            client.flushall()
        start = time.perf_counter()
        handle = Producer(settings).submit(prepare(Request(plan, hosts)))
        seconds.append(time.perf_counter() - start)
    with server.client() as client:
        size = host_message(client, handle.id)
        start_message = len(json.dumps(json.loads(client.lindex(broker.CONTROL, 0) or "{}")))
        client.flushall()
    command = one_command(folder, plan, hosts, server.url)
    print(
        f"enqueue        {median(seconds):.3f} s for {HOSTS} hosts (below {SECONDS:g}), "
        f"{command:.2f} s as a whole process"
    )
    print(f"messages       start {start_message} bytes, one host {size} bytes (below {MESSAGE})")
    return median(seconds) < SECONDS and size < MESSAGE
