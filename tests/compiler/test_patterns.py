"""Host patterns as conditions: what a host decides for itself is what the inventory would have selected."""

from __future__ import annotations

import re
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_tasks.compiler.expressions import lower_condition
from deploy_tasks.compiler.patterns import condition
from deploy_tasks.errors import CompileError
from deploy_tasks.plan.patterns import select

HOSTS = ("web-1", "web-2", "web-3", "db-1", "db-2", "lone.example.com")
GROUPS = {
    "all": HOSTS,
    "web": ("web-1", "web-2", "web-3"),
    "db": ("db-1", "db-2"),
    "eu": ("web-2", "db-1"),
    "web_new": ("web-3",),
    "empty": (),
}
ENVIRONMENT = jinja2.Environment(undefined=jinja2.StrictUndefined)
ENVIRONMENT.tests["match"] = lambda text, pattern: re.match(pattern, text) is not None


def decided(patterns: list[str]) -> set[str]:
    """The hosts that find the condition true, each by its own variables."""
    text = condition(patterns)
    if text is None:
        return set(HOSTS)
    assert lower_condition(text, where="hosts")
    expression = ENVIRONMENT.compile_expression(text, undefined_to_none=False)
    return {host for host in HOSTS if expression(**variables(host))}


def variables(host: str) -> dict[str, Any]:
    own = sorted(name for name, members in GROUPS.items() if host in members and name != "all")
    return {"inventory_hostname": host, "group_names": own, "groups": GROUPS}


SINGLES = [
    "all", "*", "web", "db", "eu", "empty", "web-1", "db-2", "lone.example.com", "web*", "*-1", "web-[12]", "web-[!1]",
    "?b-1", "lone.*", "~web-[0-9]$", r"~(web|db)-\d", "~e.*", "web[0]", "web[-1]", "web[0:1]", "web[1:]", "web[:1]",
    "web[1:-1]", "db[5]", "all[2]", "all[1:3]",
]  # fmt: skip


@pytest.mark.parametrize("single", SINGLES)
def test_a_pattern_decides_as_the_inventory_selects(single: str) -> None:
    assert decided([single]) == set(select([single], HOSTS, GROUPS))


@given(st.lists(st.builds(str.__add__, st.sampled_from(["", "", "!", "&"]), st.sampled_from(SINGLES)), max_size=4))
def test_patterns_combine_as_the_inventory_combines_them(patterns: list[str]) -> None:
    assert decided(patterns) == set(select(patterns, HOSTS, GROUPS))


@pytest.mark.parametrize("patterns", [[], ["all"], ["*"], ["web", "all"], ["all:&all"]])
def test_every_host_needs_no_condition(patterns: list[str]) -> None:
    assert condition(patterns) is None


def test_a_quote_in_a_name_stays_in_the_name() -> None:
    text = condition(['it\'s "1" \\ {% x'])
    assert text is not None
    assert ENVIRONMENT.compile_expression(text)(inventory_hostname='it\'s "1" \\ {% x', group_names=[])


@pytest.mark.parametrize(
    ("pattern", "message"), [("{{ target }}", "is a template"), ("web*[0]", "cannot take a part of 'web\\*'")]
)
def test_what_a_host_cannot_decide_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        condition([pattern])
