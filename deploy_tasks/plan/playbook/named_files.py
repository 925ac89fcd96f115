"""The controller files that a task's arguments name, given the names they have within the base folder.

A literal name becomes that of the file which Ansible would find. Before a name that is only known on the host goes the
folder that it most likely lies in; `Task.search` has them all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace

from deploy_tasks.plan.literals import is_template as is_whole_expression
from deploy_tasks.plan.literals import unbraced
from deploy_tasks.plan.playbook import candidates, paths
from deploy_tasks.plan.playbook.candidates import Names, Pattern
from deploy_tasks.plan.playbook.encrypted_files import with_decrypted
from deploy_tasks.plan.playbook.inventory_files import by_inventory
from deploy_tasks.plan.playbook.lookups import known_files, with_known_items
from deploy_tasks.plan.playbook.paths import SUBFOLDER, Folders
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site, missing
from deploy_tasks.plan.playbook.taskdoc import TaskDoc
from deploy_tasks.plan.words import file_arguments

_MAX_KNOWN = 500


def search(scope: Scope, site: Site) -> tuple[str, ...]:
    """The folders in which names computed on the host are looked for, relative to the base, the strongest first."""
    return tuple(site.name(folder) for folder in scope.folders.stack())


def placed(doc: TaskDoc, scope: Scope, site: Site) -> TaskDoc:
    """The task with the files in its arguments named within the base."""
    written = with_known_items(doc, scope, site)
    changed: dict[str, str] = {}
    brings: dict[str, None] = {}
    for argument in file_arguments(doc.module, doc.args):
        value = doc.args.get(argument)
        if not isinstance(value, str) or not value.strip() or (written is not doc and _is_item(value, doc)):
            continue  # an item that was looked up is a path within the base
        if written.fields.get("brings") and is_whole_expression(value):
            continue  # so is what stands in one
        said = by_inventory(value.strip(), SUBFOLDER.get(doc.module, "files"), doc, scope, site)
        if said is not None:
            changed[argument] = said.text
            brings |= dict.fromkeys(said.files)
            continue
        changed[argument] = _name(value.strip(), f"{doc.where}.args.{argument}", doc, scope, site)
    if brings:
        written = replace(written, fields={**written.fields, "brings": tuple(brings)})
    return with_decrypted(replace(written, args={**doc.args, **changed}), site) if changed else written


def _is_item(value: str, doc: TaskDoc) -> bool:
    return is_whole_expression(value) and unbraced(value) == (doc.fields.get("loop_var") or "item")


def _name(value: str, path: str, doc: TaskDoc, scope: Scope, site: Site) -> str:
    subfolder = SUBFOLDER.get(doc.module, "files")
    name = scope.folders.resolve(value)
    if paths.has_expression(name):
        return _computed(name, subfolder, path, doc, scope, site)
    return found_name(name, subfolder, path, scope.folders, site)


def found_name(name: str, subfolder: str, path: str, folders: Folders, site: Site) -> str:
    """The name within the base of the file that a literal name means; none found is a problem at `path`."""
    tried = list(folders.places(subfolder, name))
    place = paths.first_file(tried)
    if place is None:
        site.problem(path, *missing("file", name, tried, _near(tried)))
        return name
    return site.name(place) + ("/" if name.endswith("/") else "")


def _near(tried: list[str]) -> list[str]:
    """Names of files in the folders that were looked in."""
    known: dict[str, None] = {}
    for folder in dict.fromkeys(os.path.dirname(place) for place in tried):
        if os.path.isdir(folder):
            known.update(dict.fromkeys(os.listdir(folder)[:_MAX_KNOWN]))
    return list(known)


def _computed(name: str, subfolder: str, path: str, doc: TaskDoc, scope: Scope, site: Site) -> str:
    """A name with expressions, behind the folder that it lies in."""
    if os.path.isabs(name):
        folder = name.partition("{")[0].rpartition("/")[0]
        return f"{site.name(folder)}/{name[len(folder) + 1 :]}" if folder and paths.exists(folder) else name
    names = Names.of(scope, site, doc.fields, doc.common.vars)
    lookup = candidates.looked_up(name, names)
    found = known_files(lookup, "files", path, scope.folders, site) if lookup else None
    if found is not None:
        return site.name(found[0]) if found else name
    patterns = candidates.patterns(name, names)
    literal = patterns[0].literal if len(patterns) == 1 and "loop" not in doc.fields else None
    if literal is not None:
        return found_name(literal, subfolder, path, scope.folders, site)
    if lookup or _says_its_folder(name, patterns, names, doc):
        return _stripped(name, subfolder, path, patterns, scope, site)
    prefixes = _prefixes(subfolder, name, scope.folders)
    best = next((each for each in prefixes if _holds(each, patterns)), None)
    for place in [f"{best}/{each}" for pattern in patterns for each in pattern.below(best)] if best else []:
        if site.is_encrypted(place):
            hint = "name the encrypted file literally, in a task of its own"
            site.problem(path, f"may mean {site.name(place)!r}, which is encrypted with ansible-vault", hint)
    best = best or next((each for each in prefixes if os.path.isdir(each)), prefixes[0])
    inside = site.name(best)
    return name if inside == "." and not is_whole_expression(name) else f"{inside}/{name}"


def _says_its_folder(name: str, patterns: list[Pattern], names: Names, doc: TaskDoc) -> bool:
    """Whether the name's value is a path within the base already: what a lookup found, or of a folder's variable."""
    if any(pattern.absolute for pattern in patterns):
        return True
    return _is_item(name, doc) and candidates.looked_up(doc.fields.get("loop"), names) is not None


def _stripped(name: str, subfolder: str, path: str, patterns: list[Pattern], scope: Scope, site: Site) -> str:
    """A name whose value is a path within the base: the folder of all files that it may mean, and the rest of it."""
    places = [place for pattern in patterns for place in _places(pattern, subfolder, name, scope.folders)]
    if not places or not is_whole_expression(name):
        hint = "begin with a folder, for example files/{{ name }}"
        site.problem(path, "means no file that is there", hint)
        return name
    folder = site.name(os.path.commonpath([os.path.dirname(place) for place in places]))
    if folder == ".":
        shown = ", ".join(dict.fromkeys(site.name(os.path.dirname(place)) for place in places))
        site.problem(path, f"may mean files of folders that have nothing in common: {shown}", "put them into one")
        return name
    return f"{folder}/{{{{ ({unbraced(name)}) | regex_replace('^{re.escape(folder)}/', '') }}}}"


def _places(pattern: Pattern, subfolder: str, name: str, folders: Folders) -> Iterator[str]:
    """The files that a pattern may mean."""
    if pattern.absolute:
        folder, rest = os.path.split(pattern.parts[0] or "")
        yield from (f"{folder}/{each}" for each in Pattern((rest, *pattern.parts[1:])).below(folder))
        return
    for folder in _prefixes(subfolder, name, folders):
        if os.path.isdir(folder) and not (pattern.open and folder in folders.stack()):
            yield from (f"{folder}/{each}" for each in pattern.below(folder))


def _prefixes(subfolder: str, name: str, folders: Folders) -> list[str]:
    """The folders that may stand before `name`, in order."""
    inside = name.split("/", 1)[0] == subfolder
    found = [place for place in folders.places(subfolder, "") if not (inside and place.endswith(f"/{subfolder}"))]
    return list(dict.fromkeys(found))


def _holds(folder: str, patterns: list[Pattern]) -> bool:
    """Whether some file in the folder may be meant."""
    return os.path.isdir(folder) and any(next(pattern.below(folder), None) is not None for pattern in patterns)
