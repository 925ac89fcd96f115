"""Filters of addresses give what the collection ansible.utils gives: cases recorded from it (5.1, with netaddr 1.3).

Left out are those where it has an answer to nonsense, such as that anything lies in a network that is none.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.support.expressions import Evaluator

_RECORDED = json.loads((Path(__file__).parents[1] / "cases" / "expr_ip.json").read_text(encoding="utf-8"))
_BY_FILTER: dict[str, list[Any]] = defaultdict(list)
for _name, *_case in _RECORDED:
    _BY_FILTER[_name].append(_case)


@pytest.mark.parametrize("name", sorted(_BY_FILTER))
def test_a_filter_agrees(evaluator: Evaluator, name: str) -> None:
    wrong = []
    for value, arguments, expected in _BY_FILTER[name]:
        found = evaluator.eval(["filter", name, ["lit", value], [["lit", given] for given in arguments], {}], {})
        if found.repr != expected:
            wrong.append((value, arguments, expected, found))
    assert len(_BY_FILTER[name]) >= 1
    assert wrong == []


def test_every_filter_has_cases() -> None:
    assert set(_BY_FILTER) >= {"ipaddr", "ipv4", "ipv6", "ipwrap", "ipsubnet", "ipmath", "nthhost", "hwaddr", "macaddr"}
    assert len(_RECORDED) > 1500
