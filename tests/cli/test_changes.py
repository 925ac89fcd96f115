from __future__ import annotations

from typing import Any

from deploy_tasks.cli.changes import Changes
from deploy_tasks.cli.taskline import task_lines


def task(host: str, status: str = "changed", **more: Any) -> dict[str, Any]:
    return {"kind": "task", "at": 0, "host": host, "id": "t1", "name": "Configuration", "status": status, **more}


DIFF = [{"before": "port=80\n", "after": "port=81\n", "before_header": "/etc/x", "after_header": "/etc/x"}]


def test_the_same_change_is_told_once() -> None:
    changes = Changes()
    for name in ("a", "b"):
        changes.feed(task(name, diff=DIFF))
    changes.feed(task("c", "ok"))
    assert [line.plain.strip() for line in changes.lines(check=True)] == [
        "would change  Configuration   a b",
        "--- /etc/x",
        "+++ /etc/x",
        "@@ -1 +1 @@",
        "-port=80",
        "+port=81",
    ]


def test_different_changes_are_told_apart() -> None:
    changes = Changes()
    changes.feed(task("a", diff=DIFF))
    changes.feed(task("b"))
    assert next(changes.lines(check=False)).plain.split()[0] == "changed"
    assert len([line for line in changes.lines(check=False) if line.plain.startswith("changed")]) == 2


def test_a_failed_task_shows_what_it_said_once() -> None:
    event = task("a", "failed", msg="boom", result={"stdout": "line 1\nboom", "stderr": ""}, duration_s=0.25)
    lines = [line.plain for line in task_lines(event, with_host=True)]
    assert lines[0].endswith("a  failed      Configuration (0.2 s)")
    assert [line.strip() for line in lines[1:]] == ["boom", "line 1"]


def test_events_without_a_word_for_the_reader_are_left_out() -> None:
    assert list(task_lines({"kind": "task", "at": 0, "name": "started"}, with_host=True)) == []


def test_the_log_says_which_batch_of_which_play_begins_and_how_it_went() -> None:
    begun = {"kind": "deployment", "status": "running", "at": 0, "batch": 1, "hosts": 3, "play": "db"}
    passed = {"kind": "deployment", "status": "batch", "at": 0, "batch": 1, "verdict": "passed"}
    lines = [next(task_lines(event, with_host=True)).plain for event in (begun, passed)]
    assert [line.split(None, 1)[1] for line in lines] == ["running     batch 2  db", "batch       batch 2  passed"]
