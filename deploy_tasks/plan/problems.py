"""Turning what a model found wrong into problems with a path, a sentence and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from deploy_tasks.errors import Problem
from deploy_tasks.plan.fields import kind

MAX_PROBLEMS = 200
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
_BOUNDS = {
    "greater_than_equal": "at least",
    "less_than_equal": "at most",
    "greater_than": "above",
    "less_than": "below",
}
# What to write where a key is missing or ill-typed.
_EXAMPLES = {
    "plays": '"plays": [{"play_id": "play-0", "name": "…", "batches": […]}]',
    "play_id": '"play_id": "play-0"',
    "batches": '"batches": [{"batch_id": "batch-0", "tasks": […]}]',
    "batch_id": '"batch_id": "batch-0"',
    "tasks": '"tasks": []',
    "task_id": '"task_id": "task_0"',
    "id": '"id": "copy-config"',
    "name": '"name": "what the task is for"',
    "module": '"module": "copy"',
    "args": '"args": {"dest": "/etc/app.conf"}',
    "handler_id": '"handler_id": "handler_0"',
    "expression": '"expression": "ansible_system == \'Linux\'"',
    "pattern": '"pattern": "web*"',
    "enabled": '"enabled": true',
    "tags": '"tags": ["deploy"]',
    "variable": '"variable": "ansible_system"',
    "operator": '"operator": "Equals"',
    "max_attempts": '"max_attempts": 3',
    "src_path": '"src_path": "files/app.conf"',
    "deployment_id": '"deployment_id": "group_0"',
    "module_name": '"module_name": "stat"',
    "hosts": '"hosts": ["web1"]',
}


def path_of(location: Iterable[int | str], prefix: str = "") -> str:
    """`plays[0].tasks[2].args.mode` of `("plays", 0, "tasks", 2, "args", "mode")`."""
    path = prefix
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            path += f".{part}" if path else part
        else:
            path += f"[{part[:80]!r}]"
    return path


def from_validation(error: ValidationError, prefix: str = "", source: str | None = None) -> list[Problem]:
    """Every finding of a model as a problem, in document order. No value of the document is repeated."""
    details = error.errors(include_url=False, include_context=True)
    return [_problem(detail, prefix, source) for detail in details[:MAX_PROBLEMS]]


def _problem(detail: Any, prefix: str, source: str | None) -> Problem:
    location = [part for part in detail["loc"] if isinstance(part, int) or part != "[key]"]
    message, hint = _words(detail, str(location[-1]) if location else "")
    return Problem(path_of(location, prefix), message, hint or None, source)


def _words(detail: Any, key: str) -> tuple[str, str | None]:
    sort, context = detail["type"], detail.get("ctx", {})
    example = f"write {_EXAMPLES[key]}" if key in _EXAMPLES else None
    if sort == "plan":
        return context["message"], context["hint"] or None
    if sort == "missing":
        return "is missing", example
    if sort in _WANTED:
        return f"must be {_WANTED[sort]}, not {kind(detail['input'])}", example
    if sort in _BOUNDS:
        return f"must be {_BOUNDS[sort]} {next(iter(context.values()))}", None
    if sort == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return not_among(detail["input"], choices)
    return str(detail["msg"])[:1].lower() + str(detail["msg"])[1:], example


def not_among(value: Any, choices: Sequence[str]) -> tuple[str, str | None]:
    """Message and hint for a value that is none of the choices."""
    listed = ", ".join(choices)
    if not isinstance(value, str):
        return f"must be one of {listed}, not {kind(value)}", None
    return f"{value[:60]!r} is not one of {listed}", suggest(value, choices)


def suggest(value: str, known: Iterable[str]) -> str | None:
    """`did you mean …?` when a known word is near, letter case aside."""
    by_lower = {word.lower(): word for word in known}
    near = difflib.get_close_matches(value[:100].lower(), list(by_lower), n=1, cutoff=0.6)
    return f"did you mean {by_lower[near[0]]}?" if near else None
