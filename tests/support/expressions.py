"""The two evaluators the expression tests compare: the Go evaluator in a process of its own, and real Jinja2."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, Undefined, pass_environment
from jinja2 import filters as jinja_filters
from jinja2 import tests as jinja_tests
from jinja2.exceptions import UndefinedError
from jinja2.runtime import StrictUndefined
from markupsafe import Markup

from deploy_tasks.compiler.expressions import Node, lower_condition, lower_parts
from deploy_tasks.compiler.sources import RUNNER
from deploy_tasks.compiler.targets import this_machine
from deploy_tasks.compiler.toolchain import FLAGS, find_toolchain
from deploy_tasks.plan.jinja import ExpressionError, environment
from deploy_tasks.plan.jinja_parts import read_parts
from deploy_tasks.plan.jinja_references import Library
from tests.support.compiler import site_cache


@dataclass(frozen=True)
class Outcome:
    """What an expression gave: the repr of its value, or an error with its kind (`undefined` or another)."""

    repr: str | None = None
    error: str | None = None
    kind: str | None = None


class Evaluator:
    """The Go evaluator, one process for many expressions."""

    def __init__(self, command: Path) -> None:
        self._process = subprocess.Popen([command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answer(self, tree: Any, variables: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"tree": tree, "vars": variables, **more}).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the evaluator died on {tree!r}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def eval(self, tree: Any, variables: Mapping[str, Any], **more: Any) -> Outcome:
        answer = self.answer(tree, variables, **more)
        return Outcome(answer.get("repr"), answer.get("error"), answer.get("kind"))

    def expression(self, text: str, variables: Mapping[str, Any]) -> Outcome:
        return self._lowered(lambda: lower_condition(text, where="test"), variables)

    def template(self, text: str, variables: Mapping[str, Any], others: Mapping[str, str] | None = None) -> Outcome:
        return self._lowered(lambda: lower_set(text, others or {}), variables)

    def _lowered(self, lower: Callable[[], Node], variables: Mapping[str, Any]) -> Outcome:
        try:
            tree = lower()
        except ExpressionError as error:
            return Outcome(error=str(error), kind="compile")
        return self.eval(tree, variables)

    def close(self) -> None:
        self._process.communicate(timeout=10)


@cache
def evaluate_command() -> Path:
    """Builds the helper command, once; between test runs Go's build cache keeps what it compiled."""
    folder = Path(tempfile.gettempdir()) / f"deploy-tasks-tests-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    command = Path(tempfile.mkdtemp(dir=folder)) / "evaluate"
    go = find_toolchain()
    subprocess.run(
        [go.go, "build", *FLAGS, "-o", command, "./expr/cmd/evaluate"],
        cwd=RUNNER,
        env={**os.environ, **go.environment(this_machine(), cache=site_cache(), temp=folder)},
        check=True,
    )
    return command


def lower_set(text: str, others: Mapping[str, str]) -> Node:
    """A template that may include `others`, by their names."""
    library = Library(("",), others.__contains__, lambda _folder: sorted(others))
    return lower_parts(read_parts(text, where="test", library=library, read=others.__getitem__), text)


class AnsibleUndefined(StrictUndefined):
    """Ansible's rule: an attribute or item of what is undefined is the same undefined thing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    def __contains__(self, item: Any) -> Any:
        self._fail_with_undefined_error()


_LAZY = (Iterator, KeysView, ItemsView, ValuesView, range)


def _unrolled(value: Any) -> Any:
    """Generators and views become lists, as in Ansible; there is no text marked as safe."""
    if isinstance(value, Markup):
        return str(value)
    return list(value) if isinstance(value, _LAZY) else value


def _unrolling(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return _unrolled(function(*args, **kwargs))

    for name in ("jinja_pass_arg", "jinja_async_variant"):
        if hasattr(function, name):
            setattr(wrapper, name, getattr(function, name))
    return wrapper


def _finalize(value: Any) -> Any:
    _fail_if_undefined(value)
    return "" if value is None else _unrolled(value)


def _fail_if_undefined(value: Any) -> None:
    if isinstance(value, StrictUndefined):
        str(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            _fail_if_undefined(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _fail_if_undefined(item)


def _unique(context: Environment, items: Any, case_sensitive: bool = False, attribute: Any = None) -> list[Any]:
    """Ansible's: what Jinja2's own cannot hash is compared item by item."""
    try:
        return list(jinja_filters.sync_do_unique(context, items, case_sensitive, attribute))
    except TypeError:
        if attribute:
            raise
        kept: list[Any] = []
        for item in items:
            if item not in kept:
                kept.append(item)
        return kept


@cache
def jinja() -> Environment:
    """The project's environment, with real filters and tests and Ansible's rules for undefined and none."""
    made = environment().overlay(undefined=AnsibleUndefined, finalize=_finalize)
    made.filters = {name: _unrolling(function) for name, function in jinja_filters.FILTERS.items()}
    made.filters["unique"] = pass_environment(_unique)
    made.tests = dict(jinja_tests.TESTS)
    made.globals = {**Environment().globals, "range": lambda *args: list(range(*args))}
    return made


def outcome_of(run: Callable[[], Any]) -> Outcome:
    """What Jinja2 gives, in the same form as the Go evaluator's answer."""
    try:
        value = _unrolled(run())
        _fail_if_undefined(value)
    except UndefinedError as error:
        return Outcome(error=error.message, kind="undefined")
    except Exception as error:
        return Outcome(error=str(error), kind="other")
    return Outcome(repr=repr("" if isinstance(value, Undefined) else value))


def jinja_expression(text: str, variables: Mapping[str, Any]) -> Outcome:
    return outcome_of(lambda: jinja().compile_expression(text, undefined_to_none=False)(**deepcopy(dict(variables))))


def jinja_template(text: str, variables: Mapping[str, Any], others: Mapping[str, str] | None = None) -> Outcome:
    real = jinja().overlay(loader=DictLoader(dict(others or {})))

    def render() -> str:
        rendered = real.from_string(text).render(**deepcopy(dict(variables)))
        ends = len(text) - len(text.rstrip("\n"))
        return rendered + "\n" * max(0, ends - (len(rendered) - len(rendered.rstrip("\n"))))

    return outcome_of(render)


def agree(real: Outcome, ours: Outcome) -> bool:
    """Equal values; or an error in both, and the same message when it is about something undefined.

    Jinja2 writes what is undefined within a list as `Undefined`; here it is an error.
    """
    if ours.kind == "undefined" and "Undefined" in str(real.repr):
        return True
    if real.repr is not None or ours.repr is not None:
        return real.repr == ours.repr
    if ours.kind == "broken":
        return False
    if real.kind != "undefined" or ours.kind != "undefined":
        return True
    # an undefined index: Jinja2 says that there is no such element, we say what is undefined
    return real.error == ours.error or str(real.error).endswith("has no element Undefined")
