"""Where roles are looked for: beside the playbook, beside the role that names them, and in collections of content."""

from __future__ import annotations

import os
from collections.abc import Iterator

from deploy_tasks.plan.playbook.scope import Scope

#: The parts of a role that hold tasks or variables.
PARTS = ("tasks", "handlers", "vars", "defaults")
_COLLECTIONS = "ansible_collections"


def find(name: str, scope: Scope) -> tuple[str | None, list[str]]:
    """The folder of a role, and every place that was looked at."""
    tried = [os.path.normpath(name)] if os.path.isabs(name) else list(dict.fromkeys(_places(name, scope)))
    return next((place for place in tried if os.path.isdir(place)), None), tried


def known_roles(scope: Scope) -> list[str]:
    """The names of the roles that are there."""
    found: dict[str, None] = {}
    folders = dict.fromkeys(_folders(scope), "")
    for collection in _own_collections(scope):
        folders |= dict.fromkeys(_in_collection(collection, "", scope), f"{collection}.")
    for folder, prefix in folders.items():
        if os.path.isdir(folder):
            names = [name for name in sorted(os.listdir(folder)) if _is_role(f"{folder}/{name}")]
            found |= dict.fromkeys([*names, *(prefix + name for name in names)])
    return list(found)


def _places(name: str, scope: Scope) -> Iterator[str]:
    """Ansible's order: what a collection holds goes before what lies beside the playbook."""
    parts = name.split(".")
    if len(parts) > 2:
        yield from _in_collection(".".join(parts[:2]), "/".join(parts[2:]), scope)
    else:
        for collection in (*_own_collections(scope), *_named_collections(scope)):
            yield from _in_collection(collection, name, scope)
    for folder in _folders(scope):
        yield os.path.normpath(f"{folder}/{name}")


def _folders(scope: Scope) -> list[str]:
    """The folders of roles that belong to no collection, in order."""
    playbook = scope.folders.playbook
    beside = [os.path.dirname(folder) for folder in scope.folders.roles[:1]]
    found = [f"{playbook}/roles", *beside, playbook, f"{os.path.dirname(playbook)}/roles"]
    return list(dict.fromkeys(os.path.normpath(folder) for folder in found))


def _in_collection(collection: str, role: str, scope: Scope) -> Iterator[str]:
    """The places of a role of the collection `namespace.name`."""
    for base in _bases(scope):
        yield os.path.normpath(f"{base}/{collection.replace('.', '/')}/roles/{role}")


def _bases(scope: Scope) -> Iterator[str]:
    """The folders of collections: the playbook's own, and those that the playbook or the role lies in itself."""
    yield f"{scope.folders.playbook}/collections/{_COLLECTIONS}"
    for folder in (scope.folders.playbook, *scope.folders.roles[:1]):
        head, found, _ = folder.rpartition(f"/{_COLLECTIONS}/")
        if found:
            yield f"{head}/{_COLLECTIONS}"


def _own_collections(scope: Scope) -> Iterator[str]:
    """The collection that the role, or else the playbook, belongs to."""
    for folder in (*scope.folders.roles[:1], scope.folders.playbook):
        parts = folder.rpartition(f"/{_COLLECTIONS}/")[2].split("/") if f"/{_COLLECTIONS}/" in folder else []
        if len(parts) > 2:
            yield ".".join(parts[:2])
            return


def _named_collections(scope: Scope) -> tuple[str, ...]:
    """Those of the keyword `collections`; a role takes none over from its play."""
    return () if scope.folders.roles else scope.inherited.collections


def _is_role(folder: str) -> bool:
    return any(os.path.isdir(f"{folder}/{part}") for part in (*PARTS, "meta"))
