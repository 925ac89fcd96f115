"""Keys that stand twice in a mapping of YAML: as with Ansible the last one counts, and a warning tells it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import yaml

log = logging.getLogger(__name__)
_SHOWN = 80


def warning(source: str, *, secret: bool = False) -> Callable[[yaml.Node, str, int], None]:
    """What is told of a second key in the document `source`: the key's node, its name and the line of the first.

    The name is left out where the document is `secret`.
    """

    def twice(node: yaml.Node, key: str, first: int) -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        name = "a key" if secret else repr(key[:_SHOWN])
        log.warning("%s:%d:%d: %s stands here and on line %d: the last one counts", source, line, column, name, first)

    return twice
