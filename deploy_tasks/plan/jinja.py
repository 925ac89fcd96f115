"""Reading Jinja2: the one environment, the syntax trees of templates and expressions, and what is wrong with them.

Jinja2's own parser reads every template and expression; nothing here or after it looks at template text by other means.
The settings are Ansible's: `trim_blocks`, no `lstrip_blocks`, and the tags `do`, `break` and `continue`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any, NoReturn

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.compiler import CodeGenerator
from jinja2.parser import Parser

from deploy_tasks.errors import PlanError, Problem
from deploy_tasks.plan.jinja_free import read_names
from deploy_tasks.plan.jinja_header import split_header
from deploy_tasks.plan.jinja_names import FILTERS, FUNCTIONS, LOOKUPS, TESTS, hint_for, short_name

_MARKS = ("{{", "{%", "{#")


class ExpressionError(PlanError):
    """An expression or template in the plan cannot be compiled."""


@cache
def environment() -> Environment:
    """The environment that parses every template. Its filters and tests are names only: they are never called."""
    made = Environment(
        trim_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        autoescape=False,  # noqa: S701  (configuration files, not web pages)
    )
    made.filters = dict.fromkeys(FILTERS, _never)
    made.tests = dict.fromkeys(TESTS, _never)
    made.globals = dict.fromkeys(FUNCTIONS, _never)
    return made


def _never(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise NotImplementedError("filters, tests and functions run on the host")


def is_template(value: object) -> bool:
    """Whether a string has anything in it for Jinja2 to read."""
    return isinstance(value, str) and any(mark in value for mark in _MARKS)


def parse_template_file(text: str, *, where: str) -> nodes.Template:
    """The syntax tree of a template file, whose first line may change Jinja2's settings. Raises ExpressionError."""
    body, settings, problems = split_header(text, where=where)
    if problems:
        raise ExpressionError(problems)
    if not settings:
        return parse_template(body, where=where)
    return _parsed(environment().overlay(**settings), body, where=where)


def parse_template(text: str, *, where: str, escape_backslashes: bool = False) -> nodes.Template:
    """The syntax tree of a template, its names checked.

    `escape_backslashes` leaves backslashes in string literals within `{{ }}` alone, as Ansible does for the strings of
    a playbook (YAML has read them once already); template files are read without. Raises ExpressionError.
    """
    if escape_backslashes:
        try:
            text = _double_backslashes(text)
        except TemplateSyntaxError as error:
            raise _syntax_error(error, where) from None
    return _parsed(environment(), text, where=where)


def _parsed(reader: Environment, text: str, *, where: str) -> nodes.Template:
    try:
        tree = reader.parse(text)
        check_names(tree, where=where)
    except TemplateSyntaxError as error:
        raise _syntax_error(error, where) from None
    except RecursionError:
        raise ExpressionError([Problem(where, "the template is nested too deep")]) from None
    return tree


def parse_expression(text: str, *, where: str) -> nodes.Expr:
    """The syntax tree of a bare expression (a condition), its names checked. Raises ExpressionError."""
    try:
        parser = Parser(environment(), text, state="variable")
        tree = parser.parse_expression()
        tree.set_environment(environment())
        if not parser.stream.eos:
            raise TemplateSyntaxError(f"unexpected '{parser.stream.current.value}' after the expression", 1)
        check_names(tree, where=where)
    except TemplateSyntaxError as error:
        raise _syntax_error(error, where) from None
    except RecursionError:
        raise ExpressionError([Problem(where, "the expression is nested too deep")]) from None
    return tree


def _syntax_error(error: TemplateSyntaxError, where: str) -> ExpressionError:
    return ExpressionError([Problem(where, f"template syntax: {error.message}", line=error.lineno)])


def _double_backslashes(text: str) -> str:
    if "\\" not in text or "{{" not in text:
        return text
    parts, inside = [], False
    for _line, kind, value in environment().lex(text):
        if kind in ("variable_begin", "variable_end"):
            inside = kind == "variable_begin"
        parts.append(value.replace("\\", "\\\\") if inside and kind == "string" else value)
    return "".join(parts)


def free_variables(tree: nodes.Node) -> frozenset[str]:
    """The variables a tree takes from outside: neither set in the template nor one of the functions."""
    return frozenset(read_names(tree, FUNCTIONS))


def check_names(tree: nodes.Node, *, where: str) -> None:
    """Raises ExpressionError with one problem for every unknown filter, test, function and unsupported tag.

    Names are shortened on the way: `ansible.builtin.combine` becomes `combine` in the tree.
    """
    found = tuple(_walk(tree))
    problems = [*_refused_tags(found, where), *_unknown_names(found, where)]
    problems += _unknown_functions(tree, found, where)
    if problems:
        raise ExpressionError(problems)
    _check_compiles(tree)


def _check_compiles(tree: nodes.Node) -> None:
    """Raises Jinja2's TemplateSyntaxError for what only its compiler refuses, such as two blocks of one name."""
    if isinstance(tree, nodes.Template):
        generator = CodeGenerator(environment(), None, None, optimized=False)
        with suppress(AssertionError):  # it loses names in the arguments of `{% set x | filter(name) %}`
            generator.visit(tree)


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    yield tree
    for child in tree.iter_child_nodes():
        yield from _walk(child)


_INLINE = "put the text of the other template in its place"
_TAGS: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.Include: ("include", _INLINE),
    nodes.Import: ("import", _INLINE),
    nodes.FromImport: ("from", _INLINE),
    nodes.Extends: ("extends", _INLINE),
    nodes.ScopedEvalContextModifier: ("autoescape", "use the filter 'e' where text is to be escaped"),
}


def _refused_tags(found: Iterable[nodes.Node], where: str) -> Iterator[Problem]:
    for node in found:
        if type(node) in _TAGS:
            name, hint = _TAGS[type(node)]
            yield Problem(where, f"the tag '{name}' is not supported", hint=hint, line=node.lineno)


def _unknown_names(found: Iterable[nodes.Node], where: str) -> Iterator[Problem]:
    for node in found:
        if not isinstance(node, (nodes.Filter, nodes.Test)):
            continue
        noun, known = ("filter", FILTERS) if isinstance(node, nodes.Filter) else ("test", TESTS)
        name = short_name(node.name)
        if name in known:
            node.name = name
        else:
            yield Problem(where, f"no {noun} named '{node.name}'", hint=hint_for(name, known), line=node.lineno)


def _unknown_functions(tree: nodes.Node, found: Iterable[nodes.Node], where: str) -> Iterator[Problem]:
    called = [node for node in found if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name)]
    free = free_variables(tree) - _set_names(found)
    for call in called:
        assert isinstance(call.node, nodes.Name)
        name = call.node.name
        if name in ("lookup", "query", "q"):
            yield from _unknown_lookup(call, name, where)
        elif name in free:
            yield Problem(where, f"no function named '{name}'", hint=hint_for(name, FUNCTIONS), line=call.lineno)


def _set_names(found: Iterable[nodes.Node]) -> frozenset[str]:
    """What the template sets anywhere: a macro defined in one branch may be called in another."""
    macros = {node.name for node in found if isinstance(node, nodes.Macro)}
    return frozenset(macros | {node.name for node in found if isinstance(node, nodes.Name) and node.ctx != "load"})


def _unknown_lookup(call: nodes.Call, function: str, where: str) -> Iterator[Problem]:
    first = call.args[0] if call.args else None
    name = first.value if isinstance(first, nodes.Const) else None
    if not isinstance(name, str):
        yield Problem(where, f"{function}() needs the name of a lookup as its first argument", line=call.lineno)
    elif short_name(name) not in LOOKUPS:
        hint = "a program runs on the host: pass the value as a variable, or name the file in `src`"
        yield Problem(where, f"the lookup '{name}' is not supported", hint=hint, line=call.lineno)
