"""Messages as they stand in the queues."""

from __future__ import annotations

import json
import time

import pytest
from redis import Redis

from deploy_tasks import broker
from deploy_tasks.settings import load
from deploy_tasks.tasks.dispatch import CeleryDispatch
from tests.support.redis import RedisProcess


@pytest.fixture
def dispatch(redis_server: RedisProcess) -> CeleryDispatch:
    application = broker.make_celery(load(redis_url=redis_server.url))
    return CeleryDispatch(application)


def messages(redis: Redis, queue: str) -> list[dict[str, object]]:
    return [json.loads(text) for text in redis.lrange(queue, 0, -1)]


def test_every_message_goes_to_its_queue_with_names_only(dispatch: CeleryDispatch, redis: Redis) -> None:
    dispatch.start("d1")
    dispatch.compile("d1", "x86_64-linux")
    dispatch.push("d1", 0, ["web 1", "web 2"])
    dispatch.undo("d1", [("web 1", 2)])
    found = {queue: messages(redis, queue) for queue in ("control", "build", "push", "urgent")}
    assert {queue: len(held) for queue, held in found.items()} == {"control": 1, "build": 1, "push": 2, "urgent": 1}
    push = found["push"][0]
    args, kwargs, _ = json.loads(str(push["body"]))
    assert args == []
    assert set(kwargs) == {"deployment", "host", "attempt", "batch"}
    headers = push["headers"]
    assert isinstance(headers, dict)
    assert headers["task"] == "deploy_tasks.push"
    for held in found.values():
        for message in held:
            assert len(json.dumps(message)) < 1024
            assert message["content-type"] == "application/json"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_chord_of_any_size_names_every_host_once(dispatch: CeleryDispatch, redis: Redis, count: int) -> None:
    dispatch.push("d1", 3, [f"h{n}" for n in range(count)])
    bodies = [json.loads(str(m["body"]))[1] for m in messages(redis, "push")]
    assert sorted(body["host"] for body in bodies) == [f"h{n}" for n in range(count)]
    assert {body["batch"] for body in bodies} == {3}


def test_a_thousand_hosts_are_sent_in_about_a_second(dispatch: CeleryDispatch, redis: Redis) -> None:
    began = time.process_time()
    dispatch.push("d1", 0, [f"web-{n:04}" for n in range(1000)])
    assert redis.llen("push") == 1000
    assert time.process_time() - began < 3.0
    assert redis.info("memory")["used_memory"] < 16 << 20
