"""What the producer may load, and how fast and how surely it answers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy_tasks.errors import BadInput, BrokerLost
from deploy_tasks.producer import Producer, Request, prepare
from deploy_tasks.settings import load
from tests.support.redis import RedisProcess
from tests.support.workers import plan, shell, write

FORBIDDEN = (
    *("fabric", "paramiko", "invoke", "boto3", "botocore", "deploy_tasks.transport"),
    # Lowering refuses what cannot be compiled before anything is enqueued; what builds belongs to workers.
    *(f"deploy_tasks.compiler.{room}" for room in ("compile", "gobuild", "toolchain", "cache", "artifact", "archive")),
)


def test_the_producer_loads_nothing_that_only_workers_need(redis_server: RedisProcess, tmp_path: Path) -> None:
    code = f"""
import json, sys
from deploy_tasks import deploy
handle = deploy({plan(shell("true"))!r}, "h1,h2,")
print(json.dumps([handle.id, sorted(sys.modules)]))
"""
    environment = {
        "DEPLOY_TASKS_REDIS_URL": redis_server.url,
        "DEPLOY_TASKS_STATE_DIR": str(tmp_path),
        "PATH": "/usr/bin",
    }
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment | {"PYTHONPATH": str(root)}, capture_output=True, check=True
    )
    name, modules = json.loads(done.stdout)
    assert name
    assert [module for module in modules if module.startswith(FORBIDDEN)] == []
    assert "workers" not in modules


def test_a_thousand_hosts_are_enqueued_in_about_a_second(redis_server: RedisProcess, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.ini"
    inventory.write_text("[web]\nweb[0001:1000]\n[web:vars]\nregion=eu\n")
    producer = Producer(load(redis_url=redis_server.url, state_dir=tmp_path / "state"))
    producer.submit(prepare(Request(plan(shell("true")), "warm,")))
    began = time.process_time()
    handle = producer.submit(prepare(Request(plan(shell("true")), inventory)))
    spent = time.process_time() - began
    assert len(producer.ledger.snapshot(handle.id).rows) == 1000
    assert spent < 1.0


def submit(url: str, folder: Path) -> None:
    Producer(load(redis_url=url, state_dir=folder)).submit(prepare(Request(plan(write("x", "/x")), "h,")))


def test_redis_that_is_not_there_is_told_at_once(tmp_path: Path, own_redis: RedisProcess) -> None:
    own_redis.kill()
    began = time.monotonic()
    with pytest.raises(BrokerLost, match="nothing was enqueued") as error:
        submit(own_redis.url, tmp_path)
    assert error.value.exit_status == 4
    assert time.monotonic() - began < 10


def test_redis_that_hangs_is_given_up(tmp_path: Path, own_redis: RedisProcess) -> None:
    assert own_redis.process is not None
    own_redis.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(BrokerLost, match="nothing was enqueued"):
        submit(own_redis.url, tmp_path)
    assert time.monotonic() - began < 10
    own_redis.process.send_signal(signal.SIGCONT)
    with own_redis.client() as client:
        assert [key for key in client.keys("dt:*") if "d:" in key] == []


def test_no_redis_at_all_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(BrokerLost, match="nothing was enqueued") as error:
        Producer(load(state_dir=tmp_path))
    assert "deploy-tasks up" in str(error.value.hint)


def test_an_evicting_redis_is_refused(tmp_path: Path, own_redis: RedisProcess) -> None:
    with own_redis.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(BadInput, match="allkeys-lru"):
        submit(own_redis.url, tmp_path)


def test_a_full_redis_records_nothing(tmp_path: Path, own_redis: RedisProcess) -> None:
    with own_redis.client() as client:
        client.config_set("maxmemory", "1mb")
        with pytest.raises(BrokerLost, match="nothing was enqueued"):
            submit(own_redis.url, tmp_path)
        client.config_set("maxmemory", "0")
        assert client.keys("dt:d:*") == []
    assert list((tmp_path / "store").rglob("open/*")) == []
