"""What the plan and the inventory say of the variables that name the file of a lookup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from deploy_tasks.plan.jinja import environment, is_template
from deploy_tasks.plan.jinja_checks import LOOKUP_FUNCTIONS
from deploy_tasks.plan.jinja_names import short_name
from deploy_tasks.plan.jinja_references import Known
from deploy_tasks.plan.model import Block, Include, Plan, Play, Step, Task
from deploy_tasks.plan.said import Said

_MAX_VALUES = 1000
_MAX_DEPTH = 8
# Filters that give the items of a list as they are.
_SAME_ITEMS = frozenset({"flatten", "list", "reverse", "shuffle", "sort", "unique"})
# Lookups whose terms are lists of what they give.
_OF_TERMS = frozenset({"first_found", "flattened", "items", "list"})


class Values:
    """What a plan says of variables anywhere, and an inventory for any host: candidates for what depends on them."""

    def __init__(self, plan: Plan, said: Said) -> None:
        self._said = said
        self._registered: set[str] = set()
        self._found: dict[str, list[Any]] = {"playbook_dir": [plan.playbook_dir or "."]}
        for play in plan.plays:
            self._note([play.defaults, play.vars, play.role_vars])
            self._note([{"playbook_dir": play.playbook_dir}] if play.playbook_dir else [])
            self._note(choice for file in play.vars_files for choice in file.choices.values())
            for step in (*play.tasks, *play.handlers):
                self._step(step)

    def _step(self, step: Step) -> None:
        self._note([step.vars])
        if not isinstance(step, Block) and step.register:
            self._registered.add(step.register)
        if isinstance(step, Task):
            self._note(step.var_files.values())
            self._note([step.args] if step.module in ("set_fact", "add_host") else [])
        elif isinstance(step, Block):
            self._note([step.defaults, step.role_vars, step.params])
        parts = (*step.block, *step.rescue, *step.always) if isinstance(step, Block) else ()
        parts = tuple(p for c in step.choices.values() for p in c) if isinstance(step, Include) else parts
        for part in parts:
            self._step(part)

    def _note(self, layers: Iterable[Mapping[str, Any]]) -> None:
        for layer in layers:
            for name, value in layer.items():
                if len(known := self._found.setdefault(name, [])) <= _MAX_VALUES:
                    known.append(value)

    def variable(self, name: str) -> list[Any]:
        """What a variable may be, as written; none where not all of it is known."""
        written, told = self._found.get(name, []), self._said.values(name)
        return [] if told is None or name in self._registered or len(written) > _MAX_VALUES else [*written, *told]

    def within(self, element: Play | Step | Plan) -> Known:
        """What is known in a task, whose loop says what its item may be."""
        loop = getattr(element, "loop", None)
        items = {element.loop_var: loop} if loop is not None and isinstance(element, (Task, Block, Include)) else {}
        return _Reading(self.variable, items).known


class _Reading:
    """Follows trees through variables; lists stand for their items, texts with expressions for their trees."""

    def __init__(self, variable: Callable[[str], list[Any]], items: Mapping[str, Any]) -> None:
        self._variable, self._items = variable, items

    def known(self, tree: nodes.Node) -> list[Any]:
        """The values of a tree: plain ones, and trees of others; none if nothing is said of it."""
        return self._known(tree, 0)

    def _known(self, tree: nodes.Node, depth: int) -> list[Any]:
        if depth > _MAX_DEPTH:
            return []
        match tree:
            case nodes.Name(name=name):
                found = [self._items[name]] if name in self._items else self._variable(name)
            case nodes.Getattr(node=node, attr=key) | nodes.Getitem(node=node, arg=nodes.Const(value=key)):
                found = [each[key] for each in self._mappings(node, depth) if key in each]
            case nodes.Filter(name="default" | "d", node=nodes.Node() as node, args=[fallback, *_]):
                found = [*self._known(node, depth + 1), fallback]
            case nodes.Filter(name="dict2items", node=nodes.Node() as node):
                found = _pairs(self._mappings(node, depth))
            case nodes.Filter(name=name, node=nodes.Node() as node) if name in _SAME_ITEMS:
                found = self._known(node, depth + 1)
            case nodes.Add(left=left, right=right) if isinstance(left, nodes.List) or isinstance(right, nodes.List):
                found = [*self._terms([left], depth), *self._terms([right], depth)]
            case nodes.Call() if (kind := _lookup(tree)) is not None:
                terms = self._terms(tree.args[1:], depth)
                found = _pairs(self._settled(terms, depth)) if kind == "dict" else terms
            case _:
                return []
        return [each for value in found for each in _read(value)] if len(found) <= _MAX_VALUES else []

    def _terms(self, terms: Iterable[nodes.Node], depth: int) -> list[Any]:
        """The items of lists that are written out or stand in variables."""
        found: list[Any] = []
        for term in terms:
            if isinstance(term, (nodes.List, nodes.Tuple)):
                found += term.items
            else:
                found += self._known(term, depth + 1) or [term]
        return found

    def _mappings(self, node: nodes.Node, depth: int) -> list[Mapping[Any, Any]]:
        return self._settled(self._known(node, depth + 1), depth)

    def _settled(self, values: Iterable[Any], depth: int) -> list[Mapping[Any, Any]]:
        """The mappings among values, those of trees included."""
        found = []
        for value in values:
            inner = self._known(value, depth + 1) if isinstance(value, nodes.Node) and depth < _MAX_DEPTH else [value]
            found += [each for each in inner if isinstance(each, Mapping)]
        return found


def _pairs(mappings: Iterable[Any]) -> list[Any]:
    several = [each for each in mappings if isinstance(each, Mapping)]
    return [{"key": key, "value": value} for each in several for key, value in each.items()]


def _lookup(call: nodes.Call) -> str | None:
    """The lookup that a call is, if what it gives is in its terms."""
    match call:
        case nodes.Call(node=nodes.Name(name=function), args=[nodes.Const(value=str(name)), _, *_]):
            kind = short_name(name)
            return kind if function in LOOKUP_FUNCTIONS and kind in _OF_TERMS | {"dict"} else None
    return None


def _read(value: Any) -> Iterator[Any]:
    """A value as it is, one with expressions as their trees."""
    if isinstance(value, list):
        for item in value:
            yield from _read(item)
    elif isinstance(value, str) and is_template(value):
        if (tree := _tree(value)) is not None:
            yield tree
    else:
        yield value


@lru_cache(maxsize=8192)
def _tree(text: str) -> nodes.Expr | None:
    """The expressions of a template as one; None when it cannot be read, which is told elsewhere."""
    try:
        body = environment().parse(text).body
    except TemplateSyntaxError:
        return None
    parts = [part for output in body if isinstance(output, nodes.Output) for part in output.nodes]
    return parts[0] if len(parts) == 1 else nodes.Concat(parts)
