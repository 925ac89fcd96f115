"""The node tree of a YAML document, made without recursion: PyYAML's own composer overflows the stack of the whole
process on a text of a hundred thousand brackets.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml
from yaml.composer import ComposerError

MAX_DEPTH = 64
_STR = "tag:yaml.org,2002:str"
_SORTS: dict[Any, tuple[Any, str]] = {
    yaml.SequenceStartEvent: (yaml.SequenceNode, "tag:yaml.org,2002:seq"),
    yaml.MappingStartEvent: (yaml.MappingNode, "tag:yaml.org,2002:map"),
}


class TooDeep(Exception):
    """A document is nested deeper than `MAX_DEPTH`; `mark` is where."""

    def __init__(self, mark: yaml.Mark) -> None:
        super().__init__(f"is nested deeper than {MAX_DEPTH} levels")
        self.mark = mark


def compose(text: str) -> yaml.Node | None:
    """The one document in a text; None when there is none. Raises `yaml.YAMLError`, `TooDeep`."""
    parser = yaml.CSafeLoader(text)
    try:
        return _document(parser)
    finally:
        parser.dispose()


def _document(parser: Any) -> yaml.Node | None:
    builder = _Builder()
    while True:
        event = parser.get_event()
        if isinstance(event, yaml.DocumentStartEvent) and builder.root is not None:
            mark: Any = event.start_mark
            raise ComposerError(None, None, "only one document may stand in a file, and here begins another", mark)
        if isinstance(event, yaml.StreamEndEvent):
            return builder.root
        builder.take(event)


class _Builder:
    def __init__(self) -> None:
        self.root: yaml.Node | None = None
        self.anchors: dict[str, yaml.Node] = {}
        #: The collections that are open, innermost last, and of each mapping the key that waits for its value.
        self.open: list[yaml.Node] = []
        self.keys: list[yaml.Node | None] = []

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self.add(_scalar(event), event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.begin(_collection(event), event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop().end_mark = event.end_mark
            self.keys.pop()

    def begin(self, node: yaml.Node, anchor: str | None) -> None:
        self.add(node, anchor)
        if len(self.open) > MAX_DEPTH:
            raise TooDeep(node.start_mark)
        self.open.append(node)
        self.keys.append(None)

    def alias(self, event: Any) -> None:
        name: str = event.anchor
        mark: Any = event.start_mark
        if name not in self.anchors:
            raise ComposerError(None, None, f"found undefined alias {name[:60]!r}", mark)
        self.add(self.anchors[name], None)

    def add(self, node: yaml.Node, anchor: str | None) -> None:
        """Put a node where it belongs: into the innermost collection, or at the top."""
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.open:
            self.root = node
        elif isinstance(self.open[-1], yaml.SequenceNode):
            self.open[-1].value.append(node)
        elif self.keys[-1] is None:
            self.keys[-1] = node
        else:
            self.open[-1].value.append((self.keys[-1], node))
            self.keys[-1] = None


def _collection(event: Any) -> yaml.Node:
    sort, usual = _SORTS[type(event)]
    tag = usual if event.tag in (None, "!") else event.tag
    node: yaml.Node = sort(tag, [], event.start_mark, None, event.flow_style)
    return node


def _scalar(event: Any) -> yaml.ScalarNode:
    tag = event.tag
    if tag is None or tag == "!":
        tag = _implicit(event.value) if event.implicit[0] else _STR
    return yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark, event.style)


@lru_cache(maxsize=16384)
def _implicit(value: str) -> str:
    """The type that a scalar without quotes has by what it looks like."""
    candidates = yaml.SafeLoader.yaml_implicit_resolvers.get(value[:1], [])
    return next((tag for tag, pattern in candidates if pattern.match(value)), _STR)
