"""`settings`: every setting, its value, where it comes from and what it means."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from deploy_tasks.cli import render
from deploy_tasks.settings import Settings, load

_PREFIX = "DEPLOY_TASKS_"


def show_settings(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Print every setting: its environment variable, its value, whether it was set, what it means.

    Secrets are shown as asterisks.
    """
    current = load()
    if as_json:
        render.out().print(json.dumps({name: _value(current, name) for name in Settings.model_fields}, default=str))
        return
    out = render.out()
    for name, field in Settings.model_fields.items():
        mark = "set" if name in current.model_fields_set else "default"
        out.print(Text(f"{_PREFIX}{name.upper()}={_shown(_value(current, name))}").append(f"  ({mark})", style="dim"))
        out.print(Text(f"    {field.description or ''}", style="dim"))


def _value(current: Settings, name: str) -> Any:
    return getattr(current, name)


def _shown(value: Any) -> str:
    return "" if value is None else render.printable(value)
