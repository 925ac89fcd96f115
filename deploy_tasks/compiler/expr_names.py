"""Which variables a tree takes from outside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deploy_tasks.compiler.expr_nodes import Node
from deploy_tasks.plan.jinja_names import FUNCTIONS

_SPECIAL = FUNCTIONS | {"omit", "self"}


def free_names(node: Node) -> set[str]:
    """The variables of a NODE that are neither set in it nor functions. One that is set only in a branch counts."""
    found: set[str] = set()
    _node(node, frozenset(_SPECIAL), found)
    return found


def _node(node: Any, bound: frozenset[str], found: set[str]) -> None:
    """Walks a NODE or anything that holds NODEs."""
    match node:
        case ["lit", _]:
            return
        case ["var", str(name)]:
            if name not in bound:
                found.add(name)
        case ["tmpl" | "native" | "data", [*body], *rest]:
            _body(body, bound, found)
            for part, blocks in rest[1].values() if len(rest) > 1 else ():
                inner = _body(part, bound | {"self"}, found)
                for block in blocks.values():
                    _body(block, inner | {"super"}, found)
        case ["value", value]:
            _value(value, bound, found)
        case [*parts]:
            for part in parts:
                _node(part, bound, found)
        case dict():
            for part in node.values():
                _node(part, bound, found)


def _value(value: Any, bound: frozenset[str], found: set[str]) -> None:
    if isinstance(value, dict):
        if set(value) == {"$"}:
            _node(value["$"], bound, found)
            return
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            _value(item, bound, found)


def _body(body: Iterable[Node], bound: frozenset[str], found: set[str]) -> frozenset[str]:
    """Walks statements; returns what is bound after them."""
    for statement in body:
        bound = _statement(statement, bound, found)
    return bound


def _statement(  # noqa: C901  (a line for each kind)
    statement: Node, bound: frozenset[str], found: set[str]
) -> frozenset[str]:
    match statement:
        case ["text", _]:
            pass
        case ["if", *_]:
            _if(statement, bound, found)
        case ["for", target, items, body, otherwise, test, _recursive]:
            _node(items, bound, found)
            inner = bound | _targets(target)
            _node(test, inner, found)
            _body(body, inner | {"loop"}, found)
            _body(otherwise, bound, found)
        case ["set", target, value]:
            _node(value, bound, found)
            return bound | _targets(target)
        case ["setblock", target, body, pipe]:
            _body(body, bound, found)
            _node(pipe, bound, found)
            return bound | _targets(target)
        case ["filterblock", pipe, body]:
            _node(pipe, bound, found)
            _body(body, bound, found)
        case ["with", pairs, body]:
            for _target, value in pairs:
                _node(value, bound, found)
            _body(body, bound.union(*(_targets(target) for target, _value in pairs)), found)
        case ["macro", name, parameters, defaults, body, _extras]:
            _macro(parameters, defaults, body, bound | {name}, found)
            return bound | {name}
        case ["callblock", call, parameters, defaults, body, _extras]:
            _node(call, bound, found)
            _macro(parameters, defaults, body, bound, found)
        case ["block", _name, body, _scoped]:
            _body(body, bound, found)
        case ["alone", body]:
            return _body(body, bound, found)
        case ["import", name, _files, _context, names]:
            _node(name, bound, found)
            return bound | ({names} if isinstance(names, str) else {alias for _name, alias in names})
        case ["place", *_]:
            pass
        case _:
            _node(statement[1:], bound, found)
    return bound


def _if(statement: Node, bound: frozenset[str], found: set[str]) -> None:
    _op, test, then, others, otherwise = statement
    _node(test, bound, found)
    _body(then, bound, found)
    for other, body in others:
        _node(other, bound, found)
        _body(body, bound, found)
    _body(otherwise, bound, found)


def _macro(
    parameters: list[str], defaults: list[Node], body: list[Node], bound: frozenset[str], found: set[str]
) -> None:
    inner = bound | {*parameters, "caller", "kwargs", "varargs"}
    _node(defaults, inner, found)
    _body(body, inner, found)


def _targets(target: Node) -> frozenset[str]:
    match target:
        case ["var", str(name)]:
            return frozenset({name})
        case ["tuple", *parts]:
            return frozenset().union(*map(_targets, parts))
    return frozenset()
