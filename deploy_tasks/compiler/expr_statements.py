"""Jinja2 statements as STMTs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import nodes

from deploy_tasks.compiler.expr_nodes import Node, lower_expression


def lower_body(body: Sequence[nodes.Node]) -> list[Node]:
    """The statements of a template or block, in order."""
    return [lowered for statement in body for lowered in _lower(statement)]


def _lower(tree: nodes.Node) -> list[Node]:  # noqa: C901  (one line for each kind of statement)
    match tree:
        case nodes.Output(nodes=parts):
            return [_output(part) for part in parts]
        case nodes.If():
            return [_if(tree)]
        case nodes.For():
            return [_for(tree)]
        case nodes.Assign(target=target, node=node):
            return [["set", _target(target), _expression(node)]]
        case nodes.AssignBlock(target=target, filter=pipe, body=body):
            return [["setblock", _target(target), lower_body(body), _expression(pipe) if pipe else None]]
        case nodes.FilterBlock(body=body, filter=pipe):
            return [["filterblock", _expression(pipe), lower_body(body)]]
        case nodes.With(targets=targets, values=values, body=body):
            pairs = zip(targets, values, strict=True)
            return [["with", [[_target(to), _expression(value)] for to, value in pairs], lower_body(body)]]
        case nodes.Macro(name=name):
            return [["macro", name, *_signature(tree)]]
        case nodes.CallBlock(call=call):
            return [["callblock", _expression(call), *_signature(tree)]]
        case nodes.Block(name=name, body=body, scoped=scoped):
            return [["block", name, lower_body(body), bool(scoped)]]
        case nodes.ExprStmt(node=node):
            return [["do", _expression(node)]]
        case nodes.Break():
            return [["break"]]
        case nodes.Continue():
            return [["continue"]]
        case nodes.Scope(body=body):
            return [["with", [], lower_body(body)]]
    raise NotImplementedError(type(tree).__name__)


def _expression(tree: nodes.Node) -> Node:
    assert isinstance(tree, nodes.Expr)
    return lower_expression(tree)


def _output(part: nodes.Expr) -> Node:
    return ["text", part.data] if isinstance(part, nodes.TemplateData) else ["out", _expression(part)]


def _if(tree: nodes.If) -> Node:
    others = [[_expression(branch.test), lower_body(branch.body)] for branch in tree.elif_]
    return ["if", _expression(tree.test), lower_body(tree.body), others, lower_body(tree.else_ or [])]


def _for(tree: nodes.For) -> Node:
    test = _expression(tree.test) if tree.test else None
    bodies = [lower_body(tree.body), lower_body(tree.else_ or [])]
    return ["for", _target(tree.target), _expression(tree.iter), *bodies, test, bool(tree.recursive)]


def _target(tree: nodes.Node) -> Node:
    match tree:
        case nodes.Name(name=name):
            return ["var", name]
        case nodes.NSRef(name=name, attr=attr):
            return ["ns", name, attr]
        case nodes.Tuple(items=items):
            return ["tuple", *map(_target, items)]
    raise NotImplementedError(type(tree).__name__)


def _signature(tree: nodes.Macro | nodes.CallBlock) -> list[Any]:
    """Parameters, the defaults of the last of them, the body, and which of varargs, kwargs and caller the body uses."""
    names = {name.name for statement in tree.body for name in statement.find_all(nodes.Name)}
    extras = [name for name in ("caller", "kwargs", "varargs") if name in names]
    parameters = [arg.name for arg in tree.args]
    return [parameters, [_expression(default) for default in tree.defaults], lower_body(tree.body), extras]
