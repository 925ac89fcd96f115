"""What tasks changed, or would change with `--check`: the same change on many hosts is told once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from deploy_tasks.cli import render, units
from deploy_tasks.cli.taskline import diff_lines


class Changes:
    """Collects task events of a deployment."""

    def __init__(self) -> None:
        self._hosts: dict[tuple[str, str, str], list[str]] = {}

    def feed(self, event: Mapping[str, Any]) -> None:
        """One event; only tasks that changed something count."""
        if event.get("kind") != "task" or event.get("status") != "changed":
            return
        key = str(event.get("where") or event.get("id")), str(event.get("name")), json.dumps(event.get("diff") or [])
        self._hosts.setdefault(key, []).append(str(event.get("host")))

    def lines(self, *, check: bool) -> Iterator[Text]:
        """A line for each change with its hosts, its differences below."""
        label = "would change" if check else "changed"
        for (_, name, differences), hosts in self._hosts.items():
            yield render.row(label, name, units.names(hosts))
            for change in json.loads(differences):
                yield from diff_lines(change)
