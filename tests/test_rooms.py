"""Who may import whom: DESIGN's order of rooms, checked on the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEAVES = frozenset({"errors", "secret", "outcome", "settings"})
# Upper rooms first: a room may import itself, the leaves, and whatever stands below it here.
ORDER = (
    "cli",
    "api",
    "workers",
    "tasks",
    "producer",
    "broker",
    "messages",
    "rollout",
    "transport",
    "fleet",
    "coverage",
    "compiler",
    "store",
    "plan",
)
ONLY_IN = {
    "fabric": {"transport"},
    "paramiko": {"transport"},
    "invoke": {"transport"},
    "boto3": {"store"},
    "botocore": {"store"},
    "typer": {"cli"},
    "rich": {"cli"},
}
NEVER_FOR = {
    "producer": {"compiler", "transport", "tasks", "workers"},
    "fleet": {"transport", "compiler", "plan", "store"},
}


def sources() -> list[Path]:
    return sorted([*ROOT.glob("deploy_tasks/**/*.py"), *ROOT.glob("workers/**/*.py")])


def room(module: str) -> str | None:
    """The room of a dotted module of ours, `None` for other people's modules."""
    parts = module.split(".")
    if parts[0] == "workers":
        return "workers"
    if parts[0] != "deploy_tasks":
        return None
    return parts[1] if len(parts) > 1 else "root"


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            if node.module == "deploy_tasks":
                for name in node.names:
                    yield f"deploy_tasks.{name.name}", node.lineno


def own_room(path: Path) -> str:
    return room(".".join(path.relative_to(ROOT).with_suffix("").parts)) or ""


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_downwards(path: Path) -> None:
    own = own_room(path)
    for module, line in imports(path):
        top = module.split(".")[0]
        if top in ONLY_IN:
            assert own in ONLY_IN[top], f"{path}:{line} imports {top}, which belongs to {ONLY_IN[top]}"
        other = room(module)
        if other is None or other in LEAVES or other == own or own == "__init__":
            continue
        if own in LEAVES:
            assert other == "errors", f"{path}:{line}: a leaf imports {module}"
        elif own in ORDER and other in ORDER:
            assert ORDER.index(other) > ORDER.index(own), f"{path}:{line}: {own} imports {other}, which is above it"
            assert other not in NEVER_FOR.get(own, ()), f"{path}:{line}: {own} may not import {other}"


def private_uses(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and room(node.module or "") not in (None, own_room(path)):
            for name in node.names:
                if name.name.startswith("_") and not name.name.startswith("__"):
                    yield f"{path}:{node.lineno}: {node.module}.{name.name}"


def test_no_room_reaches_into_private_names_of_another() -> None:
    assert [use for path in sources() for use in private_uses(path)] == []


def test_only_settings_reads_the_environment_for_settings() -> None:
    guilty = [
        str(path)
        for path in sources()
        if path.name not in {"settings.py"}
        and "cli/rustle" not in str(path)
        and any(
            "DEPLOY_TASKS_" in line and ("environ" in line or "getenv" in line) and "get(" in line
            for line in path.read_text().splitlines()
        )
    ]
    assert guilty == []
