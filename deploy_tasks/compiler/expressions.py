"""Expressions and templates lowered to the trees a program carries (docs/program.md, section Expressions).

Everything here is pure: text in, JSON values out, or an ExpressionError that names the place in the document.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from jinja2 import nodes

from deploy_tasks.compiler.conditions import spliced
from deploy_tasks.compiler.expr_names import free_names
from deploy_tasks.compiler.expr_nodes import Node, lower_expression
from deploy_tasks.compiler.expr_statements import Statements, lower_body
from deploy_tasks.errors import Problem
from deploy_tasks.plan.jinja import ExpressionError, is_template, parse_expression, parse_template
from deploy_tasks.plan.jinja_checks import walk
from deploy_tasks.plan.jinja_parts import MAIN, Part, read_parts
from deploy_tasks.plan.jinja_references import Reference

__all__ = ["Node", "free_names", "lower_condition", "lower_parts", "lower_template", "lower_value", "value_names"]

_MAX_DEPTH = 200
_MARKS = (("{{", "}}"), ("{%", "%}"))


def lower_condition(condition: object, *, where: str) -> Node:
    """A condition (`when`, `changed_when`, …) as a NODE. A condition that is `{{ x }}` as a whole is read as `x`."""
    if isinstance(condition, (bool, int, float)) or condition is None:
        return ["lit", condition]
    if not isinstance(condition, str):
        raise ExpressionError([Problem(where, f"a condition is an expression, not a {type(condition).__name__}")])
    try:
        tree = parse_expression(condition, where=where)
    except ExpressionError:
        if not is_template(condition):
            raise
    else:
        if not any(first in text and last in text for first, last in _MARKS for text in _literals(tree)):
            return lower_expression(tree)
    whole = _single_expression(parse_template(condition, where=where))
    if whole is not None:
        return lower_expression(whole)
    found = spliced(condition, where=where, body=lower_body)
    if found is None:
        hint = "write x == 'a' instead of '{{ x }}' == 'a'"
        raise ExpressionError([Problem(where, "a condition is an expression already, without {{ }}", hint=hint)])
    return found


def _literals(tree: nodes.Expr) -> list[str]:
    constants = [tree, *tree.find_all(nodes.Const)]
    return [node.value for node in constants if isinstance(node, nodes.Const) and isinstance(node.value, str)]


def lower_template(text: str, *, where: str) -> Node:
    """The text of a template file that needs no other file as a NODE; see `lower_parts`."""
    return lower_parts(read_parts(text, where=where), text)


def lower_parts(parts: Mapping[str, Part], text: str) -> Node:
    """A template, `text`, and all it includes as a NODE that gives text, ending in at least as many newlines."""
    main = parts[MAIN].tree
    if not _needs_parts(main):
        return ["tmpl", lower_body(main.body), *_newlines(text)]
    lowered = {name: Statements(part.refers).template(part.tree, part.file) for name, part in parts.items()}
    return ["tmpl", [], *(_newlines(text) or [0]), lowered]


def _needs_parts(tree: nodes.Template) -> bool:
    """Whether a template refers to others or to its own blocks, so that what it writes is not all in its own body."""
    if any(isinstance(node, Reference) for node in walk(tree)):
        return True
    blocks = any(True for _ in tree.find_all(nodes.Block))
    return blocks and any(name.name in ("self", "super") for name in tree.find_all(nodes.Name))


def lower_value(value: Any, *, where: str) -> Any:
    """A value of the document (an argument, a variable) with its templated strings as expressions.

    Keys stay as they are. Raises ExpressionError with the path of the string that cannot be read.
    """
    return _lower_value(value, where, 0)


def _lower_value(value: Any, where: str, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise ExpressionError([Problem(where, "nested too deep")])
    if isinstance(value, str):
        return _lower_string(str(value), where)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return _lower_mapping(value, where, depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_lower_value(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return str(value)
    raise ExpressionError([Problem(where, f"a {type(value).__name__} cannot be part of a program")])


def _lower_mapping(value: Mapping[Any, Any], where: str, depth: int) -> Any:
    lowered = {key: _lower_value(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
    if all(isinstance(key, str) for key in lowered) and "$" not in lowered:
        return lowered
    return {"$": ["dict", *([_literal(key), _as_node(item)] for key, item in lowered.items())]}


def _literal(key: Any) -> Node:
    if key is None or isinstance(key, (bool, int, float, str)):
        return ["lit", key]
    return ["lit", str(key)]


def _as_node(lowered: Any) -> Node:
    if isinstance(lowered, dict) and set(lowered) == {"$"}:
        node: Node = lowered["$"]
        return node
    return ["value", lowered] if isinstance(lowered, (dict, list)) else ["lit", lowered]


def _lower_string(text: str, where: str) -> Any:
    if not is_template(text):
        return text
    tree = parse_template(text, where=where, escape_backslashes=True)
    if (single := _single_expression(tree)) is not None:
        node = lower_expression(single)
        if _newlines(text):
            # Behind a variable by itself one line end is lost, as with Ansible, if it is a number or truth.
            lines = [-1] if isinstance(single, nodes.Name) and _newlines(text) == [1] else _newlines(text)
            node = ["native", [["out", node]], *lines]
    else:
        node = ["data" if _may_be_data(tree) else "tmpl", lower_body(tree.body), *_newlines(text)]
    return node[1] if node[0] == "lit" and not isinstance(node[1], dict) else {"$": node}


def _single_expression(tree: nodes.Template) -> nodes.Expr | None:
    """The expression of a template that is nothing else than it and line ends, `{{ x }}`."""
    match tree.body:
        case [nodes.Output(nodes=[expression])] if not isinstance(expression, nodes.TemplateData):
            return expression
        case [nodes.Output(nodes=[expression, nodes.TemplateData(data=text)])] if not text.strip("\n"):
            return None if isinstance(expression, nodes.TemplateData) else expression
    return None


def _may_be_data(tree: nodes.Template) -> bool:
    """Whether what a template of several pieces writes may look like a list, a mapping or truth, which it then is, as
    with Ansible; or be one value that is no text."""
    match tree.body:
        case [nodes.Output(nodes=[nodes.TemplateData(data=text), *_]), *_]:
            return text.startswith(("[", "{")) or any(word.startswith(text) for word in ("True", "False"))
    return True


def _newlines(text: str) -> list[int]:
    """How many newlines the result ends with at least; Jinja2 drops one and trimmed blocks another."""
    count = len(text) - len(text.rstrip("\n"))
    return [count] if count else []


def value_names(value: Any) -> set[str]:
    """The variables that the expressions in a lowered value take from outside."""
    if isinstance(value, dict):
        if set(value) == {"$"}:
            return free_names(value["$"])
        return set().union(*(value_names(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(value_names(item) for item in value))
    return set()
