"""One event of a deployment as lines of a log."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from deploy_tasks.cli import render, units

_MOST_LINES = 200


def task_lines(event: Mapping[str, Any], *, with_host: bool) -> Iterator[Text]:
    """The lines for one event; nothing for events that say nothing to a reader."""
    moment = time.strftime("%H:%M:%S", time.localtime(float(event.get("at") or 0)))
    host = f"{event.get('host')}  " if with_host and event.get("host") else ""
    kind = event.get("kind")
    if kind == "deployment":
        yield _line(moment, host, str(event.get("status", "")), str(event.get("reason") or _batch(event)))
    elif kind == "host":
        yield _line(moment, host, str(event.get("state", "")), str(event.get("message") or event.get("reason") or ""))
    elif kind == "task" and event.get("status"):
        took = units.seconds(float(event.get("duration_s") or 0))
        place = f" at {event['line']}" if event["status"] in ("failed", "ignored") and event.get("line") else ""
        yield _line(moment, host, str(event["status"]), f"{event.get('name') or event.get('id')} ({took}){place}")
        yield from _details(event)


def _batch(event: Mapping[str, Any]) -> str:
    """Which batch an event is about, and of which plays."""
    if "batch" not in event:
        return ""
    words = [f"batch {int(event['batch']) + 1}", event.get("play"), event.get("verdict")]
    return "  ".join(str(word) for word in words if word)


def _line(moment: str, host: str, label: str, text: str) -> Text:
    line = Text(f"{moment}  {render.printable(host)}", style="dim")
    return Text.assemble(line, render.styled(label.replace("_", " "), 11), " ", render.printable(text))


def _details(event: Mapping[str, Any]) -> Iterator[Text]:
    """What the task said: its message when it failed, its differences, its output."""
    result = event.get("result") or {}
    said = [str(event.get("msg") or "")] if event.get("status") in ("failed", "ignored") else []
    said += [str(result.get(name) or "") for name in ("stdout", "stderr") if isinstance(result, Mapping)]
    lines = list(dict.fromkeys(line for text in said for line in text.splitlines() if line.strip()))
    for line in lines[:_MOST_LINES]:
        yield Text(f"            {render.printable(line)}")
    for change in event.get("diff") or ():
        yield from diff_lines(change)


def diff_lines(change: Mapping[str, Any]) -> Iterator[Text]:
    """A change as a unified difference."""
    import difflib

    before, after = str(change.get("before") or ""), str(change.get("after") or "")
    names = str(change.get("before_header") or "before"), str(change.get("after_header") or "after")
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="", n=2)
    for number, line in enumerate(found):
        if number >= _MOST_LINES:
            yield Text("            …")
            return
        style = "green" if line.startswith("+") else "red" if line.startswith("-") else ""
        yield Text(f"            {render.printable(line)}", style=style)
