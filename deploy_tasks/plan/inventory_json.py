"""JSON inventories: as a dynamic inventory script prints them, or structured like a YAML inventory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deploy_tasks.errors import InventoryError, Problem
from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.inventory_graph import Graph
from deploy_tasks.plan.problems import MAX_PROBLEMS

_KEYS = ("hosts", "vars", "children")


def is_dynamic(data: Any) -> bool:
    """Whether this is what a script prints (lists of hosts) rather than a YAML inventory written as JSON."""
    if not isinstance(data, dict) or "_meta" in data:
        return True
    return any(isinstance(group, list) or (isinstance(group, dict) and _has_list(group)) for group in data.values())


def _has_list(group: dict[str, Any]) -> bool:
    return any(isinstance(group.get(key), list) for key in ("hosts", "children"))


def read_dynamic(data: Any, graph: Graph, source: str, ask: Callable[[str], Mapping[str, Any]] | None = None) -> None:
    """Fill the graph. `ask` gives a host's variables when the document has no `_meta.hostvars`.

    Raises `InventoryError` with every problem.
    """
    reader = _Reader(graph, source)
    if not isinstance(data, dict):
        reader.note("", f"must be an object of groups, not {kind(data)}", '{"web": {"hosts": ["web1"]}}')
    else:
        for name, group in data.items():
            if name != "_meta":
                reader.group(name, group)
        reader.variables(data.get("_meta"), ask)
    if reader.problems:
        raise InventoryError(reader.problems[:MAX_PROBLEMS])


class _Reader:
    def __init__(self, graph: Graph, source: str) -> None:
        self.graph, self.source = graph, source
        self.problems: list[Problem] = []
        self.hosts: dict[str, None] = {}

    def group(self, name: str, data: Any) -> None:
        if not self._try(lambda: self.graph.add_group(name, source=self.source)):
            return
        if isinstance(data, list):
            data = {"hosts": data}
        if not isinstance(data, dict):
            self.note(name, f"must be an object or a list of hosts, not {kind(data)}", None)
            return
        if data and not any(key in data for key in _KEYS):
            # The short form: the group is a host, and these are its variables.
            data = {"hosts": [name], "vars": data}
        for host in self._names(data.get("hosts"), f"{name}.hosts"):
            if self._try(lambda h=host: self.graph.add_host(h, name, source=self.source)):  # type: ignore[misc]
                self.hosts[host] = None
        for child in self._names(data.get("children"), f"{name}.children"):
            self._try(lambda c=child: self.graph.add_child(name, c, source=self.source))  # type: ignore[misc]
        variables = data.get("vars")
        if isinstance(variables, dict):
            self._try(lambda: self.graph.group_vars(name, variables))
        elif variables is not None:
            self.note(f"{name}.vars", f"must be an object, not {kind(variables)}", None)

    def variables(self, meta: Any, ask: Callable[[str], Mapping[str, Any]] | None) -> None:
        """The hosts' own variables."""
        if meta is not None and not isinstance(meta, dict):
            self.note("_meta", f"must be an object, not {kind(meta)}", '{"hostvars": {"web1": {}}}')
            return
        given = (meta or {}).get("hostvars")
        if given is None:
            for host in self.hosts if ask else ():
                self.graph.host_vars(host, ask(host) if ask else {})
            return
        if not isinstance(given, dict):
            self.note("_meta.hostvars", f"must be an object, not {kind(given)}", None)
            return
        for host, variables in given.items():
            if not isinstance(variables, dict):
                self.note(f"_meta.hostvars.{host}", f"must be an object, not {kind(variables)}", None)
            elif host in self.hosts:
                self.graph.host_vars(host, variables)

    def note(self, path: str, message: str, hint: str | None) -> None:
        self.problems.append(Problem(path, message, hint, self.source))

    def _names(self, value: Any, path: str) -> list[str]:
        if value is None:
            return []
        if not isinstance(value, (list, dict)):
            self.note(path, f"must be a list of names, not {kind(value)}", '["web1", "web2"]')
            return []
        names = [name for name in value if isinstance(name, str)]
        if len(names) != len(value):
            self.note(path, "must be a list of names, but some are not text", "put every name in quotes")
        return names

    def _try(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except InventoryError as error:
            self.problems.extend(error.problems)
            return False
        return True
