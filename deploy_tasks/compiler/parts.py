"""Which parts of the runner a program needs besides those that every runner has.

A part is a package of the runner, named by its folder. Modules say theirs in their specification; filters and lookups
that are large or rarely named have one too. It is better to link one too many than one too few: a name that could be
that of a filter or lookup counts wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy_tasks.plan.modules import MODULES

BASICS = "basics"
_FILTERS = {
    "expr/addresses": "hwaddr ip4_hex ipaddr ipmath ipsubnet ipv4 ipv6 ipwrap macaddr network_in_network "
    "network_in_usable next_nth_usable nthhost previous_nth_usable reduce_on_network",
    "expr/documents": "from_yaml from_yaml_all to_nice_yaml to_yaml",
    "expr/passwords": "password_hash",
    "expr/queries": "json_query",
}
FILTER_PARTS = {name: part for part, names in _FILTERS.items() for name in names.split()}
_LOOKUPS = {"expr/lookups": "inventory_hostnames"}
_PARTS = FILTER_PARTS | {name: part for part, names in _LOOKUPS.items() for name in names.split()}


def needed(lowered: Any) -> tuple[str, ...]:
    """The parts that lowered plays, templates and variables need, sorted."""
    return tuple(sorted(set(_walk(lowered))))


def _walk(tree: Any) -> Iterator[str]:
    match tree:
        case ["filter", "map", _, list(names), _, *more] if any(more) or not all(map(_literal, names[:1])):
            yield from set(FILTER_PARTS.values())  # which filter it applies is known on the host alone
        case {"module": str(name)} if name in MODULES and MODULES[name].part != BASICS:
            yield f"modules/{MODULES[name].part}"
    for inner in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(inner, str):
            if (part := _PARTS.get(inner.rpartition(".")[2])) is not None:
                yield part
        elif isinstance(inner, (dict, list, tuple)):
            yield from _walk(inner)


def _literal(node: Any) -> bool:
    return isinstance(node, list) and node[:1] == ["lit"]
