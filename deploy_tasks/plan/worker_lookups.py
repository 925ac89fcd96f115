"""Lookups that the worker performs, once for a deployment: what they ask for, where it is written out in the plan.

Those with other arguments hosts ask for while they run; see `compiler/asking.py` for what they may. Nothing that a host
tells decides what runs on a worker.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from deploy_tasks.plan.jinja_names import WORKER_LOOKUPS, short_name

PREFIX = "__lookup_"
_KINDS = "|".join(sorted({"file", *WORKER_LOOKUPS}))
_CALL = re.compile(rf"\b(?:lookup|query|q)\s*\(\s*(['\"])(?:[\w.]*\.)?(?:{_KINDS})\1")
# What the runner does with the answer.
FOR_RUNNER = frozenset({"wantlist", "errors"})
_OPTIONS = {
    "env": frozenset({"default"}),
    "password": frozenset({"length", "chars", "seed"}),
    "pipe": frozenset[str](),
    "lines": frozenset[str](),
    "file": frozenset({"lstrip", "rstrip"}),
    "url": frozenset(
        {"split_lines", "validate_certs", "username", "password", "headers", "timeout", "http_agent", "force"}
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One lookup for the worker: its `kind`, its terms, its options."""

    kind: str
    terms: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """The variable that brings the answer to hosts: the same for the same question."""
        whole = json.dumps([self.kind, self.terms, dict(self.options)], sort_keys=True)
        return PREFIX + hashlib.sha256(whole.encode()).hexdigest()[:20]


def of_call(call: nodes.Call) -> tuple[Asked | None, str | None]:
    """What a call of `lookup` or `query` asks the worker, or what is wrong with it; neither when it is not for the
    worker, or its arguments are not written out."""
    kind = _kind(call)
    if kind is None:
        return None, None
    if call.dyn_kwargs is not None:
        return None, "the names of its options are only known on the host"
    if wrong := sorted({pair.key for pair in _options(call)} - _OPTIONS[kind]):
        return None, f"it has no option '{wrong[0]}' here"
    if call.dyn_args is not None:
        return None, None
    try:
        terms = tuple(_plain(term.as_const()) for term in call.args[1:])
        options = {pair.key: _plain(pair.value.as_const()) for pair in _options(call)}
    except nodes.Impossible:
        return None, None
    if not terms or not all(isinstance(term, str) and term.strip() for term in terms):
        return None, "its arguments are texts"
    return Asked(kind, terms, tuple(sorted(options.items()))), None


def _kind(call: nodes.Call) -> str | None:
    match call:
        case nodes.Call(node=nodes.Name(name="lookup" | "query" | "q"), args=[nodes.Const(value=str(name)), *terms]):
            kind = short_name(name)
            if kind in WORKER_LOOKUPS or (kind == "file" and terms and all(map(_elsewhere, terms))):
                return kind
    return None


def _elsewhere(term: nodes.Expr) -> bool:
    """Whether a file lies outside the plan's folder by its very name."""
    return isinstance(term, nodes.Const) and isinstance(term.value, str) and term.value.startswith(("/", "~"))


def _options(call: nodes.Call) -> Iterator[nodes.Keyword]:
    """The options that the worker needs; what an unset variable of the environment stands for the host knows."""
    for pair in call.kwargs:
        assert isinstance(pair, nodes.Keyword)
        if pair.key not in FOR_RUNNER and not (pair.key == "default" and _kind(call) == "env"):
            yield pair


def _plain(value: Any) -> Any:
    """A constant as JSON has it."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def asks_worker(text: str) -> bool:
    """Whether a text may ask the worker for something."""
    return _CALL.search(text) is not None


def in_program(value: Any) -> Iterator[Asked]:
    """What a lowered program or value asks the worker."""
    match value:
        case ["fetched", str(name), bool(), [str(kind), list(terms), dict(options)], *_]:
            asked = Asked(kind, tuple(terms), tuple(sorted(options.items())))
            if asked.name == name:
                yield asked
        case list():
            for item in value:
                yield from in_program(item)
        case dict():
            for item in value.values():
                yield from in_program(item)
