"""Jinja2 expressions as NODEs."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from jinja2 import nodes

from deploy_tasks.plan import setting_lookups, worker_lookups

Node: TypeAlias = list[Any]

_BINARY = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)
_UNARY: dict[type[nodes.UnaryExpr], str] = {nodes.Neg: "neg", nodes.Pos: "pos", nodes.Not: "not"}
# Values longer than this stay expressions: `"-" * 1000000` is cheaper sent as what it says.
_MAX_FOLDED = 256


def lower_expression(tree: nodes.Expr) -> Node:
    """The NODE of an expression; what has a known value is folded to a literal."""
    folded = _fold(tree)
    return folded if folded is not None else _lower(tree)


def _fold(tree: nodes.Expr) -> Node | None:
    """Arithmetic, comparison and logic on literals: `60 * 60` is 3600. Lists stay: a template may change them."""
    if not isinstance(tree, (nodes.BinExpr, nodes.UnaryExpr, nodes.Compare, nodes.Concat)):
        return None
    if isinstance(tree, nodes.Pow) or any(not isinstance(leaf, nodes.Const) for leaf in _leaves(tree)):
        return None
    try:
        value = tree.as_const()
    except (nodes.Impossible, ArithmeticError):
        return None
    return ["lit", value] if _is_foldable(value) else None


def _leaves(tree: nodes.Node) -> list[nodes.Node]:
    children = list(tree.iter_child_nodes())
    if not children:
        return [tree]
    if not isinstance(tree, (nodes.BinExpr, nodes.UnaryExpr, nodes.Compare, nodes.Concat, nodes.Operand)):
        return [tree]
    return [leaf for child in children for leaf in _leaves(child)]


def _is_foldable(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, (bool, int, type(None))) or (isinstance(value, str) and len(value) <= _MAX_FOLDED)


def _lower(tree: nodes.Expr) -> Node:  # noqa: C901  (one line for each kind of node)
    match tree:
        case nodes.Const(value=value):
            return ["lit", value]
        case nodes.TemplateData(data=data):
            return ["lit", data]
        case nodes.Name(name=name):
            return ["var", name]
        case nodes.NSRef(name=name, attr=attr):
            return ["attr", ["var", name], attr]
        case nodes.Getattr(node=node, attr=attr):
            return ["attr", lower_expression(node), attr]
        case nodes.Getitem(node=node, arg=nodes.Slice() as cut):
            return ["slice", lower_expression(node), *(_optional(part) for part in (cut.start, cut.stop, cut.step))]
        case nodes.Getitem(node=node, arg=arg):
            return ["item", lower_expression(node), lower_expression(arg)]
        case nodes.List(items=items):
            return ["list", *map(lower_expression, items)]
        case nodes.Tuple(items=items):
            return ["tuple", *map(lower_expression, items)]
        case nodes.Dict(items=pairs):
            return ["dict", *([lower_expression(pair.key), lower_expression(pair.value)] for pair in pairs)]
        case nodes.Concat(nodes=parts):
            return ["~", *map(lower_expression, parts)]
        case nodes.Compare(expr=expr, ops=ops):
            return ["cmp", lower_expression(expr), *([op.op, lower_expression(op.expr)] for op in ops)]
        case nodes.CondExpr(test=test, expr1=yes, expr2=None, lineno=line):
            return ["if", lower_expression(test), lower_expression(yes), None, line]
        case nodes.CondExpr(test=test, expr1=yes, expr2=no):
            return ["if", lower_expression(test), lower_expression(yes), _optional(no)]
        case nodes.Filter(node=node, name=name):
            # a filter block's innermost filter has no operand: it takes the block's text
            return ["filter", name, ["body"] if node is None else lower_expression(node), *_arguments(tree)]
        case nodes.Test(node=node, name=name):
            return ["test", name, lower_expression(node), *_arguments(tree)]
        case nodes.Call() if (asked := worker_lookups.of_call(tree)[0]) is not None:
            return _fetched(tree, asked)
        case nodes.Call() if (said := setting_lookups.value_of(tree)) is not None:
            return lower_expression(said)
        case nodes.Call(node=node):
            return ["call", lower_expression(node), *_arguments(tree)]
    return _operator(tree)


def _fetched(tree: nodes.Call, asked: worker_lookups.Asked) -> Node:
    """A lookup that the worker has performed: its variable, whether a list is wanted, what was asked, options left."""
    assert isinstance(tree.node, nodes.Name)
    here = {pair.key: lower_expression(pair.value) for pair in _pairs(tree) if pair.key not in dict(asked.options)}
    return ["fetched", asked.name, tree.node.name != "lookup", [asked.kind, [*asked.terms], dict(asked.options)], here]


def _operator(tree: nodes.Expr) -> Node:
    if isinstance(tree, (nodes.And, nodes.Or)):
        return [tree.operator, lower_expression(tree.left), lower_expression(tree.right)]
    if isinstance(tree, _BINARY):
        return [tree.operator, lower_expression(tree.left), lower_expression(tree.right)]
    if isinstance(tree, nodes.UnaryExpr):
        return [_UNARY[type(tree)], lower_expression(tree.node)]
    raise NotImplementedError(type(tree).__name__)


def _optional(tree: nodes.Expr | None) -> Node | None:
    return None if tree is None else lower_expression(tree)


def _arguments(tree: nodes.Filter | nodes.Test | nodes.Call) -> list[Any]:
    positional = [lower_expression(arg) for arg in tree.args]
    named = {pair.key: lower_expression(pair.value) for pair in _pairs(tree)}
    if tree.dyn_args is None and tree.dyn_kwargs is None:
        return [positional, named]
    return [positional, named, _optional(tree.dyn_args), _optional(tree.dyn_kwargs)]


def _pairs(tree: nodes.Filter | nodes.Test | nodes.Call) -> list[nodes.Keyword]:
    return [pair for pair in tree.kwargs if isinstance(pair, nodes.Keyword)]
