"""The commands against real hosts, with the embedded Redis and real workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from deploy_tasks.fleet import Fleet
from tests.cli.conftest import ROOT, Commands

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(180)]
WEB, BROKEN = str(ROOT / "examples/web/web.json"), str(ROOT / "examples/web/web-broken.json")


def slow_plan(folder: Path) -> str:
    tasks = [
        ("file", "copy", {"content": "x", "dest": "/opt/slow"}, []),
        ("sleep", "command", {"_raw_params": "sleep 300"}, ["file"]),
    ]
    document = {
        "metadata": {"version": "1.0", "created_at": "2026-01-01T00:00:00Z", "plan_id": "slow"},
        "strategy": "Linear",
        "tasks": [
            {
                "id": name,
                "name": name,
                "task_type": "Command",
                "module": module,
                "args": args,
                "dependencies": after,
                "conditions": [],
                "target_hosts": "All",
                "failure_policy": "Abort",
            }
            for name, module, args, after in tasks
        ],
    }
    path = folder / "slow.json"
    path.write_text(json.dumps(document))
    return str(path)


def leftovers(state: Path) -> list[str]:
    """Processes that still belong to a state folder: by their environment or their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
            if str(state).encode() in text and int(entry.name) != os.getpid():
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except (OSError, ValueError):
            continue
    return [command for command in found if "sshd" not in command]


def test_json_is_exactly_one_document_and_nothing_is_left(commands: Commands, fleet: Fleet) -> None:
    done = commands.run("deploy-tasks", "deploy", WEB, "-i", str(fleet.inventory_path), "--verify", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["status"] == "succeeded"
    assert set(document["hosts"]) == set(fleet.hosts)
    for host in document["hosts"].values():
        assert host["status"] == "succeeded"
        assert host["error"] is None
        assert {"changed", "ok", "failed", "skipped", "unreachable", "duration_s", "bytes_sent"} <= set(host)
    assert set(document["timings"]) == {"validate", "compile", "push", "verify", "total"}
    assert done.stderr == ""
    assert leftovers(commands.folder / "state") == []

    back = commands.run("deploy-tasks", "rollback", document["deployment_id"])
    assert back.returncode == 0, back.stderr
    listed = commands.run("deploy-tasks", "list", "-i", str(fleet.inventory_path), "--json")
    for answer in json.loads(listed.stdout).values():
        mine = [each for each in answer["deployments"] if each["deployment"] == document["deployment_id"]]
        assert not any(each["applied"] for each in mine)
    assert leftovers(commands.folder / "state") == []


def test_a_failed_verification_rolls_back_and_ends_with_1(commands: Commands, fleet: Fleet) -> None:
    done = commands.run("deploy-tasks", "deploy", BROKEN, "-i", str(fleet.inventory_path), "--verify")
    assert done.returncode == 1
    assert done.stdout.startswith("failed ")
    assert "there is no port 80800" in done.stdout
    assert "rolled back   4 hosts" in done.stdout
    assert "error: 4 of 4 hosts failed; every host that was touched was rolled back" in done.stderr
    logs = done.stderr.strip().splitlines()[-1].removeprefix("hint: ").split()
    assert logs[:2] == ["deploy-tasks", "logs"]
    shown = commands.run(*logs)
    assert shown.returncode == 0
    assert "web answers with this release" in shown.stdout


def test_check_mode_shows_changes_and_makes_none(commands: Commands, fleet: Fleet) -> None:
    arguments = [
        "deploy-tasks",
        "deploy",
        WEB,
        "-i",
        str(fleet.inventory_path),
        "--check",
        "--diff",
        "--limit",
        "web-001",
    ]
    done = commands.run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "would change  Configuration   web-001" in done.stdout
    assert "+port=8080" in done.stdout
    assert not fleet["web-001"].path("/opt/web").exists()


def test_ctrl_c_cancels_in_an_orderly_way(commands: Commands, fleet: Fleet, tmp_path: Path) -> None:
    inventory = str(fleet.inventory_path)
    running = commands.start(
        "deploy-tasks", "deploy", slow_plan(tmp_path), "-i", inventory, "--limit", "web-001,web-002"
    )
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("compile"):
            break
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=90)
    assert running.returncode == 130, err
    assert "cancelling: hosts at work are stopped and taken back" in err
    assert "was cancelled" in err
    assert "2 hosts" in out
    assert not fleet["web-001"].path("/opt/slow").exists()
    assert leftovers(commands.folder / "state") == []


def test_being_killed_leaves_no_process(commands: Commands, fleet: Fleet, tmp_path: Path) -> None:
    arguments = ["deploy", slow_plan(tmp_path), "-i", str(fleet.inventory_path), "--limit", "web-003", "--timeout", "5"]
    running = commands.start("deploy-tasks", *arguments)
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("compile"):
            break
    running.kill()
    running.communicate(timeout=30)
    # Three looks: a process that is just being started shows no environment for a moment.
    look = f"while grep -lsz {commands.folder}/state /proc/[0-9]*/environ; do sleep 0.1; done; sleep 0.2"
    gone = subprocess.run(
        ["timeout", "20", "sh", "-c", f"for n in 1 2 3; do {look}; done"], capture_output=True, check=False
    )
    assert gone.returncode == 0
    assert leftovers(commands.folder / "state") == []


def test_detach_without_a_service_is_refused(commands: Commands, fleet: Fleet) -> None:
    done = commands.run("deploy-tasks", "deploy", WEB, "-i", str(fleet.inventory_path), "--detach")
    assert done.returncode == 2
    assert "hint: deploy-tasks up" in done.stderr


def test_a_configured_redis_that_is_away_is_an_error_and_no_reason_to_start_one(
    commands: Commands, fleet: Fleet
) -> None:
    more = {"DEPLOY_TASKS_REDIS_URL": "redis://127.0.0.1:1/0"}
    done = commands.run("deploy-tasks", "deploy", WEB, "-i", str(fleet.inventory_path), "--json", more=more)
    assert done.returncode == 4
    assert "nothing was enqueued" in json.loads(done.stdout)["error"]["message"]
    assert not (commands.folder / "state" / "redis").exists()


def test_looking_leaves_nothing_behind_where_it_was_started(commands: Commands) -> None:
    done = commands.run("deploy-tasks", "status")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "no deployments are known here\n"
    assert [path.name for path in commands.folder.iterdir()] == ["state"]
    assert leftovers(commands.folder / "state") == []
