"""The value of a YAML node as Ansible reads YAML 1.1: bounded plain data, merge keys, `!unsafe`, `!vault`.

The node tree is walked here and not by PyYAML's constructor, because that unfolds merge keys without bound and takes
a key that stands twice without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml

from deploy_tasks.plan.scalars import NotPlain, key_text, scalar
from deploy_tasks.plan.yaml_nodes import MAX_DEPTH

MAX_NODES = 2_000_000
_TAG = "tag:yaml.org,2002:"
_STR, _MERGE, _SEQ, _MAP, _SET = (_TAG + name for name in ("str", "merge", "seq", "map", "set"))
_UNSAFE = "!unsafe"
_MARKS = ("{{", "{%", "{#")
_VAULT = frozenset({"!vault", "!vault-encrypted"})


class BadValue(Exception):
    """A node has no value that a plan may hold; `node` is where."""

    def __init__(self, node: yaml.Node, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.node, self.message, self.hint = node, message, hint


class Refused(Exception):
    """What `unlock` of `Values` raises for a text that it cannot open."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Values:
    """Makes plain data of nodes: dict, list, str, int, float, bool and None, keys as text, dates as text.

    `unlock` gives the value that stands for an encrypted text; without it such a text is refused. `twice` is told
    of every key that stands twice in a mapping (the last one counts), if given. `strange` gives the value that stands
    for a mapping with keys that are no text, as numbers; without it, and for the document's outer mappings, they become
    text.
    """

    def __init__(
        self,
        unlock: Callable[[str], Any] | None = None,
        twice: Callable[[yaml.Node, str, int], None] | None = None,
        limit: int = MAX_NODES,
        strange: Callable[[list[tuple[Any, Any]]], Any] | None = None,
    ) -> None:
        self._unlock, self._twice, self._left = unlock, twice, limit
        self._strange = strange
        #: From which depth on keys may be numbers: not those of the document's own entries.
        self._least = 0
        self._limit = limit
        self._loader = yaml.CSafeLoader("")

    def of(self, node: yaml.Node | None) -> Any:
        """The value of a node. Raises `BadValue`."""
        self._least = 2 if isinstance(node, yaml.SequenceNode) else 1
        return None if node is None else self._value(node, 0, False)

    def _value(self, node: yaml.Node, depth: int, unsafe: bool) -> Any:
        self._left -= 1
        if self._left < 0:
            raise BadValue(node, f"holds more than {self._limit} values")
        if depth > MAX_DEPTH:
            raise BadValue(node, f"is nested deeper than {MAX_DEPTH} levels")
        unsafe = unsafe or node.tag == _UNSAFE
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth, unsafe)
        if isinstance(node, yaml.SequenceNode):
            if node.tag not in (_SEQ, _UNSAFE):
                raise _unknown_tag(node)
            return [self._value(item, depth + 1, unsafe) for item in node.value]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, unsafe)

    def _mapping(self, node: yaml.MappingNode, depth: int, unsafe: bool) -> Any:
        if node.tag not in (_MAP, _SET, _UNSAFE):
            raise _unknown_tag(node)
        found: dict[str, Any] = {}
        own: dict[str, int] = {}
        real: dict[str, Any] = {}
        for key_node, value_node, merged in self._entries(node, 0):
            real[key := self._key(key_node)] = key_node
            if not merged:
                if key in own and self._twice:
                    self._twice(key_node, key, own[key])
                own[key] = key_node.start_mark.line + 1
            found[key] = self._value(value_node, depth + 1, unsafe)
        if self._strange and depth >= self._least and node.tag != _SET:
            keys = {key: self._plain(key_node) for key, key_node in real.items()}
            if not all(isinstance(key, str) for key in keys.values()):
                return self._strange([(keys[key], value) for key, value in found.items()])
        return sorted(found) if node.tag == _SET else found

    def _entries(self, node: yaml.MappingNode, depth: int) -> Iterator[tuple[yaml.Node, yaml.Node, bool]]:
        """Keys and values, weaker ones first: what is merged in comes before what stands in the mapping itself."""
        for key, value in node.value:
            if key.tag == _MERGE:
                # Of several mappings the first one is the strongest.
                for other in reversed(value.value) if isinstance(value, yaml.SequenceNode) else [value]:
                    yield from self._merged(key, other, depth)
        yield from ((key, value, False) for key, value in node.value if key.tag != _MERGE)

    def _merged(self, key: yaml.Node, other: yaml.Node, depth: int) -> Iterator[tuple[yaml.Node, yaml.Node, bool]]:
        if not isinstance(other, yaml.MappingNode):
            raise BadValue(key, "<< needs a mapping, or a list of mappings", "for example <<: *common")
        if depth > MAX_DEPTH:
            raise BadValue(key, f"is nested deeper than {MAX_DEPTH} levels")
        for name, value, _ in self._entries(other, depth + 1):
            self._left -= 1
            if self._left < 0:
                raise BadValue(key, f"holds more than {self._limit} values")
            yield name, value, True

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            hint = 'a template as a value stands in quotes: "{{ name }}"'
            raise BadValue(node, "must be text to be a key, not a list or mapping", hint)
        return key_text(self._plain(node))

    def _scalar(self, node: yaml.ScalarNode, unsafe: bool) -> Any:
        if node.tag in _VAULT:
            if self._unlock is None:
                message = "is encrypted with ansible-vault, which is not read here"
                raise BadValue(node, message, "put the decrypted value in place")
            return self._unlocked(node, self._unlock)
        value = self._plain(node)
        return _raw(node, value) if unsafe and isinstance(value, str) else value

    def _unlocked(self, node: yaml.ScalarNode, unlock: Callable[[str], Any]) -> Any:
        try:
            return unlock(node.value)
        except Refused as error:
            raise BadValue(node, str(error), error.hint) from None
        except ValueError as error:
            raise BadValue(node, str(error), "encrypt a value without it") from None

    def _plain(self, node: yaml.ScalarNode) -> Any:
        if node.tag in (_STR, _UNSAFE):
            return _scalar(node, node.value)
        try:
            value = self._loader.construct_object(node, deep=True)
        except yaml.constructor.ConstructorError:
            raise _unknown_tag(node) from None
        except (ValueError, OverflowError, TypeError, KeyError, AttributeError) as error:
            raise BadValue(node, f"is no {node.tag.removeprefix(_TAG)}: {error}", "write it in quotes") from None
        return _scalar(node, value)


def _scalar(node: yaml.Node, value: Any) -> Any:
    try:
        return scalar(value)
    except NotPlain as error:
        raise BadValue(node, f"holds {error}", error.hint) from None


def untemplated(text: str) -> str:
    """The text kept from being read as a template. Raises `ValueError` for one that cannot be."""
    if not any(mark in text for mark in _MARKS):
        return text
    if "endraw" in text:
        raise ValueError("holds endraw, and is not to be read as a template")
    # The first line end after a block tag is dropped when templates are read, so one is added before such a text.
    return "{% raw %}" + ("\n" if text.startswith("\n") else "") + text + "{% endraw %}"


def _raw(node: yaml.Node, text: str) -> str:
    try:
        return untemplated(text)
    except ValueError as error:
        raise BadValue(node, str(error), "write the value without that word") from None


def _unknown_tag(node: yaml.Node) -> BadValue:
    return BadValue(node, f"has the tag {node.tag[:60]!r}, which is not known", "known are !unsafe and !vault")
