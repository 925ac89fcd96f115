"""Which variables a template takes from outside.

Jinja2's own `meta.find_undeclared_variables` misses a variable that one branch sets and the text after it reads, and
fails on names in the arguments of `{% set x | filter(name) %}`.
"""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import nodes

_MACRO_NAMES = {"caller", "kwargs", "varargs"}
_Bound = frozenset[str]


def read_names(tree: nodes.Node, bound: Iterable[str]) -> set[str]:
    """The names a tree reads that are neither bound before nor set in it. One that only a branch sets counts."""
    found: set[str] = set()
    _visit(tree, frozenset(bound), found)
    return found


def _visit(tree: nodes.Node | None, bound: _Bound, found: set[str]) -> _Bound:  # noqa: C901  (a line for each kind)
    """Adds what the tree reads to `found`; returns what is bound after it."""
    match tree:
        case None:
            return bound
        case nodes.Name(name=name, ctx="load"):
            found.update({name} - bound)
        case nodes.Assign(target=target, node=node):
            _visit(node, bound, found)
            return bound | _targets(target)
        case nodes.AssignBlock(target=target, filter=pipe, body=body):
            _visit(pipe, bound, found)
            _body(body, bound, found)
            return bound | _targets(target)
        case nodes.Import(template=template, target=target):
            _visit(template, bound, found)
            return bound | {target}
        case nodes.FromImport(template=template, names=names):
            _visit(template, bound, found)
            return bound.union(name if isinstance(name, str) else name[1] for name in names)
        case nodes.For():
            _for(tree, bound, found)
        case nodes.If():
            _visit(tree.test, bound, found)
            for branch in (tree.body, tree.elif_, tree.else_ or []):
                _body(branch, bound, found)
        case nodes.With(targets=targets, values=values, body=body):
            _body(values, bound, found)
            _body(body, bound.union(*map(_targets, targets)), found)
        case nodes.Macro(name=name):
            _macro(tree, bound | {name}, found)
            return bound | {name}
        case nodes.CallBlock(call=call):
            _visit(call, bound, found)
            _macro(tree, bound, found)
        case nodes.FilterBlock() | nodes.Block() | nodes.Scope():
            _body(tree.iter_child_nodes(), bound, found)
        case _:
            return _body(tree.iter_child_nodes(), bound, found)
    return bound


def _body(body: Iterable[nodes.Node], bound: _Bound, found: set[str]) -> _Bound:
    for node in body:
        bound = _visit(node, bound, found)
    return bound


def _for(tree: nodes.For, bound: _Bound, found: set[str]) -> None:
    _visit(tree.iter, bound, found)
    inner = bound | _targets(tree.target)
    _visit(tree.test, inner, found)
    _body(tree.body, inner | {"loop"}, found)
    _body(tree.else_ or [], bound, found)


def _macro(tree: nodes.Macro | nodes.CallBlock, bound: _Bound, found: set[str]) -> None:
    inner = bound | {arg.name for arg in tree.args} | _MACRO_NAMES
    _body(tree.defaults, inner, found)
    _body(tree.body, inner, found)


def _targets(target: nodes.Node) -> _Bound:
    names = [target, *target.find_all(nodes.Name)]
    return frozenset(name.name for name in names if isinstance(name, nodes.Name))
