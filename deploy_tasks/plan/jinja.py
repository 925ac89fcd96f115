"""Reading Jinja2: the one environment, the syntax trees of templates and expressions, and what is wrong with them.

Jinja2's own parser reads every template and expression; nothing here or after it looks at template text by other means.
The settings are Ansible's: `trim_blocks`, no `lstrip_blocks`, and the tags `do`, `break` and `continue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, NoReturn

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.compiler import CodeGenerator
from jinja2.parser import Parser

from deploy_tasks.errors import PlanError, Problem
from deploy_tasks.plan import jinja_checks
from deploy_tasks.plan.jinja_free import read_names
from deploy_tasks.plan.jinja_names import FILTERS, FUNCTIONS, TESTS

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


def parse_part(text: str, settings: Mapping[str, Any], *, where: str) -> nodes.Template:
    """The syntax tree of a template file without its header, its filters and tests checked.

    The functions it calls may come from other templates: see `jinja_checks.unknown_functions`. Raises ExpressionError.
    """
    reader = environment().overlay(**settings) if settings else environment()
    try:
        tree = reader.parse(text)
        _refuse(jinja_checks.refused_tags(tree, where, _FILE_TAGS), jinja_checks.unknown_names(tree, where))
        _check_compiles(tree)
    except TemplateSyntaxError as error:
        raise _syntax_error(error, where) from None
    except RecursionError:
        raise ExpressionError([Problem(where, "the template is nested too deep")]) from None
    return tree


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
    return _parsed(text, where=where)


def _parsed(text: str, *, where: str) -> nodes.Template:
    try:
        tree = environment().parse(text)
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
    _refuse(
        jinja_checks.refused_tags(tree, where, _TAGS),
        jinja_checks.unknown_names(tree, where),
        jinja_checks.unknown_functions(
            tree, where, free_variables(tree) - jinja_checks.set_names(tree), jinja_checks.used_names(tree)
        ),
    )
    _check_compiles(tree)


def _refuse(*found: list[Problem]) -> None:
    if problems := [problem for problems in found for problem in problems]:
        raise ExpressionError(problems)


def _check_compiles(tree: nodes.Node) -> None:
    """Raises Jinja2's TemplateSyntaxError for what only its compiler refuses, such as two blocks of one name."""
    if isinstance(tree, nodes.Template):
        generator = CodeGenerator(environment(), None, None, optimized=False)
        with suppress(AssertionError):  # it loses names in the arguments of `{% set x | filter(name) %}`
            generator.visit(tree)


_FILE_TAGS: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.ScopedEvalContextModifier: ("autoescape", "use the filter 'e' where text is to be escaped"),
}
_IN_FILES = "put it into a template file and use the module template or lookup('template', …)"
_TAGS = _FILE_TAGS | {
    nodes.Include: ("include", _IN_FILES),
    nodes.Import: ("import", _IN_FILES),
    nodes.FromImport: ("from", _IN_FILES),
    nodes.Extends: ("extends", _IN_FILES),
}
