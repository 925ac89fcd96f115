"""`first_found` and `fileglob` with names that are known: the files are found while the plan is made."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import replace
from typing import Any

from deploy_tasks.plan.playbook import paths
from deploy_tasks.plan.playbook.candidates import Lookup, Names, looked_up
from deploy_tasks.plan.playbook.filetree import with_tree
from deploy_tasks.plan.playbook.paths import Folders
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site, missing
from deploy_tasks.plan.playbook.taskdoc import TaskDoc


def subfolder_of(module: str) -> str:
    """Where `with_first_found` looks first, by the module that the loop is for."""
    return "templates" if "template" in module else "vars" if "var" in module else "files"


def with_known_items(doc: TaskDoc, scope: Scope, site: Site) -> TaskDoc:
    """The task with its loop over files written out, if they can be known."""
    loop = doc.fields.get("loop")
    lookup = looked_up(loop, Names.of(scope, site, {}, doc.common.vars)) if isinstance(loop, str) else None
    if lookup is None:
        return doc
    if lookup.plugin == "filetree":
        return with_tree(doc, lookup, scope, site)
    found = known_files(lookup, subfolder_of(doc.module), f"{doc.where}.loop", scope.folders, site)
    return doc if found is None else replace(doc, fields={**doc.fields, "loop": [site.name(each) for each in found]})


def _known(lookup: Lookup) -> bool:
    return all(pattern.literal is not None for pattern in lookup.names)


def known_files(lookup: Lookup, subfolder: str, path: str, folders: Folders, site: Site) -> list[str] | None:
    """The files that a lookup finds; None when they are only known on the host. None found is a problem at `path`."""
    if not _known(lookup):
        return None
    names = [folders.resolve(pattern.literal or "") for pattern in lookup.names]
    if lookup.plugin == "fileglob":
        return [place for name in names for place in glob(name, folders)]
    tried = [place for name in names for place in folders.places(subfolder, name)]
    found = paths.first_file(tried)
    if found is None and not lookup.skip:
        site.problem(path, *missing("file", ", ".join(names), tried))
    return [found] if found else []


def glob(pattern: str, folders: Folders) -> list[str]:
    """The files that a pattern matches, in the first folder in which it matches any."""
    folder, name = os.path.split(pattern)
    if folder:
        first = paths.first_file(folders.places("files", folder))
        return _matching(first, name) if first else []
    tops: dict[str, Any] = dict.fromkeys(folders.places("files", ""))
    return next((found for top in tops if (found := _matching(top, name))), [])


def _matching(folder: str, pattern: str) -> list[str]:
    if not os.path.isdir(folder):
        return []
    names = [name for name in sorted(os.listdir(folder)) if fnmatch.fnmatchcase(name, pattern)]
    shown = [name for name in names if pattern.startswith(".") or not name.startswith(".")]
    return [f"{folder}/{name}" for name in shown if os.path.isfile(f"{folder}/{name}")]
