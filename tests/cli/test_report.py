from __future__ import annotations

from typing import Any

import pytest

from deploy_tasks.cli import report, undoing


def host(status: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {"status": status, "changed": 5, "ok": 9, "failed": 0, "skipped": 0, "bytes_sent": 60_000, **more}


def failed(
    status: str, message: str, phase: str = "verifying", tail: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    return host(status, changed=0, error={"phase": phase, "message": message, "tail": list(tail), **more})


def document(status: str, **hosts: dict[str, Any]) -> dict[str, Any]:
    return {"deployment_id": "7c2e", "status": status, "hosts": hosts, "totals": {}, "timings": {"total": 31.44}}


def lines(doc: dict[str, Any]) -> list[str]:
    return [line.plain.rstrip() for line in report.table(doc)]


def test_a_success_is_one_line() -> None:
    assert lines(document("succeeded", a=host(), b=host())) == [
        "succeeded     2 hosts, 10 changes, 31.4 s, 120 kB sent   deployment 7c2e"
    ]


def test_failed_hosts_come_first_with_their_last_lines() -> None:
    doc = document(
        "failed",
        good=host(),
        gone=failed("unreachable", "refused on port 22 after 3 tries", "connecting", unreachable=1),
        bad=failed("failed", "exit status 4", tail=("one", "two"), task="health"),
    )
    assert lines(doc) == [
        "unreachable   gone   connecting   refused on port 22 after 3 tries",
        'failed        bad   verifying    task "health": exit status 4',
        "              last lines:",
        "                one",
        "                two",
        "succeeded     1 host, 5 changes, 31.4 s, 180 kB sent   deployment 7c2e",
    ]


def test_the_same_failure_on_many_hosts_is_told_once() -> None:
    names = [f"web-{n:03}" for n in range(200)]
    doc = document("rolled_back", **{name: failed("rolled_back", "exit status 4", tail=("boom",)) for name in names})
    assert lines(doc) == [
        "failed        web-000 web-001 web-002 web-003 and 196 more   verifying    exit status 4",
        "              last line: boom",
        "rolled back   200 hosts   web-000 web-001 web-002 web-003 and 196 more",
        "total         200 hosts, 31.4 s, 12 MB sent   deployment 7c2e",
    ]


def test_a_text_is_never_printed_twice() -> None:
    tail = ("first", "second")
    doc = document("failed", a=failed("failed", "exit 1", tail=tail), b=failed("failed", "exit 2", tail=tail))
    assert lines(doc).count("                first") == 1


def test_a_tail_that_repeats_the_message_is_left_out() -> None:
    doc = document("failed", a=failed("failed", "no such file: /x", tail=("no such file: /x",)))
    assert lines(doc)[0] == "failed        a   verifying    no such file: /x"
    assert "last line" not in "\n".join(lines(doc))


def test_at_most_ten_last_lines() -> None:
    doc = document("failed", a=failed("failed", "exit 1", tail=tuple(f"line {n}" for n in range(50))))
    assert [line.strip() for line in lines(doc) if "line " in line] == [f"line {n}" for n in range(40, 50)]


def test_what_could_not_be_undone_is_told() -> None:
    undo = {
        "conflicted": [{"path": "/etc/x", "why": "changed by someone else"}],
        "irreversible": [{"task": "migrate", "what": "a command ran"}],
    }
    text = lines(document("failed", a=failed("undo_failed", "exit 1", undo=undo) | {"undo": undo}))
    assert "not undone    a   /etc/x: changed by someone else" in text
    assert 'not undone    a   task "migrate": a command ran' in text


@pytest.mark.parametrize(
    ("doc", "sentence", "hint"),
    [
        (document("succeeded", a=host()), None, None),
        (
            document("rolled_back", a=failed("rolled_back", "x"), b=host("rolled_back")),
            "1 of 2 hosts failed; every host that was touched was rolled back",
            "deploy-tasks logs 7c2e a",
        ),
        (
            document("failed", a=failed("unreachable", "x"), b=host()),
            "1 of 2 hosts is not on 7c2e",
            "REDO --limit @7c2e.failed",
        ),
        (
            document("cancelled", a=host("cancelled"), b=host()),
            "7c2e was cancelled; 1 of 2 hosts not on it",
            "deploy-tasks logs 7c2e",
        ),
        (
            document("failed", a=failed("undo_failed", "x"), b=host("rolled_back")),
            "2 hosts of 2 could not be taken back completely",
            "deploy-tasks logs 7c2e a",
        ),
    ],
)
def test_the_verdict_names_the_next_command(doc: dict[str, Any], sentence: str | None, hint: str | None) -> None:
    assert report.verdict(doc, "REDO") == (None if sentence is None else (sentence, hint))


def test_results_on_standard_output_and_the_error_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    report.show(document("failed", a=failed("failed", "exit 1")), "REDO")
    captured = capsys.readouterr()
    assert captured.out.startswith("failed        a")
    assert captured.err.startswith("error: 1 of 1 host")
    assert "\x1b" not in captured.out + captured.err


def test_every_host_has_a_line_failed_ones_first() -> None:
    doc = document("failed", good=host(duration_s=1.25), worse=failed("failed", "x") | {"duration_s": 0.5})
    assert [line.plain for line in report.host_rows(doc)] == [
        "failed        worse   9 ok  0 changed  0 failed  0 skipped  0.5 s  60 kB sent",
        "succeeded     good    9 ok  5 changed  0 failed  0 skipped  1.2 s  60 kB sent",
    ]


def test_a_rollback_that_was_asked_for_is_no_error() -> None:
    doc = document("rolled_back", a=host("rolled_back"))
    assert report.verdict(doc, "REDO", "rolled_back") is None


def test_hosts_that_nobody_has_added_are_said_and_blamed_for_nothing() -> None:
    left = {"new1": host("untouched"), "new2": host("untouched")}
    assert lines(document("succeeded", a=host(), **left))[0] == (
        "untouched     2 hosts   new1 new2   in no inventory, and added by no add_host"
    )
    found = report.verdict(document("failed", a=failed("failed", "x"), b=host(), **left), "REDO")
    assert found is not None
    assert found[0] == "1 of 4 hosts is not on 7c2e"
    assert report.verdict(document("rolled_back", a=host("rolled_back"), **left), "REDO", "rolled_back") is None


def test_a_deployment_that_fails_without_a_host_to_blame_says_why() -> None:
    host = {"status": "cancelled", "error": {"phase": "queued", "message": "it was not started"}}
    document = {
        "deployment_id": "7c2e",
        "status": "failed",
        "reason": "the runner for x86_64-linux does not build",
        "hosts": {"web1": host},
        "totals": {},
        "timings": {},
    }
    assert "the runner for x86_64-linux does not build" in "\n".join(line.plain for line in report.table(document))


def test_an_undo_is_counted_and_what_stays_is_listed() -> None:
    undo = {
        "undone": ["/etc/a"],
        "conflicted": [{"path": "/etc/b", "why": "content changed since"}],
        "irreversible": [{"task": "mail", "what": "mail everybody"}],
        "counts": {"undone": 250, "conflicted": 1, "irreversible": 1},
    }
    doc = document("failed", a=host("undo_failed", undo=undo), b=host("rolled_back", undo={"undone": ["/etc/a"]}))
    assert lines(doc)[:3] == [
        "not undone    a   /etc/b: content changed since",
        'not undone    a   task "mail": mail everybody',
        "undo          2 hosts   251 undone, 1 conflicted, 1 irreversible",
    ]
    assert [line.plain for line in undoing.restored(doc["hosts"])] == ["undone        a b   /etc/a"]


def test_a_success_tells_what_cannot_be_undone() -> None:
    assert lines(document("succeeded", a=host(irreversible=2), b=host(irreversible=1), c=host()))[0] == (
        "irreversible  3 steps on 2 hosts   deploy-tasks rollback --dry-run 7c2e"
    )
    assert not any("irreversible" in line for line in lines(document("succeeded", a=host())))


def test_a_dry_run_names_silent_hosts_and_conflicts_first() -> None:
    clean = {"undone": ["/etc/a"], "conflicted": [], "irreversible": []}
    bad = clean | {"conflicted": [{"path": "/etc/b", "why": "was removed since"}]}
    later = [{"deployment": "8d3f", "undo": {"undone": ["/etc/c"]}, "later": []}]
    hosts = {
        "a": {"status": "succeeded", "undo": clean, "later": later},
        "b": {"status": "succeeded", "undo": bad, "later": []},
        "c": {"error": {"message": "refused on port 22", "hint": "is it up?"}},
    }
    doc = {"deployment_id": "7c2e", "status": "succeeded", "hosts": hosts}
    assert [line.plain for line in undoing.foreseen(doc, verbose=False)] == [
        "unreachable   c   refused on port 22 (is it up?)",
        "conflict      b   /etc/b: was removed since",
        "would undo    a   /etc/c",
        "would undo    a b   /etc/a",
        "dry run       a   2 would be undone, 0 conflicts, 0 irreversible   after 8d3f",
        "dry run       b   1 would be undone, 1 conflicts, 0 irreversible",
    ]
    assert undoing.incomplete(doc) == "2 of 3 hosts would not come back completely"
    assert undoing.incomplete({"hosts": {"a": hosts["a"]}}) == ""


def test_a_failed_task_is_told_with_its_file_and_line() -> None:
    doc = document("failed", bad=failed("failed", "x is undefined", task="health", line="site.yml:7"))
    assert any('task "health" (site.yml:7): x is undefined' in line for line in lines(doc))
