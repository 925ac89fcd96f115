"""Which files a name with expressions may mean, as far as that can be told before anything runs.

The expression is read by Jinja2's own parser. Constants, both sides of an `if`, the items of a loop that is written
out, the file names given to `first_found` and variables whose value no inventory can change are followed; everything
else may be any text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from deploy_tasks.plan.jinja import environment, is_template
from deploy_tasks.plan.jinja_names import short_name
from deploy_tasks.plan.playbook import paths
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site
from deploy_tasks.plan.said import Said

_MAX_DEPTH = 12
_MAX_PATTERNS = 500
_LOOKUPS = ("lookup", "query", "q")
_TRUE = (True, "true", "yes", "True", 1)
_ANY = None  # a part of a name that may be any text
Parts = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A name of which some parts may be any text."""

    parts: Parts

    @property
    def literal(self) -> str | None:
        """The name, if all of it is known."""
        return "".join(part or "" for part in self.parts) if _ANY not in self.parts else None

    @property
    def absolute(self) -> bool:
        """Whether it says its folder itself."""
        return bool(self.parts) and (self.parts[0] or "").startswith("/")

    @property
    def open(self) -> bool:
        """Whether nothing at all is known of it."""
        return not any(self.parts)

    def matches(self, text: str) -> bool:
        """Whether this very text may be meant."""
        return _regex(self.parts).fullmatch(text) is not None

    def below(self, folder: str) -> Iterator[str]:
        """The files below a folder that may be meant, relative to it."""
        literal = self.literal
        if literal is not None:
            if paths.exists(f"{folder}/{literal}"):
                yield os.path.normpath(literal)
            return
        match = _regex(self.parts).fullmatch
        yield from (name for name in paths.entries(folder) if match(name))


@lru_cache(maxsize=1024)
def _regex(parts: Parts) -> re.Pattern[str]:
    """A text that is a whole component of the path may have folders in it, a part of one may not."""
    text = ""
    for index, part in enumerate(parts):
        before = parts[index - 1] if index else "/"
        after = parts[index + 1] if index + 1 < len(parts) else "/"
        whole = part is _ANY and (before or "").endswith("/") and (after or "").startswith("/")
        text += re.escape(part) if part is not None else (".*" if whole else "[^/]*")
    return re.compile(text.removeprefix("\\./").removeprefix("./"))


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of the variables that a name uses: values that cannot change, and those of a loop's item.

    `weak` are values that an inventory may overrule, `said` is what it says; None: it is not known.
    """

    layers: tuple[Mapping[str, Any], ...]
    items: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    weak: tuple[Mapping[str, Any], ...] = ()
    said: Said | None = None

    @classmethod
    def of(cls, scope: Scope, site: Site, fields: Mapping[str, Any], variables: Mapping[str, Any]) -> Names:
        """The names that a task with these fields and variables sees."""
        folders = {"playbook_dir": scope.folders.playbook}
        if scope.folders.role:
            folders |= {"role_path": scope.folders.role, "role_name": scope.role or ""}
        return cls((*scope.firm, variables, site.ctx.extra_vars, folders)).looping(fields)

    @classmethod
    def with_inventory(cls, scope: Scope, site: Site, fields: Mapping[str, Any], variables: Mapping[str, Any]) -> Names:
        """The same, inventory and defaults of roles included; folders are named as the host names them."""
        folders = {"playbook_dir": site.name(scope.folders.playbook)}
        if scope.folders.role:
            folders |= {"role_path": site.name(scope.folders.role), "role_name": scope.role or ""}
        if scope.folders.inventory:
            folders |= {"inventory_dir": scope.folders.inventory}
        layers = (*scope.firm, variables, site.ctx.extra_vars, folders)
        return cls(layers, weak=scope.weak, said=site.said).looping(fields)

    def looping(self, fields: Mapping[str, Any]) -> Names:
        """These names within the loop of a task with such fields."""
        loop = fields.get("loop")
        if loop is None:
            return self
        return replace(self, items={fields.get("loop_var") or "item": self.loop_items(loop)})

    def loop_items(self, loop: Any) -> tuple[Any, ...]:
        """The items of a loop, as far as they are known; `_UNKNOWN` stands for others."""
        if not is_template(loop):
            return tuple(loop) if isinstance(loop, list) else (_UNKNOWN,)
        found: list[Any] = []
        for value in _Reader(self).whole(loop, 0):
            found += value if isinstance(value, list) else [_UNKNOWN]
        return tuple(found)

    def values(self, name: str) -> list[Any]:
        """The values of a variable, `_UNKNOWN` if it may be anything."""
        for layer in reversed(self.layers):
            if name in layer:
                return [layer[name]]
        if self.said is None:
            return [_UNKNOWN]
        default = next(([layer[name]] for layer in reversed(self.weak) if name in layer), [])
        told = self.said.values(name)
        known = [] if told is None else [*told, *default]
        self.said.relied.update((name,) if known else ())
        return known or [_UNKNOWN]


class _Unknown:
    """A value that may be anything."""


_UNKNOWN = _Unknown()


def patterns(text: str, names: Names) -> list[Pattern]:
    """Everything that a name with expressions may become, each once."""
    return list(_patterns(_Reader(names).text(text, 0)))


def mappings(text: str, names: Names) -> list[dict[str, Any] | None]:
    """The mappings that a template may give, with their values as written; None for what is not known."""
    return [value if isinstance(value, dict) else None for value in _Reader(names).whole(text, 0)]


def _patterns(texts: Iterable[Parts]) -> tuple[Pattern, ...]:
    return tuple(Pattern(parts) for parts in dict.fromkeys(texts))


@dataclass(frozen=True, slots=True)
class Lookup:
    """A lookup that finds files: `first_found`, `fileglob` or `filetree`, the names it looks for, and whether none may
    be found."""

    plugin: str
    names: tuple[Pattern, ...]
    skip: bool = False


def looked_up(text: object, names: Names) -> Lookup | None:
    """The lookup that a text is, if it is one of those that find files and nothing else."""
    if not isinstance(text, str) or not is_template(text):
        return None
    reader = _Reader(names)
    reader.whole(text, 0)
    return reader.lookup


class _Reader:
    """Follows one template through the variables it uses."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.set: dict[str, nodes.Expr] = {}
        #: The lookup that was read last.
        self.lookup: Lookup | None = None

    def text(self, text: str, depth: int) -> list[Parts]:
        """The texts that a template may become."""
        if not is_template(text):
            return [(text,)]
        try:
            tree = environment().parse(text)
        except TemplateSyntaxError:
            return [(_ANY,)]  # it is told where expressions are checked
        return self.body(tree.body, depth)

    def body(self, body: Iterable[nodes.Node], depth: int) -> list[Parts]:
        found: list[Parts] = [()]
        for node in body:
            pieces = self.piece(node, depth)
            if len(found) * len(pieces) > _MAX_PATTERNS:
                return [(_ANY,)]
            found = [_joined(left, right) for left in found for right in pieces]
        return found

    def piece(self, node: nodes.Node, depth: int) -> list[Parts]:
        if isinstance(node, nodes.Output):
            return self.body(node.nodes, depth)
        if isinstance(node, nodes.TemplateData):
            return [(node.data,)]
        if isinstance(node, nodes.If):
            branches: list[Sequence[nodes.Node]] = [node.body, *([part] for part in node.elif_), node.else_ or []]
            return [parts for branch in branches for parts in self.body(branch, depth)]
        if isinstance(node, nodes.Expr):
            return [parts for value in self.values(node, depth) for parts in self.written(value, depth)]
        return [(_ANY,)]

    def written(self, value: Any, depth: int) -> list[Parts]:
        """The texts that a value is written as."""
        if isinstance(value, str):
            return self.text(value, depth + 1) if depth < _MAX_DEPTH else [(_ANY,)]
        if isinstance(value, _Texts):
            return value.texts
        plain = isinstance(value, (int, float)) and not isinstance(value, bool)
        return [(str(value),)] if plain else [(_ANY,)]

    def whole(self, value: Any, depth: int) -> list[Any]:
        """The values of a text that is one expression; other texts and data are themselves."""
        if depth > _MAX_DEPTH or not is_template(value):
            return [value]
        try:
            body = environment().parse(value).body
        except TemplateSyntaxError:
            return [_UNKNOWN]
        *settings, last = body
        inner = last.nodes if isinstance(last, nodes.Output) else []
        if len(inner) != 1 or not all(_sets_one(node) for node in settings):
            return [value]
        self.set |= {node.target.name: node.node for node in settings}  # type: ignore[attr-defined]
        return self.values(inner[0], depth + 1)

    def values(self, node: nodes.Node, depth: int) -> list[Any]:
        """The values that an expression may have, `_UNKNOWN` among them if it may be anything."""
        if depth > _MAX_DEPTH:
            return [_UNKNOWN]
        match node:
            case nodes.Const(value=value):
                return [value]
            case nodes.Name(name=name):
                return self.variable(name, depth)
            case nodes.CondExpr(expr1=yes, expr2=no):
                return self.values(yes, depth) + (self.values(no, depth) if no else [])
            case nodes.Getattr(node=inner, attr=key) | nodes.Getitem(node=inner, arg=nodes.Const(value=key)):
                return [self._member(value, key) for value in self.values(inner, depth)]
            case nodes.Filter(node=inner) if inner is not None:
                return self._filtered(node, inner, depth)
            case nodes.Call(node=nodes.Name(name=name), args=[nodes.Const(value=str(plugin)), *terms]):
                if name in _LOOKUPS:
                    return self._lookup(name, short_name(plugin), node, terms, depth)
        return self._made(node, depth)

    def _made(self, node: nodes.Node, depth: int) -> list[Any]:
        """The value of what is written out, or joined of several texts."""
        match node:
            case nodes.List(items=items):
                return [[self._one(item, depth) for item in items]]
            case nodes.Dict(items=pairs):
                return [{self._one(pair.key, depth): self._one(pair.value, depth) for pair in pairs}]
            case nodes.Add(left=left, right=right):
                return [_Texts(self.body([left, right], depth))]
            case nodes.Concat():
                return [_Texts(self.body(node.nodes, depth))]
        return [_UNKNOWN]

    def _filtered(self, node: nodes.Filter, inner: nodes.Expr, depth: int) -> list[Any]:
        values = self.values(inner, depth)
        if node.name in ("default", "d") and node.args:
            return values + self.values(node.args[0], depth)
        if node.name in ("list", "flatten", "unique"):
            return [value if isinstance(value, list) else _UNKNOWN for value in values]
        return [_UNKNOWN]

    def variable(self, name: str, depth: int) -> list[Any]:
        if name in self.set:
            return self.values(self.set[name], depth + 1)
        if name in self.names.items:
            return [each for item in self.names.items[name] for each in self.whole(item, depth)]
        return [each for value in self.names.values(name) for each in self.whole(value, depth)]

    def _one(self, node: nodes.Node, depth: int) -> Any:
        found = self.values(node, depth)
        return found[0] if len(found) == 1 else _UNKNOWN

    def _member(self, value: Any, key: Any) -> Any:
        return value.get(key, _UNKNOWN) if isinstance(value, dict) and isinstance(key, str) else _UNKNOWN

    def _lookup(self, function: str, plugin: str, call: nodes.Call, terms: list[nodes.Expr], depth: int) -> list[Any]:
        """The values of a lookup whose terms decide them."""
        given = [value for term in terms for value in self.values(term, depth)]
        if call.dyn_args is not None:
            given += self.values(call.dyn_args, depth)
        if plugin == "first_found":
            options = {each.key: self._one(each.value, depth) for each in call.kwargs}
            given += [options] if "files" in options else []
            skip = any(isinstance(each, dict) and each.get("skip") in _TRUE for each in [*given, options])
            found = self._first_found(given, depth)
            self.lookup = Lookup(plugin, _patterns(found.texts), skip or options.get("errors") == "ignore")
            return [found] if function == "lookup" else [[found]]
        if plugin == "filetree":
            self.lookup = Lookup(plugin, _patterns(parts for value in given for parts in self.written(value, depth)))
            return [_UNKNOWN]
        if plugin == "fileglob":
            texts = [parts for value in given for parts in self.searched(value, depth)]
            self.lookup = Lookup(plugin, _patterns(texts), skip=True)
            return [[_Texts([_globbed(parts) for parts in texts])]]
        if plugin in ("items", "list", "flattened"):
            return [[item for value in given for item in _unfolded(value)]]
        return [_UNKNOWN]

    def _first_found(self, given: list[Any], depth: int) -> _Texts:
        return _Texts([parts for value in given for parts in self.searched(value, depth)] or [(_ANY,)])

    def searched(self, value: Any, depth: int) -> list[Parts]:
        """The names that `first_found` looks for, given one of its terms."""
        if depth > _MAX_DEPTH:
            return [(_ANY,)]
        if isinstance(value, list):
            return [parts for item in value for parts in self.searched(item, depth + 1)]
        if isinstance(value, dict):
            files = self.searched(value.get("files", _UNKNOWN), depth + 1)
            folders = self.searched(value["paths"], depth + 1) if value.get("paths") else [()]
            return [_under(folder, name) for folder in folders for name in files][:_MAX_PATTERNS]
        if not isinstance(value, str):
            return self.written(value, depth)
        if not is_template(value):
            return [(part,) for part in re.split("[,;]", value)]
        whole = self.whole(value, depth + 1)
        if any(isinstance(each, (list, dict)) for each in whole):
            return [parts for each in whole for parts in self.searched(each, depth + 1)]
        return self.text(value, depth + 1)


@dataclass(frozen=True, slots=True)
class _Texts:
    """Some texts that a value may be."""

    texts: list[Parts]


def _sets_one(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name)


def _unfolded(value: Any) -> list[Any]:
    """A value's items at every depth; other values are one item."""
    return [part for item in value for part in _unfolded(item)] if isinstance(value, list) else [value]


def _globbed(parts: Parts) -> Parts:
    """The texts that a pattern with `*` and `?` matches."""
    found: Parts = ()
    for part in parts:
        for piece in re.split(r"([*?]+|\[[^\]]*\])", part or ""):
            text = _ANY if part is None or piece[:1] in ("*", "?", "[") else piece
            found = _joined(found, (text,)) if text != "" else found
    return found


def _under(folder: Parts, name: Parts) -> Parts:
    return _joined(_joined(folder, ("/",)), name) if folder else name


def _joined(left: Parts, right: Parts) -> Parts:
    """Two runs of parts as one; neighbouring texts are one text."""
    if left and right and left[-1] is not _ANY and right[0] is not _ANY:
        return (*left[:-1], left[-1] + right[0], *right[1:])
    if left and right and left[-1] is _ANY and right[0] is _ANY:
        return (*left, *right[1:])
    return (*left, *right)
