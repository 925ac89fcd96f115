"""`import_tasks`, `include_tasks`, `import_role` and `include_role`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.model import Include, Step
from deploy_tasks.plan.playbook import candidates, included_vars, paths, role, role_places
from deploy_tasks.plan.playbook.carrying import carried
from deploy_tasks.plan.playbook.common import COMMON, Common, read_common
from deploy_tasks.plan.playbook.lookups import with_known_items
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site, missing
from deploy_tasks.plan.playbook.taskdoc import TaskDoc
from deploy_tasks.plan.static import Unknown, known_text

# What an include may say about itself; everything else belongs to the tasks in it and stands under `apply`.
_OF_INCLUDE = frozenset(
    {"action", "args", "collections", "debugger", "ignore_errors", "loop", "loop_control", "name", "no_log"}
    | {"register", "run_once", "tags", "timeout", "vars", "when"}
)
_LOOP_FIELDS = ("loop", "loop_var", "index_var", "loop_label", "loop_extended", "loop_allitems")
_FILE_ARGS = frozenset({"_raw_params", "file", "apply"})


def _unserial(doc: TaskDoc, site: Site) -> None:
    """Refuse `serial` on an import, which has no moment of its own on a host."""
    if doc.fields.get("serial") is not None:
        site.problem(f"{doc.where}.serial", f"is for one task or handler, not for {doc.module}", "write it on the task")


def import_tasks(doc: TaskDoc, scope: Scope, site: Site) -> tuple[Step, ...]:
    """The tasks of the file in place of the import, with its conditions, tags and variables."""
    if "loop" in doc.fields and doc.fields["loop"] is not None:
        site.problem(f"{doc.where}.loop", "import_tasks cannot have a loop", "use include_tasks")
        return ()
    _unserial(doc, site)
    name = _file_name(doc, site)
    name = name and known_name(name, "import_tasks", doc, scope, site)
    place = name and _task_file(name, doc, scope, site, static=True)
    if not place:
        return ()
    inner = scope.under(doc.common).file(place)
    return carried(_file_steps(place, doc.where, inner, site), doc.common, doc.where)


def include_tasks(doc: TaskDoc, scope: Scope, site: Site) -> tuple[Step, ...]:
    """A step that decides when it is reached which file's tasks are performed."""
    name = _file_name(doc, site)
    if not name or not _keywords_fit(doc, site):
        return ()
    target = scope.folders.resolve(name)
    inner, apply = applied(doc, scope, site)
    if paths.has_expression(target):
        places = possible_files(target, doc, scope, site)
    else:
        place = _task_file(target, doc, scope, site, static=False)
        places = [place] if place else []
    inner = inner.knowing(doc.common.vars).reached()
    choices, again = {}, []
    for place in places:
        if inner.again(place):
            again.append(site.name(place))
            continue
        found = _file_steps(place, doc.where, inner.including(place), site)
        choices[site.name(place)] = carried(found, apply, doc.where)
    named = _named(target, places, site)
    return (include(doc, scope, site, target=named, choices=choices, again=tuple(again)),)


def _named(target: str, places: list[str], site: Site) -> str:
    """The target as the engine is to read it: a literal one by its name within the base."""
    return site.name(places[0]) if places and not paths.has_expression(target) else target


def include(
    doc: TaskDoc, scope: Scope, site: Site, *, target: str, choices: Mapping[str, tuple[Step, ...]], **more: Any
) -> Include:
    """The step for a dynamic include."""
    given = with_known_items(doc, scope, site).fields
    fields = {name: given[name] for name in _LOOP_FIELDS if name in given}
    for name in ("break_when", "loop_pause"):
        if given.get(name):
            keyword = name.removeprefix("loop_")
            site.problem(f"{doc.where}.{name}", f"an include cannot have {keyword}", "put it on the tasks it brings")
    own = scope.inherited.under(doc.common)
    folders = scope.folders.task_folders(handlers=scope.handlers, static=False)
    return Include(
        id=site.step_id(doc.where),
        name=doc.common.name or doc.module,
        target=target,
        choices=dict(choices),
        search=more.pop("search", tuple(site.name(folder) for folder in folders if os.path.isdir(folder))),
        when=doc.common.when,
        tags=doc.common.tags,
        vars=doc.common.vars,
        ignore_errors=own.ignore_errors or False,
        register=given.get("register"),
        args={name: value for name, value in doc.args.items() if name not in ("_raw_params", "file")},
        run_once=own.run_once or False,
        listen=topics(doc, scope) if scope.handlers else (),
        where=doc.where,
        **fields,
        **more,
    )


def topics(doc: TaskDoc, scope: Scope) -> tuple[str, ...]:
    """What a handler listens to, also by the name of its role."""
    heard = tuple(doc.fields.get("listen", ()))
    return (*heard, *(f"{scope.role} : {topic}" for topic in heard)) if scope.role else heard


def applied(doc: TaskDoc, scope: Scope, site: Site) -> tuple[Scope, Common]:
    """The scope of what is included, with the keywords under `apply`, and those keywords."""
    given = doc.args.get("apply")
    if given is None:
        return scope, Common()
    path = f"{doc.where}.args.apply"
    if not isinstance(given, dict):
        site.problem(path, f"must be keywords for the included tasks, not {kind(given)}")
        return scope, Common()
    own = site.settled(read_common(given, path, site.ctx, known=COMMON), path, scope)
    return scope.under(own), own


def _keywords_fit(doc: TaskDoc, site: Site) -> bool:
    wrong = [
        word for word in doc.given if word not in _OF_INCLUDE and not word.startswith("with_") and word != "listen"
    ]
    for word in sorted(wrong):
        hint = "put it under `apply:` to give it to the included tasks"
        site.problem(f"{doc.where}.{word}", f"{doc.module} cannot have {word!r}", hint)
    return not wrong


def _file_name(doc: TaskDoc, site: Site) -> str:
    """The name of the file of tasks that is included; nothing when there is none, which is then a problem."""
    allowed = _FILE_ARGS if doc.module == "include_tasks" else _FILE_ARGS - {"apply"}
    for argument in doc.args.keys() - allowed:
        hint = "variables stand under `vars:`"
        if argument == "apply":
            hint = "write its keywords on the import itself: its tasks inherit them"
        site.problem(f"{doc.where}.args.{argument}", f"{doc.module} has no argument {argument!r}", hint)
    name = doc.args.get("_raw_params") or doc.args.get("file")
    if isinstance(name, str) and name.strip():
        return name.strip()
    site.problem(f"{doc.where}.args", f"{doc.module} needs the name of a file", f"write {doc.module}: setup.yml")
    return ""


def known_name(name: str, what: str, doc: TaskDoc, scope: Scope, site: Site) -> str:
    """A name that must be known before anything runs, its expressions filled in; nothing when it is not known."""
    name = scope.folders.resolve(name)
    if not paths.has_expression(name):
        return name
    try:
        return known_text(name, site.layers(scope, doc.common.vars)).strip()
    except Unknown as error:
        dynamic = what.replace("import", "include")
        site.problem(f"{doc.where}.args", f"{what} needs a name that is known now: {error}", f"use {dynamic}")
        return ""


def _task_file(name: str, doc: TaskDoc, scope: Scope, site: Site, *, static: bool) -> str | None:
    tried = list(scope.folders.task_places(name, handlers=scope.handlers, static=static))
    place = next((each for each in tried if os.path.isfile(each)), None)
    if place is None:
        known = [entry for folder in {os.path.dirname(each) for each in tried[:2]} for entry in paths.entries(folder)]
        site.problem(f"{doc.where}.args", *missing("file of tasks", name, tried, known))
        return None
    if place in scope.within and (static or not _ends(doc)):
        hint = "use include_tasks with `when`" if static else "write `when` on this include: when it goes on"
        site.problem(f"{doc.where}.args", f"{name!r} includes itself without an end", hint)
        return None
    return place


def _file_steps(place: str, path: str, scope: Scope, site: Site) -> tuple[Step, ...]:
    entries, where = site.tasks(place, path)
    return site.steps(entries, where, scope)


def possible_files(target: str, doc: TaskDoc, scope: Scope, site: Site) -> list[str]:
    """The files of tasks that a name with expressions may mean, those that are being included left out."""
    names = candidates.Names.of(scope, site, doc.fields, doc.common.vars)
    found: dict[str, None] = {}
    folders = scope.folders.task_folders(handlers=scope.handlers, static=False)
    role_folder = scope.folders.role
    own = [folder for folder in folders if role_folder and folder.startswith(f"{role_folder}/")]
    for pattern in candidates.patterns(target, names):
        matches = [place for folder in own for place in _matching(pattern, folder, scope, site)]
        # What lies in the role's own folders is what it means; only without any are those around it looked at.
        matches = matches or [place for folder in folders for place in _matching(pattern, folder, scope, site)]
        # A wide name hardly means the file that it stands in.
        found.update(dict.fromkeys(each for each in matches if pattern.literal or each not in scope.within))
    return list(found)


def _matching(pattern: candidates.Pattern, folder: str, scope: Scope, site: Site) -> Iterable[str]:
    literal = pattern.literal
    if literal is not None:
        place = os.path.normpath(os.path.join(folder, literal))
        return [place] if os.path.isfile(place) else []
    first = pattern.parts[0]
    if first is not None and first.startswith("/"):
        folder, rest = os.path.split(first)
        pattern = candidates.Pattern((rest, *pattern.parts[1:]))
    elif pattern.open and folder not in (*scope.folders.files, f"{scope.folders.role}/tasks"):
        return []
    places = [f"{folder}/{name}" for name in pattern.below(folder) if name.endswith(paths.YAML_SUFFIXES)]
    return [place for place in places if _holds_tasks(place, scope, site)]


def _holds_tasks(place: str, scope: Scope, site: Site) -> bool:
    """Whether a file that a wide pattern matches is a file of tasks at all, and no playbook or other data."""
    if place in scope.within or not os.path.isfile(place):
        return False
    document = site.document(place, "")
    entries = document.data if document else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return False
    return not any("hosts" in entry or "import_playbook" in entry for entry in entries)


def import_role(doc: TaskDoc, scope: Scope, site: Site) -> tuple[Step, ...]:
    """The role in place of the import; its defaults, vars and handlers are there in the whole play."""
    if doc.fields.get("loop") is not None:
        site.problem(f"{doc.where}.loop", "import_role cannot have a loop", "use include_role")
        return ()
    _unserial(doc, site)
    given = role.RoleArgs.read(doc, site)
    name = given and known_name(given.name, "import_role", doc, scope, site)
    if given is None or not name:
        return ()
    files = {part: known_name(stem, "import_role", doc, scope, site) for part, stem in given.files.items()}
    use = role.RoleUse(name, doc.where, own=doc.common, files=files, validated=given.validated)
    built = role.build(use, scope, site)
    if built is None:
        return ()
    site.roles.add_handlers(built.handlers)
    if given.public is not False:
        site.roles.export(built.defaults, built.exports)
    return built.steps


def include_role(doc: TaskDoc, scope: Scope, site: Site) -> tuple[Step, ...]:
    """A step that performs a role when it is reached."""
    given = role.RoleArgs.read(doc, site)
    if given is None or not _keywords_fit(doc, site):
        return ()
    if scope.handlers:
        hint = "put the role's tasks into handlers, or use include_tasks"
        site.problem(doc.where, "a role cannot be included by a handler", hint)
        return ()
    inner, apply = applied(doc, scope, site)
    inner = inner.knowing(doc.common.vars).reached()
    if any(paths.has_expression(stem) for stem in given.files.values()):
        return _role_by_files(given, doc, scope, inner, apply, site)
    choices: dict[str, tuple[Step, ...]] = {}
    again = []
    use = role.RoleUse(
        "", doc.where, files=given.files, given=doc.common.vars, validated=given.validated, ends=_ends(doc)
    )
    for name in possible_roles(given.name, doc, scope, site):
        key = repr((name, role_places.find(name, scope)[0], sorted(given.files.items())))
        if use.ends and inner.again(key):
            again.append(name)
            continue
        built = role.build(replace(use, name=name), inner.entering(key), site)
        if built is not None:
            choices[name] = carried(built.steps, apply, doc.where)
            site.roles.add_handlers(built.handlers)
    more: dict[str, Any] = {"kind": "role", "search": (), "again": tuple(again), "public": bool(given.public)}
    return (include(doc, scope, site, target=given.name, choices=choices, **more),)


def _ends(doc: TaskDoc) -> bool:
    """Whether something of the include decides, when it is reached, whether what it names is performed."""
    return bool(doc.common.when) or "loop" in doc.fields


def possible_roles(name: str, doc: TaskDoc, scope: Scope, site: Site) -> list[str]:
    """The roles that a name may mean."""
    if not paths.has_expression(name):
        return [name]
    names = candidates.Names.of(scope, site, doc.fields, doc.common.vars)
    known = role_places.known_roles(scope)
    found: dict[str, None] = {}
    for pattern in candidates.patterns(name, names):
        if pattern.literal is not None:
            found[pattern.literal] = None
        else:
            # A wide name hardly means the role that it stands in.
            matching = [each for each in known if pattern.matches(each)]
            mine = scope.folders.roles
            found.update(dict.fromkeys(each for each in matching if role_places.find(each, scope)[0] not in mine))
    return list(found)


def _role_by_files(
    given: role.RoleArgs, doc: TaskDoc, scope: Scope, inner: Scope, apply: Common, site: Site
) -> tuple[Step, ...]:
    """`tasks_from` with an expression: every file of tasks in the roles that it may mean is a choice."""
    if any(part != "tasks" and paths.has_expression(stem) for part, stem in given.files.items()):
        hint = "name the role's other files literally; one include for each with `when` does it"
        site.problem(f"{doc.where}.args", "only its name and tasks_from may have an expression here", hint)
        return ()
    wide = paths.has_expression(given.name)
    names = candidates.Names.of(scope, site, doc.fields, doc.common.vars)
    patterns = candidates.patterns(given.files["tasks"], names)
    choices, search = {}, []
    for name in possible_roles(given.name, doc, scope, site):
        folder = role_places.find(name, scope)[0] if wide else role.folder_of(name, doc.where, scope, site)
        if folder is None:
            continue  # that a role of a literal name is not there has been told
        search.append(site.name(f"{folder}/tasks"))
        for entry, place in role.task_files(f"{folder}/tasks", patterns):
            if place in scope.within:
                continue  # an expression hardly means the file that it stands in
            files = {**given.files, "tasks": entry}
            use = role.RoleUse(name, doc.where, files=files, given=doc.common.vars, validated=given.validated)
            built = role.build(use, inner, site)
            if built is not None:
                key = f"{name}/tasks/{entry}" if wide else site.name(place)
                choices[key] = carried(built.steps, apply, doc.where)
                site.roles.add_handlers(built.handlers)
    target = f"{given.name}/tasks/{given.files['tasks']}" if wide else given.files["tasks"]
    more: dict[str, Any] = {"search": () if wide else tuple(search), "public": bool(given.public)}
    return (include(doc, scope, site, target=target, choices=choices, **more),) if wide or search else ()


def import_playbook(doc: TaskDoc, _scope: Scope, site: Site) -> tuple[Step, ...]:
    """Refused: it stands among the plays."""
    hint = "write it among the plays of a playbook; import_tasks takes in a file of tasks"
    site.problem(doc.where, "import_playbook is not a task", hint)
    return ()


def bare_include(doc: TaskDoc, scope: Scope, site: Site) -> tuple[Step, ...]:
    """The `include` of old playbooks: an import where the name is literal, nothing loops and everything around it is
    known before, else an include; words behind the name are variables. As ansible-core before 2.16 has it.
    """
    name = doc.args.get("_raw_params") or doc.args.get("file")
    given = {key: value for key, value in doc.args.items() if key not in ("_raw_params", "file")}
    common = replace(doc.common, vars={**doc.common.vars, **given}) if given else doc.common
    looping = doc.fields.get("loop") is not None
    static = isinstance(name, str) and not (paths.has_expression(name) or looping or scope.dynamic)
    module, read = ("import_tasks", import_tasks) if static else ("include_tasks", include_tasks)
    return read(replace(doc, module=module, args={"_raw_params": name}, common=common), scope, site)


READERS: Mapping[str, Callable[[TaskDoc, Scope, Site], tuple[Step, ...]]] = {
    "import_tasks": import_tasks,
    "include_tasks": include_tasks,
    "import_role": import_role,
    "include_role": include_role,
    "include_vars": included_vars.include_vars,
    "import_playbook": import_playbook,
    "include": bare_include,
}
