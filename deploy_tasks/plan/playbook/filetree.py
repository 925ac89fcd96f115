"""`with_filetree`: everything below folders of the playbook, as items with `path`, `state`, `src`, `mode`, `size`.

The folders are walked while the plan is made, and their files travel. Owner, group and times are those of the machine
that the plan was made on and no host's business: items do not have them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from deploy_tasks.plan.playbook import paths
from deploy_tasks.plan.playbook.candidates import Lookup
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site, is_inside, missing, shown
from deploy_tasks.plan.playbook.taskdoc import TaskDoc

_MAX_ITEMS = 10_000


def with_tree(doc: TaskDoc, lookup: Lookup, scope: Scope, site: Site) -> TaskDoc:
    """The task with its loop over folders written out; folders that are not known or not there are a problem."""
    where = f"{doc.where}.loop"
    found: dict[str, dict[str, Any]] = {}
    for pattern in lookup.names:
        name = pattern.literal
        if name is None:
            hint = "name it by variables of the playbook; for folders of the host use the module find"
            site.problem(where, "the folder of with_filetree must be known when the playbook is read", hint)
            continue
        tried = list(scope.folders.places("files", scope.folders.resolve(name)))
        folder = next((place for place in tried if os.path.isdir(place)), None)
        if folder is None:
            site.problem(where, *missing("folder", name, tried))
            continue
        if not _belongs(folder, where, site):
            continue
        for item in islice(_items(folder, site), _MAX_ITEMS + 1):
            found.setdefault(item["path"], item)
    if len(found) > _MAX_ITEMS:
        site.problem(where, f"goes through more than {_MAX_ITEMS} files", "copy takes a whole folder along")
    items = list(found.values())
    brings = tuple(item["src"] for item in items if item["state"] == "file")
    return replace(doc, fields={**doc.fields, "loop": items, "brings": brings})


def _belongs(folder: str, where: str, site: Site) -> bool:
    """Whether a folder lies in the plan's, which may grow for it, whatever links lead there; a problem if not."""
    site.name(folder)
    if not site.allowed(folder, where):
        return False
    inside = is_inside(os.path.realpath(folder), os.path.realpath(site.base))
    if not inside:
        site.problem(where, f"{shown(folder)!r} lies outside the plan's folder", "put the folder itself there")
    return inside


def _items(folder: str, site: Site) -> Iterator[dict[str, Any]]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in (*folders, *sorted(names)):
            with suppress(OSError):  # it is gone meanwhile
                yield from _item(folder, f"{place}/{name}", site)


def _item(folder: str, place: str, site: Site) -> Iterator[dict[str, Any]]:
    """What is told of a file, folder or link."""
    status = os.lstat(place)
    item = {
        "root": site.name(folder),
        "path": paths.relative(place, folder),
        "mode": f"0{stat.S_IMODE(status.st_mode):03o}",
        "size": status.st_size,
    }
    if stat.S_ISLNK(status.st_mode):
        yield {**item, "state": "link", "src": os.readlink(place)}
    elif stat.S_ISDIR(status.st_mode):
        yield {**item, "state": "directory"}
    elif stat.S_ISREG(status.st_mode):
        yield {**item, "state": "file", "src": site.name(place)}
