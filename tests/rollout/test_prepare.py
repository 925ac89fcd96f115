"""What a plan says of its own carrying out counts where the request says nothing."""

from __future__ import annotations

from typing import Any

from deploy_tasks.rollout.prepare import Request, prepare
from deploy_tasks.rollout.record import Options

TASK = {"task_id": "t", "name": "t", "module": "debug", "args": {"msg": "x"}}
PLAY = {"play_id": "p", "name": "p", "batches": [{"batch_id": "b", "tasks": [TASK]}]}


def options(planning: dict[str, Any], **asked: Any) -> Options:
    document = {"metadata": {"planning_options": planning}, "plays": [PLAY]}
    return prepare(Request(document, "a,b,", options=Options(**asked))).record.options


def test_a_plan_that_was_made_for_check_mode_changes_nothing() -> None:
    assert options({"check_mode": True, "diff_mode": True}).check
    assert not options({"check_mode": False}).check
    assert options({}, check=True).check


def test_tags_of_the_request_beat_those_of_the_plan() -> None:
    planned = {"tags": ["web"], "skip_tags": ["slow"], "forks": 7}
    assert options(planned).tags == ("web",)
    assert options(planned).skip_tags == ("slow",)
    assert options(planned).parallel == 7
    assert options(planned, tags=("db",), parallel=2).tags == ("db",)
    assert options(planned, parallel=2).parallel == 2


def test_a_deployment_plan_asks_to_be_verified() -> None:
    document = {
        "metadata": {"plan_id": "b"},
        "tasks": [{"id": "t", "name": "t", "module": "debug", "args": {}}],
        "deployment_config": {"verify_deployment": True, "deployment_timeout": 60},
    }
    chosen = prepare(Request(document, "a,")).record.options
    assert chosen.verify
    assert chosen.deployment_timeout_s == 60
