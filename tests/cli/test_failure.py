from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.cli import failure
from deploy_tasks.errors import BadInput, BrokerLost, DeployError, PlanError, Problem, Refused


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("x"), 2),
        (PlanError([Problem("a", "b")]), 2),
        (Refused("x"), 3),
        (BrokerLost("x"), 4),
        (ZeroDivisionError("x"), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_has_its_exit_status(error: BaseException, status: int) -> None:
    assert failure.report(error) == status


def test_an_error_is_a_sentence_and_a_hint_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    failure.report(DeployError("the disk is full", hint="df -h"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: the disk is full\nhint: df -h\n"


def test_all_problems_are_shown_with_carets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hosts = tmp_path / "hosts.ini"
    hosts.write_text("[web]\nweb-1 ansible_port=x\n")
    problems = [
        Problem("plays[0].tasks[1].args.mode", "is a number", hint='write "0644"'),
        Problem("", "not a port", file=str(hosts), line=2, column=20),
    ]
    assert failure.report(PlanError(problems, hint="fix both")) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: 2 problems in the plan",
        "  plays[0].tasks[1].args.mode: is a number",
        '    hint: write "0644"',
        f"  {hosts}:2:20: not a port",
        "    2 | web-1 ansible_port=x",
        "      |                    ^",
        "hint: fix both",
    ]


def test_a_very_long_line_is_cut_around_the_caret(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    path.write_text("a" * 5000 + "X" + "b" * 5000)
    line, caret = failure.excerpt(Problem("", "", file=str(path), line=1, column=5001))
    assert len(line) < 120
    assert line[caret.index("^")] == "X"


def test_control_characters_of_documents_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    failure.report(PlanError([Problem("a", "bad \x1b]0;title\x07name \x1b[2J\x08here")]))
    assert capsys.readouterr().err.splitlines()[1] == "  a: bad name here"


def test_the_document_of_an_error_carries_every_problem() -> None:
    document = failure.document(PlanError([Problem("a", "b"), Problem("c", "d")]))
    assert document["status"] == "failed"
    assert document["error"]["message"] == "2 problems in the plan"
    assert [problem["path"] for problem in document["error"]["problems"]] == ["a", "c"]
