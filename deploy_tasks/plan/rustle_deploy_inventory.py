"""The inventory inside a format B plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy_tasks.errors import InventoryError
from deploy_tasks.plan.documents import BadDocument, parse_json
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.inventory_graph import Graph
from deploy_tasks.plan.inventory_json import read_dynamic
from deploy_tasks.plan.inventory_vars import VarFolder
from deploy_tasks.plan.model import Inventory
from deploy_tasks.plan.rustle_deploy_model import ConnectionDoc, HostDoc, InventoryDoc

_NAMES = {
    "username": "ansible_user",
    "password": "ansible_password",
    "key_file": "ansible_ssh_private_key_file",
    "port": "ansible_port",
    "timeout": "ansible_timeout",
}


def inventory_of(document: InventoryDoc, findings: Findings, folder: Path | None = None) -> Inventory | None:
    """The inventory with the variable files of `folder`; None: it is empty, and another has to be given."""
    if not document.hosts and not any(group.hosts for group in document.groups.values()):
        return _inline(document, findings, folder)
    graph = Graph()
    for name, host in document.hosts.items():
        with _noting(f"inventory.hosts.{name}", findings):
            graph.add_host(name)
            graph.host_vars(name, _host_variables(name, host, findings))
    graph.group_vars("all", document.variables)
    for name, group in document.groups.items():
        with _noting(f"inventory.groups.{name}", findings):
            graph.add_group(name)
            graph.group_vars(name, group.variables)
            for host_name in group.hosts:
                graph.add_host(host_name, name)
            for child in group.children:
                graph.add_child(name, child)
    return _built(graph, findings, folder)


@contextmanager
def _noting(path: str, findings: Findings) -> Iterator[None]:
    """Names that cannot be the name of a host or group, told where they stand."""
    try:
        yield
    except InventoryError as error:
        for problem in error.problems:
            findings.add(path, problem.message, problem.hint)


def _built(graph: Graph, findings: Findings, folder: Path | None) -> Inventory | None:
    try:
        return graph.build(*([VarFolder(folder)] if folder else []))
    except InventoryError as error:
        for problem in error.problems:
            if problem.file:
                findings.problems.append(problem)
            else:
                findings.add(f"inventory.groups.{problem.path}", problem.message, problem.hint)
        return None


def _host_variables(name: str, host: HostDoc, findings: Findings) -> dict[str, Any]:
    variables = dict(host.variables)
    if host.address:
        variables.setdefault("ansible_host", host.address)
    if host.target_triple:
        variables.setdefault("target_triple", host.target_triple)
    connection = host.connection or ConnectionDoc()
    if connection.method == "WinRm":
        path = f"inventory.hosts.{name}.connection.method"
        findings.add(path, "WinRm is not spoken", "install OpenSSH on the Windows host and write Ssh")
    if host.connection is not None:
        variables.setdefault("ansible_connection", "local" if connection.method == "Local" else "ssh")
    for key, variable in _NAMES.items():
        value = getattr(connection, key)
        if value is not None:
            variables.setdefault(variable, value)
    return variables


def _inline(document: InventoryDoc, findings: Findings, folder: Path | None) -> Inventory | None:
    """The text in `source.Inline.content`, as a dynamic inventory script would print it."""
    inline = document.source.get("Inline") if isinstance(document.source, dict) else None
    content = inline.get("content") if isinstance(inline, dict) else None
    if not isinstance(content, str) or not content.strip():
        return None
    path = "inventory.source.Inline.content"
    try:
        data = parse_json(content, path)
    except BadDocument as error:
        findings.add(path, f"is not JSON: {error.problem.message}")
        return None
    if not data:
        return None
    graph = Graph()
    try:
        read_dynamic(data, graph, path)
    except InventoryError as error:
        findings.problems.extend(error.problems)
        return None
    return _built(graph, findings, folder)
