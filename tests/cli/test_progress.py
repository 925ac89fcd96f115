from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from deploy_tasks.cli.progress import Progress
from deploy_tasks.cli.render import row
from deploy_tasks.cli.tally import Tally


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def status(status: str, **more: Any) -> dict[str, Any]:
    return {"kind": "deployment", "status": status, **more}


def host(name: str, state: str) -> dict[str, Any]:
    return {"kind": "host", "host": name, "state": state}


def play(events: list[dict[str, Any]], *, terminal: bool = False, quiet: bool = False) -> str:
    stream, clock = io.StringIO(), Clock()
    console = Console(file=stream, force_terminal=terminal, width=100, color_system=None, soft_wrap=True)
    with Progress(console, clock=clock, quiet=quiet) as progress:
        progress.plan("web", ["6 tasks", "3 hosts"])
        for event in events:
            clock.now += 0.5
            progress.feed(event)
    return stream.getvalue()


GOOD = [
    status("queued"),
    status("running"),
    {"kind": "artifact", "triple": "x86_64-linux", "size": 3_100_000, "cached": True},
    status("running", batch=0, hosts=1),
    host("a", "connecting"),
    host("a", "running"),
    host("a", "succeeded"),
    status("running", batch=1, hosts=2),
    host("b", "succeeded"),
    host("c", "failed"),
    status("rolling_back", hosts=3, reason="1 of 2 hosts of batch 2 failed"),
    host("a", "undoing"),
    *(host(name, "rolled_back") for name in "abc"),
    status("rolled_back"),
]


def test_a_pipe_gets_one_line_per_phase() -> None:
    assert play(GOOD).splitlines() == [
        "plan      web   6 tasks, 3 hosts",
        "compile   x86_64-linux 3.1 MB (cached)",
        "batch 1   1 host   1 ok (2.0 s)",
        "batch 2   2 hosts   1 ok, 1 failed (1.5 s)",
        "rollback  1 of 2 hosts of batch 2 failed",
        "rollback  3 hosts   3 rolled back (2.5 s)",
    ]


def test_a_batch_that_is_cancelled_goes_on_until_its_hosts_have_ended() -> None:
    begun = [status("running", batch=0, hosts=2), host("a", "running")]
    cancelled = status("cancelling", reason="cancelled by hand")
    ends = [host("a", "failed"), host("b", "cancelled"), status("cancelled")]
    assert play([*begun, cancelled, *ends]).splitlines()[1:] == [
        "cancel    cancelled by hand",
        "batch 1   2 hosts   1 failed, 1 cancelled (2.5 s)",
    ]


def test_the_same_artifact_is_told_once_and_unknown_events_are_ignored() -> None:
    artifact = {"kind": "artifact", "triple": "x86_64-linux", "size": 1, "duration_s": 4.2}
    assert play([artifact, artifact, {"kind": "weather"}, {}]).count("compile") == 1


def test_a_terminal_gets_a_live_line_that_goes_away() -> None:
    text = play(GOOD, terminal=True)
    assert "\x1b[?25l" in text
    assert "\x1b[?25h" in text
    assert "batch 2   2 hosts   1 ok, 1 failed" in text


def test_quiet_says_nothing() -> None:
    assert play(GOOD, quiet=True) == ""


def test_the_live_line_counts() -> None:
    tally = Tally(4, started=10.0)
    for name, state in [("a", "succeeded"), ("b", "failed"), ("c", "running"), ("d", "connecting")]:
        tally.move(name, state)
    assert tally.live(22.9) == "[00:12] 2/4 hosts  1 failed  1 connecting  1 running"


def test_a_host_that_failed_and_was_taken_back_is_both() -> None:
    tally = Tally(2, started=0.0)
    for name, state in [("a", "succeeded"), ("b", "failed"), ("b", "undoing"), ("b", "rolled_back")]:
        tally.move(name, state)
    assert tally.ended(1.0) == "2 hosts   1 ok, 1 failed, 1 rolled back (1.0 s)"


def test_a_host_that_took_itself_back_in_a_batch_has_failed_and_one_of_a_rollback_has_not() -> None:
    for rollback, words in [(False, "1 failed, 1 rolled back"), (True, "1 rolled back")]:
        tally = Tally(1, started=0.0, rollback=rollback)
        tally.move("a", "rolled_back")
        assert tally.ended(1.0) == f"1 host   {words} (1.0 s)"


def test_only_the_label_is_coloured() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, color_system="standard", width=100, soft_wrap=True)
    console.print(row("succeeded", "2 hosts"))
    assert stream.getvalue() == "\x1b[32msucceeded   \x1b[0m  2 hosts\n"


def test_a_batch_of_several_stages_says_which_play_it_is_of() -> None:
    events = [
        status("running"),
        status("running", batch=0, hosts=2, play="db"),
        host("a", "running"),
        host("a", "waiting"),
        host("b", "waiting"),
        status("running", batch=1, hosts=1, play="web, all"),
        host("a", "failed"),
        status("rolling_back", hosts=2, reason="1 host failed"),
        host("a", "rolled_back"),
        host("b", "rolled_back"),
    ]
    assert play(events).splitlines()[1:] == [
        "batch 1   db   2 hosts   2 ok (2.0 s)",
        "batch 2   web, all   1 host   1 failed (1.0 s)",
        "rollback  1 host failed",
        "rollback  2 hosts   2 rolled back (1.0 s)",
    ]
