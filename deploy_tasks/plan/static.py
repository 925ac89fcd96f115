"""Values of templates that must be known before anything runs: names of imported files and roles, `hosts`, `serial`.

Only what the playbook itself and the caller's extra variables say is known here; of the inventory `groups`
alone, by plays, and no facts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, UndefinedError, meta
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from deploy_tasks.plan.jinja import is_template

_MAX_DEPTH = 20
_MAX_TEXT = 10_000
_MAX_NUMBER = 1_000_000_000
_UNDEFINED = re.compile(r"'([^']*)' is undefined")
#: What filters and functions raise for values that are not what they take.
_FAILING = (
    *(TypeError, ValueError, ArithmeticError, LookupError, AttributeError),
    *(AssertionError, RuntimeError, NameError, MemoryError, re.error),
)


class Unknown(Exception):
    """A template's value is not known before the deployment runs; the text says why."""


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, without the two operators that make huge values of small ones."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = all(isinstance(side, (int, float)) and abs(side) < _MAX_NUMBER for side in (left, right))
        if operator == "**" or not numbers:
            raise SecurityError(f"{operator!r} is not for what must be known now")
        return left * right


@cache
def _environment() -> _Environment:
    made = _Environment(undefined=StrictUndefined, autoescape=False)
    made.filters |= {
        "basename": os.path.basename,
        "dirname": os.path.dirname,
        "bool": lambda value: str(value).strip().lower() in ("1", "true", "yes", "on", "y", "t"),
        "ternary": lambda value, yes, no: yes if value else no,
        "regex_replace": lambda value, pattern, new="": re.sub(pattern, new, str(value)),
        "flatten": lambda value, levels=None: _flat(value, _MAX_DEPTH if levels is None else levels),
        "dict2items": lambda value: [{"key": key, "value": each} for key, each in value.items()],
        "split": lambda value, by=None: str(value).split(by),
    }
    return made


def _flat(value: Any, levels: int) -> list[Any]:
    """The items of a list with those of lists in it, to so many levels; what is null is left out, as in Ansible."""
    found: list[Any] = []
    for each in value:
        if isinstance(each, (list, tuple)) and levels > 0:
            found += _flat(each, levels - 1)
        elif each not in (None, "None", "null"):
            found.append(each)
    return found


def known_value(value: Any, layers: Sequence[Mapping[str, Any]]) -> Any:
    """The value of a text with expressions, by variables whose later layers win. Raises `Unknown`."""
    return _Resolver(layers).value(value, 0)


class _Resolver:
    def __init__(self, layers: Sequence[Mapping[str, Any]]) -> None:
        self.layers = layers

    def value(self, value: Any, depth: int) -> Any:
        if isinstance(value, (list, tuple)):
            return [self.value(item, depth) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item, depth) for key, item in value.items()}
        if not is_template(value):
            return value
        if depth > _MAX_DEPTH or len(value) > _MAX_TEXT:
            raise Unknown("its variables refer to each other without end")
        try:
            return self._rendered(value, depth)
        except UndefinedError as error:
            found = _UNDEFINED.search(str(error))
            raise Unknown(f"{found[1]!r} is not known before the deployment" if found else str(error)) from None
        except TemplateError as error:
            raise Unknown(f"{error.message}") from None
        except _FAILING as error:
            raise Unknown(str(error)) from None

    def _rendered(self, text: str, depth: int) -> Any:
        environment = _environment()
        names = meta.find_undeclared_variables(environment.parse(text))
        variables = {name: self._variable(name, depth) for name in names if self._has(name)}
        inner = text.strip()
        if inner.startswith("{{") and inner.endswith("}}") and inner.count("{{") == 1:
            return _defined(environment.compile_expression(inner[2:-2], undefined_to_none=False)(**variables))
        return environment.from_string(text).render(variables)

    def _has(self, name: str) -> bool:
        return any(name in layer for layer in self.layers)

    def _variable(self, name: str, depth: int) -> Any:
        return self.value(next(layer[name] for layer in reversed(self.layers) if name in layer), depth + 1)


def known_text(value: Any, layers: Sequence[Mapping[str, Any]]) -> str:
    """As `known_value`, the value as text. Raises `Unknown`."""
    return str(known_value(value, layers))


def _defined(value: Any) -> Any:
    """The value, unless something in it is undefined, which is then told as Jinja2 tells it when that is used."""
    if isinstance(value, StrictUndefined):
        str(value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        _defined(item)
    return value
