"""Files of variables: `include_vars`, and `vars_files` of a play."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.model import Step, VarsFile
from deploy_tasks.plan.playbook import candidates, paths
from deploy_tasks.plan.playbook.lookups import with_known_items
from deploy_tasks.plan.playbook.paths import Folders
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site, missing
from deploy_tasks.plan.playbook.taskdoc import TaskDoc, build_task
from deploy_tasks.plan.static import Unknown, known_text

_SUFFIXES = ("yaml", "yml", "json")
_FILE_ARGS = frozenset({"file", "_raw_params"})
_DIR_ARGS = frozenset({"dir", "depth", "files_matching", "ignore_files", "extensions", "ignore_unknown_extensions"})
_ALL_ARGS = frozenset({"name", "hash_behaviour"})
_TRUE = (True, "yes", "true", "on", "True")


def include_vars(doc: TaskDoc, scope: Scope, site: Site) -> tuple[Step, ...]:
    """A task that takes in variables when it is reached; the files that it may mean come with it."""
    if not _fitting(doc, site):
        return ()
    args = dict(doc.args)
    if args.get("dir") is not None:
        args["dir"], places = _folder(doc, scope, site)
    else:
        argument = "file" if args.get("file") is not None else "_raw_params"
        args["_raw_params"], places = _file(str(args.pop(argument)).strip(), f"{doc.where}.args", doc, scope, site)
        args.pop("file", None)
    files = {site.name(place): site.variables(place, doc.where) for place in places}
    search = tuple(site.name(folder) for folder in scope.folders.stack())
    update = {"id": site.step_id(doc.where), "var_files": files, "search": search}
    doc = replace(with_known_items(doc, scope, site), args=args)
    return (build_task(doc, scope.inherited, site.ctx, **update),)


def _fitting(doc: TaskDoc, site: Site) -> bool:
    """Whether the arguments are known and go together."""
    path = f"{doc.where}.args"
    unknown = sorted(doc.args.keys() - _FILE_ARGS - _DIR_ARGS - _ALL_ARGS)
    for argument in unknown:
        site.problem(f"{path}.{argument}", f"include_vars has no argument {argument!r}")
    files, folders = doc.args.keys() & _FILE_ARGS, doc.args.keys() & _DIR_ARGS
    if files and folders:
        site.problem(path, f"{min(files)} and {min(folders)} exclude each other", "give a file or a dir")
    elif not files and doc.args.get("dir") is None:
        site.problem(path, "include_vars needs the name of a file", "write include_vars: FILE")
    else:
        return not unknown
    return False


def _file(name: str, path: str, doc: TaskDoc, scope: Scope, site: Site) -> tuple[str, list[str]]:
    """The file's name for the engine, and the files that it may mean."""
    target = scope.folders.resolve(name)
    if not paths.has_expression(target):
        tried = list(scope.folders.places("vars", target))
        place = next((each for each in tried if os.path.isfile(each)), None)
        if place is None:
            site.problem(path, *missing("file of variables", target, tried))
            return target, []
        return site.name(place), [place]
    names = candidates.Names.of(scope, site, doc.fields, doc.common.vars)
    found: dict[str, None] = {}
    for pattern in candidates.patterns(target, names):
        found.update(dict.fromkeys(possible_files(pattern, scope.folders, site)))
    return target, list(found)


def possible_files(pattern: candidates.Pattern, folders: Folders, site: Site) -> Iterator[str]:
    """The files of variables that a name with expressions may mean, in the order in which they are looked for."""
    first = pattern.parts[0] if pattern.parts else None
    if first is not None and first.startswith("/"):
        folder, rest = os.path.split(first)
        tops = [folder]
        pattern = candidates.Pattern((rest, *pattern.parts[1:]))
    else:
        tops = list(folders.places("vars", ""))
    for top in dict.fromkeys(tops):
        if pattern.open and os.path.basename(top) != "vars":
            continue  # anything at all: only what lies among the variables
        for name in pattern.below(top):
            place = os.path.normpath(f"{top}/{name}")
            if os.path.isfile(place) and (pattern.literal is not None or _fits(place, site)):
                yield place


def _fits(place: str, site: Site) -> bool:
    """Whether a file that a wide pattern matches may be one of variables, and not of tasks."""
    return place.endswith(paths.YAML_SUFFIXES) and site.holds_variables(place)


def _folder(doc: TaskDoc, scope: Scope, site: Site) -> tuple[str, list[str]]:
    """The folder's name for the engine, and the files of it that are taken in, in their order."""
    path = f"{doc.where}.args.dir"
    name = scope.folders.resolve(str(doc.args["dir"]).strip())
    try:
        name = known_text(name, site.layers(scope, doc.common.vars))
    except Unknown as error:
        hint = "name the folder literally, or loop over files with include_vars: FILE"
        site.problem(path, f"must be a folder that is known now: {error}", hint)
        return name, []
    top = scope.folders.role or scope.folders.files[0]
    inside = name if scope.folders.role is None or name.split("/", 1)[0] == "vars" else f"vars/{name}"
    place = os.path.normpath(os.path.join(top, name if os.path.isabs(name) else inside))
    if not os.path.isdir(place):
        site.problem(path, *missing("folder", name, [place]))
        return name, []
    return site.name(place), [each for each in _wanted(place, doc, scope, site) if site.allowed(each, path)]


def _wanted(folder: str, doc: TaskDoc, scope: Scope, site: Site) -> Iterator[str]:
    """The files of a folder that `include_vars` takes in, by its other arguments."""
    path = f"{doc.where}.args"
    suffixes = doc.args.get("extensions", list(_SUFFIXES))
    suffixes = [str(each).lstrip(".") for each in (suffixes if isinstance(suffixes, list) else [suffixes])]
    ignored = doc.args.get("ignore_files") or []
    ignored = [str(each) for each in (ignored if isinstance(ignored, list) else str(ignored).split())]
    depth = int(doc.args.get("depth") or 0) if str(doc.args.get("depth") or 0).isdecimal() else 0
    matching = doc.args.get("files_matching")
    try:
        accept = re.compile(str(matching)) if matching else None
        reject = [re.compile(f"(?:{each})$") for each in ignored]
    except re.error as error:
        site.problem(path, f"holds a regular expression that is none: {error}")
        return
    main = f"{scope.folders.role}/vars/main.yml" if scope.folders.role else None
    for place, folders, names in sorted(os.walk(folder, followlinks=True), key=lambda found: found[0]):
        del folders
        if depth and len(os.path.relpath(place, folder).split("/")) + (place != folder) > depth:
            continue
        for name in sorted(names):
            if f"{place}/{name}" == main or (accept and not accept.search(name)):
                continue
            if any(each.search(name) for each in reject):
                continue
            if os.path.splitext(name)[1].lstrip(".") in suffixes:
                yield f"{place}/{name}"
            elif doc.args.get("ignore_unknown_extensions") not in _TRUE:
                text = f"{site.name(f'{place}/{name}')!r} has none of the extensions {', '.join(suffixes)}"
                site.problem(f"{path}.dir", text, "write ignore_unknown_extensions: true")


def vars_files(given: Any, where: str, scope: Scope, site: Site) -> tuple[VarsFile, ...]:
    """The `vars_files` of a play."""
    if given is None:
        return ()
    entries = given if isinstance(given, list) else [given]
    found = [_vars_file(entry, f"{where}[{index}]", scope, site) for index, entry in enumerate(entries)]
    return tuple(each for each in found if each is not None)


def _vars_file(entry: Any, where: str, scope: Scope, site: Site) -> VarsFile | None:
    names = entry if isinstance(entry, list) else [entry]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        site.problem(where, f"must be the name of a file or a list of names, not {kind(entry)}")
        return None
    wanted: list[str] = []
    choices: dict[str, dict[str, Any]] = {}
    tried: list[str] = []
    for name in names:
        written, places, looked = _vars_name(name.strip(), scope, site)
        wanted += written
        tried += looked
        choices |= {site.name(place): site.variables(place, where) for place in places}
    if not choices and not any(paths.has_expression(name) for name in wanted):
        site.problem(where, *missing("file of variables", ", ".join(names), tried))
    return VarsFile(names=tuple(wanted), choices=choices, where=where)


def _vars_name(name: str, scope: Scope, site: Site) -> tuple[list[str], list[str], list[str]]:
    """How one name is written for the engine (once for each folder it is looked for in), the files it may mean, and
    the places that a literal one was looked for at."""
    target = scope.folders.resolve(name)
    if not paths.has_expression(target):
        tried = list(scope.folders.places("vars", target))
        place = next((each for each in tried if os.path.isfile(each)), None)
        return ([site.name(place)], [place], tried) if place else ([], [], tried)
    names = candidates.Names.of(scope, site, {}, {})
    found: dict[str, None] = {}
    for pattern in candidates.patterns(target, names):
        found.update(dict.fromkeys(possible_files(pattern, scope.folders, site)))
    if os.path.isabs(target):
        return [_within(target, site)], list(found), []
    tops = [top for top in dict.fromkeys(scope.folders.places("vars", "")) if os.path.isdir(top)]
    inside = [site.name(top) for top in tops]
    return [target if top == "." else f"{top}/{target}" for top in inside], list(found), []


def _within(target: str, site: Site) -> str:
    """An absolute name with expressions, relative to the base folder."""
    folder = target.partition("{")[0].rpartition("/")[0]
    return f"{site.name(folder)}/{target[len(folder) + 1 :]}" if folder else target
