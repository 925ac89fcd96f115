"""What is wrong with the names in a syntax tree: filters, tests, functions and tags that programs do not have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from jinja2 import nodes

from deploy_tasks.errors import Problem
from deploy_tasks.plan import setting_lookups, worker_lookups
from deploy_tasks.plan.jinja_names import FILTERS, FUNCTIONS, LOOKUPS, TESTS, hint_for, short_name

Tags = Mapping[type[nodes.Node], tuple[str, str]]
LOOKUP_FUNCTIONS = frozenset({"lookup", "query", "q"})


def walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """A tree's nodes, outer ones first."""
    yield tree
    for child in tree.iter_child_nodes():
        yield from walk(child)


def refused_tags(tree: nodes.Node, where: str, tags: Tags) -> list[Problem]:
    """One problem for every use of one of the tags, which have a name and advice each."""
    found = [(node, *tags[type(node)]) for node in walk(tree) if type(node) in tags]
    return [
        Problem(where, f"the tag '{name}' is not supported here", hint=hint, line=node.lineno)
        for node, name, hint in found
    ]


def unknown_names(tree: nodes.Node, where: str) -> list[Problem]:
    """One problem for every filter and test that does not exist; the names of the others are shortened in the tree."""
    problems = []
    for node in walk(tree):
        if not isinstance(node, (nodes.Filter, nodes.Test)):
            continue
        noun, known = ("filter", FILTERS) if isinstance(node, nodes.Filter) else ("test", TESTS)
        name = short_name(node.name)
        if name in known:
            node.name = name
        else:
            text = f"no {noun} named '{node.name}'"
            hint = _other_kind(noun, name) or hint_for(name, known)
            problems.append(Problem(where, text, hint=hint, line=node.lineno))
    return problems


def _other_kind(noun: str, name: str) -> str | None:
    """What to write when a filter is used as a test, as old playbooks do the other way round."""
    if noun == "filter" and name in TESTS:
        return f"it is a test: write `x is {name}`"
    return f"it is a filter: write `x | {name}`" if noun == "test" and name in FILTERS else None


def unknown_functions(tree: nodes.Node, where: str, free: Collection[str], used: Collection[str]) -> list[Problem]:
    """One problem for every call of a name in `free`, which is no function, and for every lookup there is not.

    A macro that is not among the `used` names runs nowhere: what it calls does not matter.
    """
    problems: list[Problem] = []
    for call in _performed(tree, used):
        if not isinstance(call, nodes.Call) or not isinstance(call.node, nodes.Name):
            continue
        name = call.node.name
        if name in LOOKUP_FUNCTIONS:
            problems += _unknown_lookup(call, name, where)
        elif name in free:
            hint = hint_for(name, FUNCTIONS)
            problems.append(Problem(where, f"no function named '{name}'", hint=hint, line=call.lineno))
    return problems


def used_names(tree: nodes.Node) -> frozenset[str]:
    """Every name that a template reads, and every one that it takes from another."""
    found: set[str] = set()
    for node in walk(tree):
        match node:
            case nodes.Name(name=name, ctx="load") | nodes.Getattr(attr=name):
                found.add(name)
            case nodes.Getitem(arg=nodes.Const(value=str(name))):
                found.add(name)
            case nodes.FromImport(names=names):
                found.update(name if isinstance(name, str) else name[0] for name in names)
    return frozenset(found)


def _performed(tree: nodes.Node, used: Collection[str]) -> Iterator[nodes.Node]:
    """A tree's nodes without those of macros that nobody names."""
    if isinstance(tree, nodes.Macro) and tree.name not in used:
        return
    yield tree
    for child in tree.iter_child_nodes():
        yield from _performed(child, used)


def set_names(tree: nodes.Node) -> frozenset[str]:
    """What a template sets anywhere: a macro defined in one branch may be called in another."""
    found: set[str] = set()
    for node in walk(tree):
        match node:
            case nodes.Macro(name=name) | nodes.Import(target=name):
                found.add(name)
            case nodes.FromImport(names=names):
                found.update(name if isinstance(name, str) else name[1] for name in names)
            case nodes.Name(name=name, ctx=ctx) if ctx != "load":
                found.add(name)
    return frozenset(found)


def _unknown_lookup(call: nodes.Call, function: str, where: str) -> Iterator[Problem]:
    first = call.args[0] if call.args else None
    name = first.value if isinstance(first, nodes.Const) else None
    if not isinstance(name, str):
        yield Problem(where, f"{function}() needs the name of a lookup as its first argument", line=call.lineno)
    elif short_name(name) not in LOOKUPS:
        hint = hint_for(short_name(name), LOOKUPS) or "pass the value as a variable"
        yield Problem(where, f"the lookup '{name}' is not supported", hint=hint, line=call.lineno)
    elif wrong := setting_lookups.wrong(call):
        yield Problem(where, f"the lookup '{name}' {wrong[0]}", hint=wrong[1], line=call.lineno)
    elif why := worker_lookups.of_call(call)[1]:
        text = f"the lookup '{name}' is performed by the worker, and {why}"
        yield Problem(where, text, hint="write the arguments out, or pass the value as a variable", line=call.lineno)
