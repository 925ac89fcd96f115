"""Whatever comes in, only our own errors come out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy_tasks.errors import InventoryError, PlanError
from deploy_tasks.plan.inventory import inventory_for, load_inventory, parse_hosts_argument
from deploy_tasks.plan.load import load_plan, plan_of
from deploy_tasks.plan.validate import check

GOLDEN = Path(__file__).parent / "golden"
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SEEDS = [
    json.loads(path.read_text()) for path in sorted(GOLDEN.glob("*.json"))
] + [
    {
        "tasks": [{"id": "a", "name": "a", "module": "copy", "args": {"src": "x", "dest": "/x"}}],
        "inventory": {"groups": {"web": {"hosts": ["h"]}}, "hosts": {"h": {"connection": {"method": "Ssh"}}}},
    }
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: replaced(item, path[1:], new) if key == path[0] else item for key, item in value.items()}
    return [replaced(item, path[1:], new) if index == path[0] else item for index, item in enumerate(value)]


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A document that is almost one of ours: some values replaced by anything."""
    document = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 3))):
        document = replaced(document, draw(st.sampled_from(places(document))), draw(ANYTHING))
        if not places(document):
            break
    return document


@QUIET
@given(damaged() | ANYTHING)
def test_no_document_causes_anything_but_plan_errors(document: Any) -> None:
    try:
        plan = plan_of(document, source="x.json")
        problems = check(plan, inventory_for(plan, None), GOLDEN)
    except (PlanError, InventoryError) as error:
        problems = list(error.problems)
        assert problems
    assert all(problem.message for problem in problems)


@QUIET
@given(st.text() | damaged().map(json.dumps) | st.binary().map(lambda data: data.decode("latin-1")))
def test_no_text_causes_anything_but_plan_errors(text: str) -> None:
    try:
        found: Sequence[object] = list(load_plan(text, source="x.json").walk())
    except PlanError as error:
        found = error.problems
    assert all(found)


INVENTORY_TEXT = (
    st.text(alphabet="[]:=webdb01,;# \n\t'\"{}-!&*vars\\é\0") | st.text() | ANYTHING.map(lambda v: json.dumps(v))
)


@pytest.mark.parametrize("suffix", [".ini", ".yml", ".json", ""])
@QUIET
@given(text=INVENTORY_TEXT)
def test_no_inventory_causes_anything_but_inventory_errors(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"hosts{suffix}"
    path.write_bytes(text.encode("utf-8", "replace"))
    try:
        inventory = load_inventory(path)
    except InventoryError as error:
        told = [problem.message for problem in error.problems]
        assert all(told)
        assert told
        return
    json.dumps([host.vars for host in inventory.hosts.values()])


@QUIET
@given(st.text(alphabet="[]:,!&~*webd019-@") | st.text())
def test_no_pattern_causes_anything_but_inventory_errors(pattern: str) -> None:
    inventory = parse_hosts_argument("web1,web2,db1")
    try:
        chosen = inventory.select([pattern])
    except InventoryError:
        return
    assert set(chosen) <= set(inventory.hosts)
