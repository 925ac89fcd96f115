"""The values that a lowered expression may have, as far as the plan, the inventory and extra variables say them.

A worker compares what a host asks for with these, so everything here errs on the side of too few. A host evaluates its
expressions itself; nothing of what is found here reaches it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from deploy_tasks.compiler.pure_functions import FILTERS, METHODS, Unfit
from deploy_tasks.compiler.shaped import LATER, UNKNOWN, Mark, Shaped

MAX = 2000
_MAX_TEXT = 1 << 16
_MAX_DEPTH = 60
#: Trees whose value is whether something holds.
_TRUTHS = frozenset({"cmp", "test", "not"})

Value: TypeAlias = Any
"""A plain value, a `Shaped` text, or a list or mapping of lowered values."""
Locals: TypeAlias = Mapping[str, Any]
"""What the loops around an expression go through, lowered, by the names of their variables."""


@dataclass(frozen=True)
class Known:
    """What is known of variables on one host. `variables` are the lowered values that a name may have, `loops` what
    loops anywhere go through; `otherwise` says what any other name stands for; `fetched` gives answers to lookups whose
    arguments are written out; `own` is the host's name, None when there is none yet."""

    variables: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    loops: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    otherwise: Callable[[str], Shaped] = lambda _name: UNKNOWN
    fetched: Callable[[str], Any] = lambda _name: None
    own: str | None = None


class Candidates:
    """Evaluates lowered expressions to all that they may be."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def of(self, node: Any, around: Locals, depth: int = 0) -> list[Value]:
        """What a NODE may be, each once."""
        if depth > _MAX_DEPTH:
            return [UNKNOWN]
        return _distinct(self._node(node, around, depth + 1))

    def plain(self, value: Value, around: Locals, depth: int = 0) -> list[Value]:
        """What a value may be when all in it is evaluated: plain values, or `Shaped` texts."""
        if depth > _MAX_DEPTH:
            return [UNKNOWN]
        if isinstance(value, Shaped):
            plain = value.whole and self._known.own is not None and Mark.LATER not in value.parts
            return [value.text(self._known.own or "")] if plain else [value]
        if isinstance(value, list):
            return _distinct(_together(self._plain_parts(value, around, depth), list))
        if isinstance(value, dict):
            several = self._plain_parts(value.values(), around, depth)
            return _distinct(_together(several, lambda items: dict(zip(value, items, strict=True))))
        return [value]

    def texts(self, values: Sequence[Any], around: Locals) -> Iterator[list[Value]]:
        """The choices of one text for each of some lowered values: plain ones, and `Shaped` ones."""
        several = [
            [each for found in self._value(value, around, 0) for each in self.plain(found, around)] for value in values
        ]
        for chosen in itertools.islice(itertools.product(*several), MAX):
            if all(isinstance(each, (str, Shaped)) for each in chosen):
                yield list(chosen)

    def _plain_parts(self, values: Iterable[Any], around: Locals, depth: int) -> list[list[Value]]:
        return [
            [each for found in self._value(value, around, depth + 1) for each in self.plain(found, around, depth + 1)]
            for value in values
        ]

    def _value(self, value: Any, around: Locals, depth: int) -> list[Value]:
        """What a lowered value may be; lists and mappings stay as they are until something is taken out of them."""
        if isinstance(value, dict) and set(value) == {"$"}:
            return self.of(value["$"], around, depth)
        return [value]

    def _node(self, node: Any, around: Locals, depth: int) -> Iterator[Value]:  # noqa: C901  (a line for each kind)
        match node:
            case ["lit" | "value", value]:
                yield from self._value(value, around, depth)
            case ["var", str(name)]:
                yield from self._variable(name, around, depth)
            case ["attr", of, str(key)]:
                yield from self._part(of, [key], around, depth)
            case ["item", of, key]:
                yield from self._part(of, self._plain_of(key, around, depth), around, depth)
            case ["list" | "tuple", *items]:
                yield [{"$": item} for item in items]
            case ["dict", *pairs] if all(isinstance(pair[0], list) and pair[0][0] == "lit" for pair in pairs):
                yield {str(pair[0][1]): {"$": pair[1]} for pair in pairs}
            case ["~", *parts]:
                yield from self._joined(parts, around, depth)
            case ["+", left, right]:
                yield from self._sum(left, right, around, depth)
            case ["and" | "or", left, right]:
                yield from (*self.of(left, around, depth), *self.of(right, around, depth))
            case ["if", _test, yes, no, *_]:
                yield from (*self.of(yes, around, depth), *(self.of(no, around, depth) if no else ()))
            case [str(kind), *_] if kind in _TRUTHS:
                yield from (True, False)
            case ["filter", str(name), of, args, {}]:
                yield from self._filtered(name, of, args, around, depth)
            case ["call", ["attr", of, str(method)], args, {}] if method in METHODS:
                yield from self._applied(METHODS[method], [of, *args], around, depth)
            case ["call", ["var", "lookup"], [["lit", "vars"], name], {}]:
                for each in self._plain_of(name, around, depth):
                    yield from self._variable(each, around, depth) if isinstance(each, str) else [UNKNOWN]
            case ["call", ["var", "query" | "q"], [["lit", "items" | "flattened" | "list"], *terms], {}]:
                yield from self._applied(FILTERS["flatten"], [["list", *terms]], around, depth)
            case ["fetched", str(name), bool(listed), *_]:
                yield self._fetched(name, listed)
            case ["tmpl" | "native" | "data", body, *newlines]:
                yield from self._written(body, newlines, around, depth)
            case _:
                yield UNKNOWN

    def _variable(self, name: str, around: Locals, depth: int) -> Iterator[Value]:
        if name in around:
            yield from self._items(
                {"$": ["value", around[name]]}, {k: v for k, v in around.items() if k != name}, depth
            )
            return
        values = self._known.variables.get(name, ())
        loops = self._known.loops.get(name, ())
        for value in values:
            yield from self._value(value, around, depth)
        for loop in loops:
            yield from self._items({"$": ["value", loop]}, around, depth)
        if not values and not loops:
            yield self._known.otherwise(name)

    def _items(self, loop: Any, around: Locals, depth: int) -> Iterator[Value]:
        """What a loop goes through."""
        for found in self._value(loop, around, depth):
            if isinstance(found, list):
                for item in found:
                    yield from self._value(item, around, depth)
            else:
                yield found if found == LATER else UNKNOWN

    def _part(self, of: Any, keys: Iterable[Any], around: Locals, depth: int) -> Iterator[Value]:
        """What lies under a key or at a place."""
        for whole, key in itertools.product(self.of(of, around, depth), list(keys)):
            if isinstance(whole, Shaped) or isinstance(key, Shaped):
                yield LATER if _later(whole, key) else UNKNOWN
            elif _has(whole, key):
                yield from self._value(whole[key], around, depth)

    def _plain_of(self, node: Any, around: Locals, depth: int) -> list[Value]:
        return [each for value in self.of(node, around, depth) for each in self.plain(value, around, depth)]

    def _shapes(self, node: Any, around: Locals, depth: int) -> list[Shaped]:
        """What a NODE may be as text."""
        found = []
        for value in self.of(node, around, depth):
            kept = [value] if isinstance(value, Shaped) else self.plain(value, around, depth)
            found += [each if isinstance(each, Shaped) else Shaped((_text(each),)) for each in kept]
        return found

    def _joined(self, parts: Sequence[Any], around: Locals, depth: int) -> Iterator[Value]:
        several = (self._shapes(part, around, depth) for part in parts)
        for chosen in itertools.islice(itertools.product(*several), MAX):
            yield _simple(sum(chosen, Shaped(())))

    def _sum(self, left: Any, right: Any, around: Locals, depth: int) -> Iterator[Value]:
        for one, two in itertools.product(self.of(left, around, depth), self.of(right, around, depth)):
            match one, two:
                case (int(), int()) | (list(), list()):
                    yield one + two
                case ((str() | Shaped()), (str() | Shaped())):
                    yield _simple(_shape(one) + _shape(two))

    def _filtered(self, name: str, of: Any, args: Sequence[Any], around: Locals, depth: int) -> Iterator[Value]:
        if name in ("default", "d"):
            yield from (*self.of(of, around, depth), *(self.of(args[0], around, depth) if args else ("",)))
        elif name in FILTERS:
            yield from self._applied(FILTERS[name], [of, *args], around, depth)
        else:
            yield UNKNOWN

    def _applied(
        self, function: Callable[..., Any], args: Sequence[Any], around: Locals, depth: int
    ) -> Iterator[Value]:
        """What a function of known values gives."""
        several = [self._plain_of(arg, around, depth) for arg in args]
        for chosen in itertools.islice(itertools.product(*several), MAX):
            if any(isinstance(each, Shaped) for each in chosen):
                yield LATER if _later(*chosen) else UNKNOWN
                continue
            try:
                made = function(*chosen)
            except Unfit:
                continue
            yield made if not isinstance(made, str) or len(made) <= _MAX_TEXT else UNKNOWN

    def _fetched(self, name: str, listed: bool) -> Value:
        found = self._known.fetched(name)
        if isinstance(found, Shaped):
            return found
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            return UNKNOWN
        return found if listed else ",".join(found)

    def _written(self, body: Sequence[Any], newlines: Sequence[Any], around: Locals, depth: int) -> Iterator[Value]:
        """What a template writes that has nothing but text, outputs, and variables it sets before."""
        kept: dict[str, Any] = {}
        parts: list[Any] = []
        for statement in body:
            match statement:
                case ["text", str(text)]:
                    parts.append(["lit", text])
                case ["out", node]:
                    parts.append(node)
                case ["set", ["var", str(name)], node] if not parts:
                    kept[name] = [{"$": node}]
                case _:
                    yield UNKNOWN
                    return
        inner = {**around, **kept}
        if len(parts) == 1 and not newlines:
            yield from self.of(parts[0], inner, depth)
        elif not newlines or newlines == [0]:
            yield from self._joined(parts, inner, depth)
        else:
            yield UNKNOWN


def _together(several: list[list[Value]], make: Callable[[list[Value]], Any]) -> Iterator[Value]:
    """Every choice of one from each as one value; what is not wholly known makes all of it unknown."""
    for chosen in itertools.islice(itertools.product(*several), MAX):
        if any(isinstance(each, Shaped) for each in chosen):
            yield LATER if _later(*chosen) else UNKNOWN
        else:
            yield make(list(chosen))


def _later(*values: Value) -> bool:
    """Whether all that is missing a worker will know; the host's own name counts so."""
    return all(each.whole for each in values if isinstance(each, Shaped))


def _has(whole: Value, key: Value) -> bool:
    if isinstance(whole, dict):
        return key in whole
    return isinstance(whole, (list, str)) and isinstance(key, int) and -len(whole) <= key < len(whole)


def _shape(value: str | Shaped) -> Shaped:
    return value if isinstance(value, Shaped) else Shaped((value,))


def _simple(shape: Shaped) -> Value:
    """A text without marks is a plain one; one that is too long is none."""
    if sum(len(part) for part in shape.parts if isinstance(part, str)) > _MAX_TEXT:
        return UNKNOWN
    if any(isinstance(part, Mark) for part in shape.parts):
        return shape
    return "".join(str(part) for part in shape.parts)


def _text(value: Value) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _distinct(values: Iterable[Value]) -> list[Value]:
    found: dict[str, Value] = {}
    for value in values:
        found.setdefault(value if isinstance(value, str) else _key(value), value)
        if len(found) >= MAX:
            break
    return list(found.values())


def _key(value: Value) -> str:
    return "\0" + (repr(value) if isinstance(value, Shaped) else json.dumps(value, default=repr))
