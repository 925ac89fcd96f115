"""Roles as data, pools that are refused, settings that are documented."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy_tasks import broker
from deploy_tasks.errors import BadInput
from deploy_tasks.settings import Settings, load
from tests.support.redis import RedisProcess
from workers import roles

ROOT = Path(__file__).resolve().parents[2]


def test_every_queue_has_a_role_and_undos_have_one_of_their_own() -> None:
    every = roles.all_roles(load())
    assert {queue for role in every for queue in role.queues} == {queue.name for queue in broker.QUEUES}
    assert roles.role("undo", load()).queues == ("urgent",)
    assert roles.role("push", load()).queues[0] == "urgent"


def test_as_many_hosts_at_once_as_the_setting_says() -> None:
    arguments = roles.argv(roles.role("push", load(parallel=7)), load())
    assert {"--pool=threads", "--concurrency=7", "--queues=urgent,push"} <= set(arguments)


def test_a_role_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(BadInput) as error:
        roles.role("pusher", load())
    assert "control, build, push, undo" in str(error.value.hint)


@pytest.mark.parametrize(
    ("queue", "pool", "fits"),
    [
        ("push", "celery.concurrency.thread", True),
        ("push", "celery.concurrency.gevent", False),
        ("push", "celery.concurrency.eventlet", False),
        ("push", "celery.concurrency.solo", False),
        ("build", "celery.concurrency.thread", False),
        ("build", "celery.concurrency.prefork", True),
        ("control", "celery.concurrency.solo", False),
    ],
)
def test_pools_without_limits_are_refused(queue: str, pool: str, fits: bool) -> None:
    if fits:
        roles.check_pool({queue}, pool)
    else:
        with pytest.raises(SystemExit, match=queue):
            roles.check_pool({queue}, pool)


def test_a_worker_started_by_hand_on_such_a_pool_ends_at_once(redis_server: RedisProcess) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "-P", "solo", "-Q", "push"],
        env={**os.environ, "DEPLOY_TASKS_REDIS_URL": redis_server.url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0
    assert "not served by pool solo" in done.stderr + done.stdout


def test_results_outlive_the_longest_deadline_twice() -> None:
    for settings in (load(), load(deployment_timeout_s=86400.0), load(build_timeout_s=90000.0)):
        longest = max(settings.deployment_timeout_s, settings.timeout_s, settings.build_timeout_s)
        assert broker.celery_options(settings, "redis://")["result_expires"] >= 2 * longest


def test_the_example_environment_documents_every_setting_and_nothing_else() -> None:
    text = (ROOT / "config" / "example.env").read_text()
    documented = dict(re.findall(r"^# ?(DEPLOY_TASKS_[A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert set(documented) == {f"DEPLOY_TASKS_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        assert field.description
        assert field.description in " ".join(line.removeprefix("# ") for line in text.splitlines())
        if field.default_factory is None and field.default is not None:
            assert documented[f"DEPLOY_TASKS_{name.upper()}"] == str(field.default)
