"""Roles: where they are found, what is in them, and the blocks they become."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.model import Block, Step
from deploy_tasks.plan.playbook import argument_specs, candidates, concealed, paths
from deploy_tasks.plan.playbook.common import COMMON, Common, read_common
from deploy_tasks.plan.playbook.role_places import PARTS, find, known_roles
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site, missing
from deploy_tasks.plan.playbook.taskdoc import TaskDoc
from deploy_tasks.plan.static import Unknown, known_text

_ROLE_ARGS = frozenset(
    {"name", "role", "apply", "public", "allow_duplicates", "rolespec_validate", *(f"{part}_from" for part in PARTS)}
)
#: Keys of a role entry that ansible-galaxy writes and that say nothing about running it.
_GALAXY = frozenset({"src", "scm", "version"})
_TRUE, _FALSE = (True, "yes", "true", "on", "True"), (False, "no", "false", "off", "False")
#: How many roles may stand between a use of a role and the last that it depends on.
_MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class RoleArgs:
    """The arguments of `import_role` and `include_role`."""

    name: str
    files: Mapping[str, str]
    public: bool | None
    validated: bool = True

    @classmethod
    def read(cls, doc: TaskDoc, site: Site) -> RoleArgs | None:
        """The arguments of a task; None when no role is named, which is then a problem."""
        path = f"{doc.where}.args"
        for argument in sorted(doc.args.keys() - (_ROLE_ARGS - ({"apply"} if doc.module == "import_role" else set()))):
            hint = "variables for the role stand under `vars:`"
            if argument == "apply":
                hint = "write its keywords on the import itself: its tasks inherit them"
            site.problem(f"{path}.{argument}", f"{doc.module} has no argument {argument!r}", hint)
        name = doc.args.get("name", doc.args.get("role"))
        if not isinstance(name, str) or not name.strip():
            site.problem(path, f"{doc.module} needs the name of a role", "write name: ROLE")
            return None
        files = {part: doc.args[f"{part}_from"] for part in PARTS if doc.args.get(f"{part}_from") is not None}
        for part, stem in files.items():
            if not isinstance(stem, str):
                site.problem(f"{path}.{part}_from", f"must be the name of a file, not {kind(stem)}")
                return None
        public = _switch(doc.args.get("public"), f"{path}.public", site)
        validated = _switch(doc.args.get("rolespec_validate"), f"{path}.rolespec_validate", site)
        return cls(name.strip(), files, public, validated is not False)


def _switch(value: Any, path: str, site: Site) -> bool | None:
    if value is None or value in _TRUE:
        return None if value is None else True
    if value not in _FALSE:
        site.problem(path, "must be true or false, known before anything runs")
    return False


@dataclass(frozen=True, slots=True)
class RoleUse:
    """One use of a role: by a play's `roles`, as a dependency, or by an import or include.

    `given`: the variables of a dynamic include, which the include itself carries; `once`: a second use that is the same
    does nothing, unless the role says otherwise; `validated`: what the role says of its variables is compared first;
    `ends`: something decides, when it is reached, whether it is performed, so that it may stand within itself.
    """

    name: str
    where: str
    own: Common = field(default_factory=Common)
    params: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    once: bool = False
    validated: bool = True
    ends: bool = False

    @property
    def conditions(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What decides whether this use of the role runs."""
        return self.own.when, self.own.tags


@dataclass(frozen=True, slots=True)
class Built:
    """What a use of a role comes to: its steps, its handlers, and the variables that the play sees of it."""

    steps: tuple[Step, ...]
    handlers: tuple[Block, ...]
    defaults: Mapping[str, Any]
    exports: Mapping[str, Any]


def folder_of(name: str, where: str, scope: Scope, site: Site) -> str | None:
    """The folder of a role; None when it is not there, which is then a problem."""
    folder, tried = find(name, scope)
    if folder is None:
        message, hint = missing("role", name, tried, known_roles(scope))
        site.problem(where, message, f"{hint}; roles from ansible-galaxy are to be installed there beforehand")
    return folder


def task_files(folder: str, patterns: Iterable[candidates.Pattern]) -> Iterator[tuple[str, str]]:
    """What `tasks_from` may mean: name and file."""
    seen: set[str] = set()
    for pattern in patterns:
        for entry in paths.entries(folder):
            stem, suffix = os.path.splitext(entry)
            if suffix not in paths.YAML_SUFFIXES or entry in seen:
                continue
            if pattern.matches(stem) or pattern.matches(entry):
                seen.add(entry)
                yield entry, f"{folder}/{entry}"


def read_entry(entry: Any, where: str, scope: Scope, site: Site) -> RoleUse | None:
    """An entry of `roles` or of a role's dependencies; None when no role is named, which is then a problem."""
    if isinstance(entry, (str, int)) and not isinstance(entry, bool):
        name: Any = str(entry)
        own, params = Common(), {}
        if "," in name:
            site.problem(where, "the form NAME,VERSION exists no longer", "write the name alone")
            return None
    elif isinstance(entry, dict):
        name = entry.get("role", entry.get("name", entry.get("src")))
        mine = {key: value for key, value in entry.items() if key in COMMON and key != "name"}
        own = read_common(mine, where, site.ctx, known=COMMON)
        own = site.settled(own, where, scope)
        params = {key: value for key, value in entry.items() if key not in COMMON | _GALAXY | {"role", "name"}}
        params = concealed.values(params, where, site.ctx)
    else:
        site.problem(where, f"must be the name of a role or a mapping, not {kind(entry)}", "write - role: NAME")
        return None
    if not isinstance(name, str) or not name.strip():
        site.problem(where, "names no role", "write - role: NAME")
        return None
    try:
        return RoleUse(known_text(scope.folders.resolve(name.strip()), site.layers(scope)), where, own, params)
    except Unknown as error:
        site.problem(where, f"the role's name must be known now: {error}", "use include_role among the tasks")
        return None


def build(use: RoleUse, scope: Scope, site: Site, parents: tuple[RoleUse, ...] = ()) -> Built | None:
    """The blocks of a role and of what it depends on; None when it is not there, which is then a problem."""
    folder = folder_of(use.name, use.where, scope, site)
    if folder is None:
        return None
    if folder in scope.folders.roles[: len(parents)]:
        site.problem(use.where, f"the role {use.name!r} depends on itself", "remove one of the dependencies")
        return None
    if len(parents) > _MAX_DEPTH:
        hint = f"name {use.name} among the play's roles, before {parents[0].name}"
        site.problem(use.where, f"is the end of more than {_MAX_DEPTH} roles that depend on each other in a row", hint)
        return None
    return _Builder(use, folder, scope, site, parents).built()


class _Builder:
    """One role being built."""

    def __init__(self, use: RoleUse, folder: str, scope: Scope, site: Site, parents: tuple[RoleUse, ...]) -> None:
        self.use, self.folder, self.site, self.parents = use, folder, site, parents
        self.name = os.path.basename(folder) if os.path.isabs(use.name) else use.name
        self.place = site.name(folder)
        site.add_home(folder)
        self._single = False
        self.defaults = self._variables("defaults")
        self.role_vars = self._variables("vars")
        roles = (folder, *scope.folders.roles)
        self.scope = replace(
            scope,
            folders=replace(scope.folders, roles=roles, files=(f"{folder}/tasks",)),
            inherited=scope.inherited.under(use.own),
            weak=(*scope.weak, self.defaults),
            firm=(*scope.firm, self.role_vars, use.own.vars, use.params, use.given),
            role=self.name,
            handlers=False,
        )

    def built(self) -> Built:
        meta = self._meta()
        depended = [built for built in self._dependencies(meta) if built is not None]
        defaults = _merged([*(each.defaults for each in depended), self.defaults])
        exports = _merged([*(each.exports for each in depended), self.role_vars])
        before = tuple(step for each in depended for step in each.steps)
        tasks: tuple[Step, ...] | None = None
        if self._runs(meta):
            tasks = (*self._validation(meta), *self._steps("tasks", self.scope))
        elif not self.parents:
            tasks = ()  # it is one of the play's roles all the same
        steps = self._wrapped(before, tasks, defaults, exports) if before or tasks is not None else ()
        handlers = self._handlers(defaults, exports)
        return Built(steps, (*(block for each in depended for block in each.handlers), *handlers), defaults, exports)

    def _runs(self, meta: Mapping[str, Any]) -> bool:
        """Whether the role's tasks run here: not when the same use of it stands before."""
        if not self.use.once or meta.get("allow_duplicates") in _TRUE:
            return True
        root = self.parents[0] if self.parents else self.use
        # What stands below a task that imports or includes a role runs only when that task is reached.
        below: tuple[Hashable, ...] = () if root.once else (root.where,)
        self._single = True
        conditions = (*below, *(condition for parent in self.parents for condition in parent.own.when))
        tags = frozenset(tag for parent in self.parents for tag in parent.own.tags)
        return self.site.roles.first_use(self._key(), (conditions, tags))

    def _key(self) -> Hashable:
        """What makes two uses of a role the same."""
        use = self.use
        return (self.folder, use.conditions, repr((use.params, use.own.vars, use.files, use.given)))

    def _validation(self, meta: Mapping[str, Any]) -> tuple[Step, ...]:
        """The task that compares the role's variables with what it says of them; whoever performs the others."""
        if not self.use.validated:
            return ()
        specs, path = argument_specs.read(self.folder, self.use.where, meta, self.site)
        entry = self.use.files.get("tasks", "main")
        context = {"name": self.name, "path": self.place}
        entries, where = argument_specs.task(entry, specs, path, self.use.params, context, self.site)
        inherited = replace(self.scope.inherited, delegate_to=None, connection=None)
        return self.site.steps(entries, where, replace(self.scope, inherited=inherited)) if entries else ()

    def _wrapped(
        self,
        before: tuple[Step, ...],
        tasks: tuple[Step, ...] | None,
        defaults: Mapping[str, Any],
        exports: Mapping[str, Any],
    ) -> tuple[Step, ...]:
        """The role's block; what it depends on stands before it and sees what was given with the role."""
        own = self.use.own
        if not before:
            return (self._block(tasks or (), defaults, exports, own, self.use.params),)
        inner = () if tasks is None else (self._block(tasks, defaults, exports, Common(), {}),)
        outer = Block(
            block=(*before, *inner),
            when=own.when,
            tags=own.tags,
            vars=own.vars,
            defaults=dict(self.defaults),
            role_vars=dict(self.role_vars),
            params=dict(self.use.params),
            where=self.use.where,
        )
        return (outer,)

    def _once(self) -> str:
        """The key by which a second use of the role that does run is known; empty where every use runs."""
        return self.site.roles.key_text(self.place, self._key()) if self._single else ""

    def _block(
        self,
        steps: tuple[Step, ...],
        defaults: Mapping[str, Any],
        exports: Mapping[str, Any],
        own: Common,
        params: Mapping[str, Any],
        *,
        handlers: bool = False,
    ) -> Block:
        return Block(
            name=self.name,
            block=steps,
            when=own.when,
            tags=own.tags,
            vars=own.vars,
            role=self.name,
            role_path=self.place,
            once="" if handlers else self._once(),
            defaults=dict(defaults),
            role_vars=dict(exports),
            params=dict(params),
            where=self.use.where,
        )

    def _handlers(self, defaults: Mapping[str, Any], exports: Mapping[str, Any]) -> tuple[Block, ...]:
        folders = replace(self.scope.folders, files=(f"{self.folder}/handlers",))
        scope = replace(self.scope, folders=folders, handlers=True)
        params = {**self.use.params, **self.use.given}

        def build() -> tuple[Block, ...]:
            steps = self._steps("handlers", scope)
            return (self._block(steps, defaults, exports, self.use.own, params, handlers=True),) if steps else ()

        return self.site.roles.handlers_of((self._key(), repr(self.scope.inherited)), build)

    def _steps(self, part: str, scope: Scope) -> tuple[Step, ...]:
        stem = self.use.files.get(part)
        found = self._files(part, stem, merge=False)
        if not found:
            if stem is not None:
                self._no_file(part, stem)
            return ()
        if found[0] in scope.within and not self.use.ends:
            hint = "write `when` on an include_role of it: when it goes on"
            self.site.problem(self.use.where, f"the role {self.use.name!r} includes itself without an end", hint)
            return ()
        entries, where = self.site.tasks(found[0], self.use.where)
        return self.site.steps(entries, where, scope.file(found[0])) if where else ()

    def _variables(self, part: str) -> dict[str, Any]:
        stem = self.use.files.get(part)
        found = self._files(part, stem, merge=True)
        if not found and stem is not None:
            self._no_file(part, stem)
        return _merged([self.site.variables(place, self.use.where) for place in found])

    def _files(self, part: str, stem: str | None, *, merge: bool) -> list[str]:
        """The files of a part of the role; none lies outside its folder."""
        folder = f"{self.folder}/{part}"
        return [place for place in paths.main_files(folder, stem, merge=merge) if place.startswith(f"{folder}/")]

    def _no_file(self, part: str, stem: str) -> None:
        path, tried = f"{self.use.where}.args.{part}_from", [f"{self.folder}/{part}/{stem}"]
        known = [os.path.splitext(entry)[0] for entry in paths.entries(f"{self.folder}/{part}")]
        self.site.problem(path, *missing(f"file of {part}", stem, tried, known))

    def _meta(self) -> dict[str, Any]:
        found = paths.main_files(f"{self.folder}/meta", None, merge=False)
        document = self.site.document(found[0], self.use.where) if found else None
        if document is None or document.data is None:
            return {}
        if not isinstance(document.data, dict):
            self.site.problem(document.name, f"must be a mapping, not {kind(document.data)}", "dependencies: […]")
            return {}
        return {**document.data, "": document.name}

    def _dependencies(self, meta: Mapping[str, Any]) -> Iterator[Built | None]:
        entries, where = meta.get("dependencies") or [], f"{meta.get('')}.dependencies"
        if not isinstance(entries, list):
            self.site.problem(where, f"must be a list of roles, not {kind(entries)}")
            return
        for index, entry in enumerate(entries):
            use = read_entry(entry, f"{where}[{index}]", self.scope, self.site)
            if use is not None:
                use = replace(use, once=True)
                yield build(use, self.scope, self.site, (*self.parents, self.use))


def _merged(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Variables of several layers, the later ones stronger."""
    found: dict[str, Any] = {}
    for layer in layers:
        found.update(layer)
    return found
