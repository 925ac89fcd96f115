"""Errors on the screen, and the exit status each of them means.

| status | meaning |
| --- | --- |
| 0 | succeeded |
| 1 | the deployment failed, was rolled back or cancelled |
| 2 | bad input; nothing was enqueued |
| 3 | refused: another deployment holds some of the hosts |
| 4 | our own failure: broker lost, a full disk, a bug |
| 130 | interrupted |
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from deploy_tasks.cli import render
from deploy_tasks.errors import DeployError, DocumentError, Problem
from deploy_tasks.settings import settings

INTERRUPTED = 130


class Interrupted(DeployError):
    """The user left before the end."""

    exit_status = INTERRUPTED


_MOST_PROBLEMS = 50
_EXCERPT_WIDTH = 100
_LARGEST_EXCERPT_SOURCE = 16 << 20


def report(error: BaseException) -> int:
    """Print the error by the rules and return the exit status it means."""
    if isinstance(error, KeyboardInterrupt):
        render.error("interrupted")
        return INTERRUPTED
    if isinstance(error, DocumentError):
        _problems(error)
        return error.exit_status
    if isinstance(error, DeployError):
        render.error(str(error), error.hint)
        return error.exit_status
    return _unexpected(error)


def tell_as_json(error: BaseException, told: Mapping[str, Any] | None = None) -> None:
    """Print the document of an error, or this one, once: whoever knows best what it is does so first."""
    if not getattr(error, "told_as_json", False):
        error.told_as_json = True  # type: ignore[attr-defined]
        render.out().print(json.dumps(document(error) if told is None else told))


def document(error: BaseException) -> dict[str, Any]:
    """What `--json` prints instead of a result when there is none."""
    problems = error.problems if isinstance(error, DocumentError) else ()
    return {
        "deployment_id": None,
        "status": "failed",
        "hosts": {},
        "totals": {},
        "timings": {},
        "error": {
            "message": _headline(error) if isinstance(error, DocumentError) else str(error) or type(error).__name__,
            "hint": getattr(error, "hint", None),
            "problems": [problem.to_json() for problem in problems],
        },
    }


def _headline(error: DocumentError) -> str:
    count = len(error.problems)
    return f"{count} problem{'' if count == 1 else 's'} in the {error.noun}"


def _problems(error: DocumentError) -> None:
    render.error(_headline(error))
    for problem in error.problems[:_MOST_PROBLEMS]:
        for line in problem_lines(problem):
            render.err().print(line)
    hidden = len(error.problems) - _MOST_PROBLEMS
    if hidden > 0:
        render.note(f"  … and {hidden} more")
    if error.hint:
        render.hint(error.hint)


def problem_lines(problem: Problem) -> list[Text]:
    """A problem as lines: where and what, the source line with a caret when known, what to write instead."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None)
    # A caret shows the place better than a path does.
    path = "" if "\n" in problem.message and problem.column else problem.path
    head = ": ".join(render.printable(part) for part in (place, path, problem.message) if part)
    lines = [Text("  " + head)]
    lines += [Text("    " + line, style="dim") for line in excerpt(problem)]
    if problem.hint:
        lines.append(Text("    ").append(render.styled("hint:")).append(" " + render.printable(problem.hint)))
    return lines


def excerpt(problem: Problem) -> list[str]:
    """The source line the problem is in, with a caret under the column; nothing when the message shows it already."""
    if problem.line is None or problem.file is None or "\n" in problem.message:
        return []
    source = _source_line(Path(problem.file), problem.line)
    if source is None:
        return []
    number = f"{problem.line} | "
    if problem.column is None or problem.column > len(source) + 1:
        return [number + source[:_EXCERPT_WIDTH]]
    start = max(0, problem.column - _EXCERPT_WIDTH // 2)
    caret = " " * (len(number) - 2) + "| " + " " * (problem.column - 1 - start) + "^"
    return [number + source[start : start + _EXCERPT_WIDTH], caret]


def _source_line(path: Path, number: int) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_EXCERPT_SOURCE:
            return None
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        return None
    return render.printable(lines[number - 1].replace("\t", " ")) if 0 < number <= len(lines) else None


def _debugging() -> bool:
    try:
        return settings().log_level == "DEBUG"
    except DeployError:
        return False


def _unexpected(error: BaseException) -> int:
    """A bug or a failing machine: one sentence for everyone, the traceback on request."""
    if _debugging():
        render.err().print(Text("".join(traceback.format_exception(error))))
    sentence = str(error) or "no message"
    if isinstance(error, OSError):
        render.error(sentence)
    else:
        where = traceback.extract_tb(error.__traceback__)[-1:]
        spot = f" at {Path(where[0].filename).name}:{where[0].lineno}" if where else ""
        render.error(f"unexpected {type(error).__name__}{spot}: {sentence}", "DEPLOY_TASKS_LOG_LEVEL=DEBUG shows where")
    return DeployError.exit_status
