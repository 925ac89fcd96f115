"""Jinja2 statements as STMTs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import nodes

from deploy_tasks.compiler.expr_nodes import Node, lower_expression
from deploy_tasks.errors import Problem
from deploy_tasks.plan.jinja import ExpressionError

Refers = Mapping[int, Mapping[str, str]]


def lower_body(body: Sequence[nodes.Node]) -> list[Node]:
    """The statements of a template that stands alone, in order."""
    return Statements().body(body, Place())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands, as far as inheritance cares.

    `top`: on the template's own level, in an `if` too; `root`: not even in an `if`; `silent`: what it writes counts
    only when the template extends no other; `caught`: what it writes goes through a filter, into a variable or a macro.
    """

    top: bool = False
    root: bool = False
    silent: bool = False
    caught: bool = False


class Statements:
    """Lowers one template. `refers` are the files that its references may mean; with them, blocks can be overridden."""

    def __init__(self, refers: Refers | None = None) -> None:
        self._refers = refers
        self._extends = 0  # met so far
        self._extended = False  # surely, from here on

    def template(self, tree: nodes.Template, where: str) -> list[Any]:
        """The statements of the template and those of each of its blocks. Raises ExpressionError."""
        silent = tree.find(nodes.Extends) is not None
        try:
            body = self.body(tree.body, Place(top=True, root=True, silent=silent))
            blocks = {block.name: self.body(block.body, Place()) for block in tree.find_all(nodes.Block)}
        except _Refused as error:
            raise ExpressionError([Problem(where, str(error), error.hint, file=where, line=error.line)]) from None
        return [body, blocks]

    def body(self, body: Sequence[nodes.Node], place: Place) -> list[Node]:
        """The statements of a part of the template, in order."""
        return [lowered for statement in body for lowered in self._lower(statement, place)]

    def _lower(self, tree: nodes.Node, place: Place) -> list[Node]:  # noqa: C901  (one line for each kind of statement)
        inner = replace(place, top=False, root=False)
        match tree:
            case nodes.Output(nodes=parts):
                return self._checked([_output(part) for part in parts], place)
            case nodes.If():
                return [self._if(tree, replace(place, root=False))]
            case nodes.For():
                return [self._for(tree, inner)]
            case nodes.Assign(target=target, node=node):
                return [["set", _target(target), _expression(node)]]
            case nodes.AssignBlock(target=target, filter=pipe, body=body):
                lowered = self.body(body, replace(inner, silent=False, caught=True))
                return [["setblock", _target(target), lowered, _expression(pipe) if pipe else None]]
            case nodes.FilterBlock(body=body, filter=pipe):
                return [["filterblock", _expression(pipe), self.body(body, replace(inner, caught=True))]]
            case nodes.With(targets=targets, values=values, body=body):
                pairs = zip(targets, values, strict=True)
                return [["with", [[_target(to), _expression(value)] for to, value in pairs], self.body(body, inner)]]
            case nodes.Macro(name=name):
                return [["macro", name, *self._signature(tree)]]
            case nodes.CallBlock(call=call):
                return [["callblock", _expression(call), *self._signature(tree)]]
            case nodes.Block():
                return self._block(tree, place)
            case nodes.ExprStmt(node=node):
                return [["do", _expression(node)]]
            case nodes.Break():
                return [["break"]]
            case nodes.Continue():
                return [["continue"]]
            case nodes.Scope(body=body):
                return [["with", [], self.body(body, inner)]]
        return [self._reference(tree, place)]

    def _checked(self, written: list[Node], place: Place) -> list[Node]:
        """What is written beside the blocks of a template that extends another is not."""
        if not place.silent or not self._extends:
            return written
        return [] if self._extended else [["alone", written]]

    def _if(self, tree: nodes.If, place: Place) -> Node:
        then = self.body(tree.body, place)
        others = [[_expression(branch.test), self.body(branch.body, place)] for branch in tree.elif_]
        return ["if", _expression(tree.test), then, others, self.body(tree.else_ or [], place)]

    def _for(self, tree: nodes.For, place: Place) -> Node:
        test = _expression(tree.test) if tree.test else None
        bodies = [self.body(tree.body, place), self.body(tree.else_ or [], place)]
        lowered = ["for", _target(tree.target), _expression(tree.iter), *bodies, test, bool(tree.recursive)]
        return lowered if self._refers is None or _has_loop(tree) else [*lowered, False]

    def _block(self, tree: nodes.Block, place: Place) -> list[Node]:
        if self._refers is None:
            return [["block", tree.name, self.body(tree.body, Place()), bool(tree.scoped)]]
        if place.top and self._extended:
            return []
        placed: Node = ["place", tree.name, bool(tree.scoped), bool(tree.required)]
        return [["alone", [placed]]] if place.top and self._extends else [placed]

    def _signature(self, tree: nodes.Macro | nodes.CallBlock) -> list[Any]:
        """Parameters, the defaults of the last of them, the body, and which of varargs, kwargs and caller it uses."""
        names = {name.name for statement in tree.body for name in statement.find_all(nodes.Name)}
        extras = [name for name in ("caller", "kwargs", "varargs") if name in names]
        parameters = [arg.name for arg in tree.args]
        return [
            parameters,
            [_expression(default) for default in tree.defaults],
            self.body(tree.body, Place(caught=True)),
            extras,
        ]

    def _reference(self, tree: nodes.Node, place: Place) -> Node:
        refers = dict((self._refers or {}).get(id(tree), {}))
        match tree:
            case nodes.Include(with_context=False) if place.caught:
                raise _Refused(
                    tree.lineno,
                    "an include without context writes past the filter, macro or {% set %} around it",
                    "include it with context, or before the block",
                )
            case nodes.Include(template=template, with_context=context, ignore_missing=ignore):
                return ["include", _expression(template), refers, bool(context), bool(ignore)]
            case nodes.Import(template=template, with_context=context, target=target):
                return ["import", _expression(template), refers, bool(context), target]
            case nodes.FromImport(template=template, with_context=context, names=names):
                pairs = [[name, name] if isinstance(name, str) else list(name) for name in names]
                return ["import", _expression(template), refers, bool(context), pairs]
            case nodes.Extends(template=template):
                if self._extended and place.root:
                    raise _Refused(tree.lineno, "a template extends one other only")
                self._extended = self._extended or place.root
                self._extends += 1
                return ["extends", _expression(template), refers]
        raise NotImplementedError(type(tree).__name__)


class _Refused(Exception):
    def __init__(self, line: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.line, self.hint = line, hint


def _has_loop(tree: nodes.For) -> bool:
    """Whether Jinja2 gives the body the variable `loop`; templates included in it see it only then."""
    names = {node.name for statement in tree.body for node in statement.find_all(nodes.Name)}
    return tree.recursive or "loop" in names or any(block.scoped for block in tree.find_all(nodes.Block))


def _expression(tree: nodes.Node) -> Node:
    assert isinstance(tree, nodes.Expr)
    return lower_expression(tree)


def _output(part: nodes.Expr) -> Node:
    return ["text", part.data] if isinstance(part, nodes.TemplateData) else ["out", _expression(part)]


def _target(tree: nodes.Node) -> Node:
    match tree:
        case nodes.Name(name=name):
            return ["var", name]
        case nodes.NSRef(name=name, attr=attr):
            return ["ns", name, attr]
        case nodes.Tuple(items=items):
            return ["tuple", *map(_target, items)]
    raise NotImplementedError(type(tree).__name__)
