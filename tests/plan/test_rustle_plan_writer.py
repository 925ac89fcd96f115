"""Format A as we write it: reading it back gives an equal plan, and it has what the format asks for."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.load import load, load_plan, read_plan
from deploy_tasks.plan.model import Block, Include, Plan, Play, Task
from deploy_tasks.plan.rustle_plan_writer import write_plan
from deploy_tasks.plan.vault import Vault
from tests.support.plans import plans

ROOT = Path(__file__).parent.parent.parent
SAMPLE = json.loads((ROOT / "examples/web/web.json").read_text())
PLAY = {"play_id", "name", "strategy", "serial", "hosts", "batches", "handlers"}
BATCH = {"batch_id", "hosts", "tasks", "parallel_groups", "dependencies"}
TASK = {
    "task_id", "name", "module", "args", "hosts", "dependencies", "conditions", "tags", "notify", "execution_order",
    "can_run_parallel", "estimated_duration", "risk_level",
}  # fmt: skip
HANDLER = {"handler_id", "name", "module", "args", "conditions", "execution_order"}
DOCUMENT = {"metadata", "plays", "binary_deployments", "total_tasks", "hosts"}
OPTIONS = {"limit", "tags", "skip_tags", "check_mode", "diff_mode", "forks", "serial"}


def again(plan: Plan, **options: Any) -> Plan:
    """Written, sent through a pipe and read."""
    return load_plan(json.dumps(write_plan(plan, **options)), source="somewhere.json")


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans())
def test_what_is_written_reads_back_equal(plan: Plan) -> None:
    read = again(plan)
    assert read == plan
    assert read.model_dump(mode="json") == plan.model_dump(mode="json")


@pytest.mark.parametrize("name", ["web/web.json", "web/web-broken.json", "report/report.json"])
def test_the_examples_read_back_equal(name: str) -> None:
    plan, _ = read_plan(str(ROOT / "examples" / name))
    assert again(plan) == plan


def playbooks() -> list[Path]:
    return sorted((ROOT / "tests/twin/cases").glob("*/site.yml"))


@pytest.mark.parametrize("path", playbooks(), ids=lambda path: path.parent.name)
def test_playbooks_read_back_equal(path: Path) -> None:
    try:
        found = load(str(path))
    except PlanError:
        return  # a case that is refused, or that needs a password
    assert again(found.plan, vault=Vault()) == found.plan


def test_most_playbooks_are_read() -> None:
    """So that the test above cannot pass by reading none."""
    read = 0
    for path in playbooks():
        with suppress(PlanError):
            load(str(path))
            read += 1
    assert read > 60


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans())
def test_every_key_of_the_format_is_there(plan: Plan) -> None:
    document = write_plan(plan)
    assert document.keys() >= DOCUMENT
    assert document["metadata"]["planning_options"].keys() >= OPTIONS
    for play in document["plays"]:
        assert play.keys() >= PLAY
        (batch,) = play["batches"]
        assert batch.keys() >= BATCH
        assert [task["execution_order"] for task in batch["tasks"]] == list(range(len(batch["tasks"])))
        assert all(task.keys() >= TASK for task in entries(batch["tasks"]))
        assert all(task["risk_level"] in ("Low", "Medium", "High", "Critical") for task in batch["tasks"])
        assert all(handler.keys() >= HANDLER for handler in entries(play["handlers"]))


def entries(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for entry in listed:
        found.append(entry)
        for part in ("block", "rescue", "always"):
            found += entries(entry.get(part, []))
        for inner in entry.get("choices", {}).values():
            found += entries(inner)
    return found


def plan_of(*steps: Task | Block | Include) -> Plan:
    return Plan(name="site", format="playbook", plays=(Play(id="p0", tasks=steps),))


def test_keywords_stand_under_their_own_names() -> None:
    task = Task(
        id="t1",
        name="Sync",
        module="copy",
        args={"src": "files/a", "dest": "/a"},
        when=("x is defined",),
        register="done",
        async_s=30,
        poll_s=0,
        timeout_s=5.0,
        loop=["a", "b"],
        loop_label="{{ item }}",
        delegate_to="web1",
        where="site.yml[0].tasks[0]",
    )
    entry = write_plan(plan_of(task))["plays"][0]["batches"][0]["tasks"][0]
    assert entry == {
        "task_id": "t1",
        "name": "Sync",
        "module": "copy",
        "args": {"src": "files/a", "dest": "/a"},
        "hosts": [],
        "dependencies": [],
        "conditions": [{"When": {"expression": "x is defined"}}],
        "tags": [],
        "notify": [],
        "execution_order": 0,
        "can_run_parallel": False,
        "estimated_duration": None,
        "risk_level": "Medium",
        "register": "done",
        "loop": ["a", "b"],
        "loop_control": {"label": "{{ item }}"},
        "async": 30,
        "poll": 0,
        "timeout": 5.0,
        "delegate_to": "web1",
        "source": "site.yml[0].tasks[0]",
    }


def test_a_name_of_the_document_beats_that_of_its_file_and_hosts_are_told() -> None:
    plan = plan_of(Task(id="t1", name="a", module="ping"))
    document = write_plan(plan, hosts=["web1"], base_dir="..")
    assert (document["hosts"], document["metadata"]["deploy_tasks"]["base_dir"]) == (["web1"], "..")
    assert again(plan, hosts=["web1"]).name == "site"


def test_a_plan_with_an_id_twice_is_not_written() -> None:
    task = Task(id="t1", name="a", module="ping")
    with pytest.raises(PlanError, match="'t1' is the id of another task"):
        write_plan(plan_of(task, task))


def nested(document: dict[str, Any]) -> dict[str, Any]:
    inner = {"task_id": "i", "name": "i", "module": "ping", **document}
    outer = {"task_id": "o", "name": "o", "module": "block", "block": [inner]}
    play = {"play_id": "p", "name": "p", "batches": [{"batch_id": "b", "tasks": [outer]}]}
    return {"plays": [play]}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"dependencies": ["x"]}, "block[0].dependencies: tasks in a block run in the order they stand in"),
        (
            {"exact": {"modul": "copy"}},
            "block[0].exact.modul: is no field that can be given here (did you mean module?)",
        ),
        ({"exact": {"when": 5}}, "block[0].exact.when: "),
        ({"exact": {"register": {}}}, "block[0].exact.register: must be text, not an object"),
        (
            {"block": [], "conditions": [{"CheckMode": {"enabled": True}}]},
            "block[0].conditions: a block or an include takes When and Tag",
        ),
        ({"choices": {"a.yml": []}}, "block[0].args: does not say what is included"),
    ],
)
def test_what_is_wrong_in_a_block_is_told_with_its_place(given: dict[str, Any], told: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_plan(json.dumps(nested(given)), source="x.json")
    assert any(told in str(problem) for problem in caught.value.problems), str(caught.value)


def test_hosts_of_a_batch_hold_for_the_tasks_in_its_blocks() -> None:
    document = nested({"hosts": ["web1", "web2"]})
    document["plays"][0]["batches"][0]["hosts"] = ["web1", "web3"]
    (task,) = load_plan(json.dumps(document), source="x.json").walk()
    assert task.only == ("web1",)
    document["plays"][0]["batches"][0]["hosts"] = ["web3"]
    with pytest.raises(PlanError, match="none of these hosts is in the batch"):
        load_plan(json.dumps(document), source="x.json")
