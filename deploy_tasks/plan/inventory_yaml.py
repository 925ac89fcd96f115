"""YAML inventories: groups with `hosts`, `vars` and `children`, each error with its line."""

from __future__ import annotations

from typing import Any

import yaml

from deploy_tasks.errors import InventoryError, Problem
from deploy_tasks.plan import doubles
from deploy_tasks.plan.documents import MAX_DEPTH, BadDocument, compose_yaml, construct
from deploy_tasks.plan.inventory_graph import Graph
from deploy_tasks.plan.problems import MAX_PROBLEMS, suggest
from deploy_tasks.plan.ranges import BadRange, expand
from deploy_tasks.plan.vault import Vault

_KEYS = ("hosts", "vars", "children")
MAX_VISITS = 200_000


def read_yaml(text: str, graph: Graph, source: str, vault: Vault | None = None) -> None:
    """Fill the graph from a YAML inventory; `vault` opens its encrypted values.

    Raises `InventoryError` with every problem, `BadDocument` for bad YAML.
    """
    root = compose_yaml(text, source)
    if root is None:
        return
    reader = _Reader(graph, source, vault or Vault())
    reader.document(root)
    if reader.problems:
        raise InventoryError(reader.problems[:MAX_PROBLEMS])


class _Reader:
    def __init__(self, graph: Graph, source: str, vault: Vault) -> None:
        self.graph, self.source, self.vault = graph, source, vault
        self.problems: list[Problem] = []
        self.visits = 0
        self._twice = doubles.warning(source)

    def document(self, root: yaml.Node) -> None:
        entries = self._mapping(root, "", 'groups, for example "all:" with "hosts:" below')
        if any(key == "plugin" for key, _, _ in entries):
            self._note(root, "plugin", "is the configuration of an inventory plugin, which is not run", _PLUGIN_HINT)
            return
        for name, _, node in entries:
            self._group(name, node, name, 0)

    def _group(self, name: str, node: yaml.Node, path: str, depth: int) -> None:
        self.visits += 1
        if depth > MAX_DEPTH or self.visits > MAX_VISITS:
            problem = Problem(path, "is nested too deeply or repeated too often", None, self.source)
            raise InventoryError([*self.problems, problem])
        if not self._try(lambda: self.graph.add_group(name, source=self.source, line=_line(node))):
            return
        for key, key_node, value in self._mapping(node, path, "a mapping with hosts, vars or children"):
            here = f"{path}.{key}"
            if key == "vars":
                self._try(lambda v=value: self.graph.group_vars(name, self._variables(v)))
            elif key == "hosts":
                self._hosts(name, value, here)
            elif key == "children":
                self._children(name, value, here, depth)
            else:
                hint = suggest(key, _KEYS) or f"a group has {', '.join(_KEYS)}"
                self._note(key_node, here, "is no key of a group", hint)

    def _hosts(self, group: str, node: yaml.Node, path: str) -> None:
        for pattern, key_node, value in self._mapping(node, path, 'a mapping of hosts, for example "web1:"'):
            try:
                names, port = expand(pattern)
            except BadRange as error:
                self._note(key_node, path, f"{pattern[:60]!r} {error}", None)
                continue
            variables = {} if port is None else {"ansible_port": port}
            entries = self._mapping(value, f"{path}.{pattern}", "a mapping of variables", told=False)
            if entries:
                variables |= self._variables(value)
            for name in names:
                line = _line(key_node)
                if self._try(lambda n=name, at=line: self.graph.add_host(n, group, source=self.source, line=at)):
                    self.graph.host_vars(name, variables)

    def _children(self, group: str, node: yaml.Node, path: str, depth: int) -> None:
        for child, key_node, value in self._mapping(node, path, 'a mapping of groups, for example "web:"'):
            line = _line(key_node)
            if self._try(lambda c=child, at=line: self.graph.add_child(group, c, source=self.source, line=at)):
                self._group(child, value, f"{path}.{child}", depth + 1)

    def _mapping(
        self, node: yaml.Node, path: str, wanted: str, *, told: bool = True
    ) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """The entries of a mapping; null is an empty one, a single text stands for one key, as in Ansible.

        Of a key that stands twice the last one counts; `told`: a warning says so.
        """
        if isinstance(node, yaml.ScalarNode):
            value = construct(node, self.source)
            if value is None:
                return []
            if isinstance(value, str) and path.rpartition(".")[2] in ("hosts", "children"):
                return [(value, node, yaml.ScalarNode("tag:yaml.org,2002:null", ""))]
        if not isinstance(node, yaml.MappingNode):
            self._note(node, path, f"must be {wanted}", None)
            return []
        found: dict[str, tuple[str, yaml.Node, yaml.Node]] = {}
        own = {id(key) for key, _ in node.value}
        for key_node, value_node in _merged(node):
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
                self._note(key_node, path, "a name here must be text", "put numbers and yes/no in quotes")
                continue
            name = str(key_node.value)
            if told and name in found and id(found[name][1]) in own:
                self._twice(key_node, name, found[name][1].start_mark.line + 1)
            found[name] = (name, key_node, value_node)
        return list(found.values())

    def _variables(self, node: yaml.Node) -> dict[str, Any]:
        value = construct(node, self.source, lambda locked: self.vault.reveal(locked, self.source))
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._note(node, "vars", "must be a mapping of variables", None)
            return {}
        return value

    def _try(self, step: Any) -> bool:
        """Whether the step succeeded; what it found wrong is noted."""
        try:
            step()
        except InventoryError as error:
            self.problems.extend(error.problems)
            return False
        except BadDocument as error:
            self.problems.append(error.problem)
            return False
        return True

    def _note(self, node: yaml.Node, path: str, message: str, hint: str | None) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(path, message, hint, self.source, _line(node)))


_PLUGIN_HINT = "give what it prints: ansible-inventory -i FILE --list > hosts.json"


def _line(node: yaml.Node) -> int | None:
    return node.start_mark.line + 1 if node.start_mark else None


def _merged(node: yaml.MappingNode, depth: int = 0) -> list[tuple[yaml.Node, yaml.Node]]:
    """The entries of a mapping with its `<<` merges unfolded, those written out last so that they win."""
    inherited: list[tuple[yaml.Node, yaml.Node]] = []
    own: list[tuple[yaml.Node, yaml.Node]] = []
    for key, value in node.value:
        if key.tag != "tag:yaml.org,2002:merge":
            own.append((key, value))
        elif depth < 8:
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for source in reversed(sources):
                if isinstance(source, yaml.MappingNode):
                    inherited += _merged(source, depth + 1)
    return inherited + own
