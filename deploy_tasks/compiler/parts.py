"""Which parts of the runner a program needs besides those that every runner has.

A part is a package of the runner, named by its folder. Modules say theirs in their specification; filters and lookups
that are large or rarely named have one too, and so have large subsets of facts. It is better to link one too many than
one too few: what may become an address on the web counts as one, and a name that could be that of a filter or lookup
counts wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy_tasks.compiler.facts import gathered
from deploy_tasks.plan.module_spec import ModuleSpec
from deploy_tasks.plan.modules import MODULES

BASICS = "basics"
OWN = "modules/own"
_NAMES = {
    "expr/addresses": "hwaddr ip4_hex ipaddr ipmath ipsubnet ipv4 ipv6 ipwrap macaddr network_in_network "
    "network_in_usable next_nth_usable nthhost previous_nth_usable reduce_on_network",
    "expr/documents": "from_yaml from_yaml_all to_nice_yaml to_yaml",
    "expr/lookups": "indexed_items inventory_hostnames nested random_choice sequence subelements together varnames",
    "expr/passwords": "password_hash",
    "expr/queries": "json_query",
    "expr/tables": "csvfile ini",
    "expr/rare": "center filesizeformat human_readable human_to_bytes log pprint random root shuffle striptags "
    "truncate urldecode urlencode urlsplit win_basename win_dirname win_splitdrive wordwrap xmlattr",
}
_WEB = "modules/web"
_FACTS = {"hardware": "facts/hardware", "network": "facts/network", "virtual": "facts/virtual"}
PART_OF = {name: part for part, names in _NAMES.items() for name in names.split()}


def needed(lowered: Any) -> tuple[str, ...]:
    """The parts that a lowered program, templates and variables need, sorted."""
    return tuple(sorted(set(_walk(lowered))))


def _walk(tree: Any) -> Iterator[str]:
    match tree:
        case ["filter", "map", _, list(names), _, *more] if any(more) or not all(map(_literal, names[:1])):
            yield from _NAMES  # which filter it applies is known on the host alone
        case {"module": str(name)} if name in MODULES and MODULES[name].part != BASICS:
            yield f"modules/{MODULES[name].part}"
            if _fetches(MODULES[name], tree.get("args") or {}):
                yield _WEB
        case {"module": "own", "id": str()}:
            yield OWN
        case {"module": "setup"}:
            yield from _FACTS.values()  # which facts it gathers may be known on the host alone
        case {"facts": list(asked), "tasks": list()}:
            yield from (_FACTS[each] for each in gathered(asked) & _FACTS.keys())
    for inner in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(inner, str):
            if (part := PART_OF.get(inner.rpartition(".")[2])) is not None:
                yield part
        elif isinstance(inner, (dict, list, tuple)):
            yield from _walk(inner)


def _fetches(spec: ModuleSpec, args: Mapping[str, Any]) -> bool:
    """Whether a task may bring something from the web: an argument that may be an address is one, or may become one."""
    of_the_plan = not {"remote_src", "copy"} & args.keys()
    names = (name for name in spec.fetches if not (of_the_plan and name in spec.file_args))
    return any(_may_be_address(args[name]) for name in names if args.get(name) is not None)


def _may_be_address(value: Any) -> bool:
    match value:
        case str():
            return "://" in value
        case {"$": ["tmpl", [["text", str(start)], *_]]}:
            return not start.startswith(("/", "~", "."))
    return True


def _literal(node: Any) -> bool:
    return isinstance(node, list) and node[:1] == ["lit"]
