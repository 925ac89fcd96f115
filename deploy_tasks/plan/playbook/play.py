"""Plays: their keywords, and the order of their parts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.model import Block, Play, Step, Task
from deploy_tasks.plan.playbook import role
from deploy_tasks.plan.playbook.carrying import tagged
from deploy_tasks.plan.playbook.common import COMMON, Inherited, read_common
from deploy_tasks.plan.playbook.included_vars import vars_files
from deploy_tasks.plan.playbook.paths import Folders
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.settled import settled
from deploy_tasks.plan.playbook.site import Site
from deploy_tasks.plan.problems import not_among
from deploy_tasks.plan.static import Unknown, known_value
from deploy_tasks.plan.words import module_name

_KNOWN = (
    COMMON
    | {"hosts", "gather_facts", "gather_subset", "gather_timeout", "fact_path", "vars_files", "vars_prompt", "user"}
    | {"roles", "pre_tasks", "tasks", "post_tasks", "handlers", "force_handlers"}
    | {"max_fail_percentage", "serial", "strategy", "order"}
)
_STRATEGIES = ("linear", "free", "host_pinned")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SERIAL = re.compile(r"\d{1,9}%?")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an `import_playbook` gives to the plays it brings."""

    when: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    vars: Mapping[str, Any] | None = None
    where: str = ""


def read_play(data: dict[str, Any], where: str, place: str, number: int, imported: Imported, site: Site) -> Play:
    """The play that stands at `where` in the playbook `place`; its problems are noted."""
    return _Reader(data, where, place, imported, site).play(number)


class _Reader:
    """One play being read."""

    def __init__(self, data: dict[str, Any], where: str, place: str, imported: Imported, site: Site) -> None:
        self.data, self.where, self.imported, self.site = data, where, imported, site
        self.folder = os.path.dirname(place)
        site.new_play()
        site.add_home(self.folder)
        own = read_common(data, where, site.ctx, known=_KNOWN)
        self.vars = {**own.vars, **(imported.vars or {})}
        self.own = settled(own, where, (self.vars, site.ctx.extra_vars), site.ctx.findings)
        self.scope = Scope(
            Folders(self.folder, (self.folder,), (), site.inventory),
            # `when` and the rest stay with the steps; a play's vars are layers of its own.
            Inherited().under(replace(self.own, vars={})),
            firm=(self.vars,),
        )

    def play(self, number: int) -> Play:
        self._refused()
        files = vars_files(self.data.get("vars_files"), f"{self.where}.vars_files", self.scope, self.site)
        known = {name: value for each in files if len(each.choices) == 1 for name, value in _only(each.choices).items()}
        self.scope = self.scope.knowing(known)
        hosts = self._hosts()
        self._user(hosts)
        steps = self._steps()
        handlers = self._handlers()
        return Play(
            id=f"play-{number}",
            name=self.own.name or ",".join(hosts),
            hosts=hosts,
            strategy=self._strategy(),
            serial=self._serial(),
            defaults=self.site.roles.defaults,
            vars=self.vars,
            vars_files=files,
            role_vars=self.site.roles.role_vars,
            gather_facts=self._switch("gather_facts"),
            gather_subset=self._subsets(),
            max_fail_percentage=self._percentage(),
            any_errors_fatal=bool(self.own.any_errors_fatal),
            force_handlers=bool(self._switch("force_handlers")),
            tasks=steps,
            handlers=handlers,
            playbook_dir=None if self.folder == self.site.top else self.site.name(self.folder),
            where=self.where,
        )

    def _steps(self) -> tuple[Step, ...]:
        """Everything in the order in which it runs, pending handlers after each of the three parts."""
        roles = self._roles()
        parts = {part: self._part(part) for part in ("pre_tasks", "tasks", "post_tasks")}
        self_made = [parts["pre_tasks"], (*roles, *parts["tasks"]), parts["post_tasks"]]
        found: list[Step] = []
        for number, steps in enumerate(self_made):
            found += [*self._given(steps), self._flush(number)]
        return tuple(found)

    def _given(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Steps with the play's tags and with what the import of the playbook gives."""
        steps = tagged(steps, (*self.imported.tags, *self.own.tags))
        if not steps or not self.imported.when:
            return steps
        return (Block(block=steps, when=self.imported.when, where=self.imported.where),)

    def _flush(self, number: int) -> Task:
        args = {"_raw_params": "flush_handlers"}
        path = f"{self.where}.{('pre_tasks', 'tasks', 'post_tasks')[number]}"
        return Task(
            id=f"{self.where}.flush{number}",
            name="flush_handlers",
            module="meta",
            args=args,
            where=path,
            tags=("always",),
        )

    def _part(self, part: str) -> tuple[Step, ...]:
        return self.site.steps(self.data.get(part), f"{self.where}.{part}", self.scope)

    def _roles(self) -> tuple[Step, ...]:
        entries, where = self.data.get("roles"), f"{self.where}.roles"
        if entries is None:
            return ()
        if not isinstance(entries, list):
            self.site.problem(where, f"must be a list of roles, not {kind(entries)}", "write - NAME for each")
            return ()
        found: list[Step] = []
        for index, entry in enumerate(entries):
            use = role.read_entry(entry, f"{where}[{index}]", self.scope, self.site)
            built = role.build(replace(use, once=True), self.scope, self.site) if use else None
            if built is not None:
                found += built.steps
                self.site.roles.add_handlers(built.handlers, listed=True)
                self.site.roles.export(built.defaults, built.exports)
        return tuple(found)

    def _handlers(self) -> tuple[Step, ...]:
        """The play's own handlers stand after those of its `roles`, before those of imported and included roles."""
        scope = replace(self.scope, handlers=True)
        own = self.site.steps(self.data.get("handlers"), f"{self.where}.handlers", scope)
        before, after = self.site.roles.handlers_around()
        return (*before, *own, *after)

    def _hosts(self) -> tuple[str, ...]:
        given, path = self.data.get("hosts"), f"{self.where}.hosts"
        if not given:
            self.site.problem(path if "hosts" in self.data else self.where, "needs hosts", "write hosts: all")
            return ()
        try:
            value = known_value(given, self._layers())
        except Unknown as error:
            self.site.problem(path, f"must be known before anything runs: {error}", "give it with -e NAME=VALUE")
            return ()
        items = value if isinstance(value, list) else [value]
        if not items:
            self.site.problem(path, "names no hosts", "write the name of a group: hosts: web")
        if not all(isinstance(item, (str, int)) and str(item).strip() for item in items):
            self.site.problem(path, "must be a host pattern or a list of them", "for example web:&prod")
            return ()
        return tuple(part.strip() for item in items for part in str(item).split(",") if part.strip())

    def _layers(self) -> tuple[Mapping[str, Any], ...]:
        """What is known before the play runs: also the inventory's groups, unless tasks put hosts into groups."""
        groups = self.site.said.groups if not self.site.makes_groups else {}
        return ({"groups": groups} if groups else {}, *self.site.layers(self.scope))

    def _serial(self) -> tuple[int | str, ...]:
        value = self._known("serial")
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        if not all(_SERIAL.fullmatch(str(item)) and not isinstance(item, bool) for item in items):
            hint = 'for example 5, "30%" or [1, 5, "50%"]'
            self.site.problem(f"{self.where}.serial", "must be a count of hosts, a percentage or a list of them", hint)
            return ()
        sizes = [str(item) for item in items if str(item) not in ("0", "0%")]  # which mean all hosts at once
        return tuple(int(size) if size.isdecimal() else size for size in sizes)

    def _percentage(self) -> float | None:
        value = self._known("max_fail_percentage")
        text = str(value).rstrip("%") if value is not None else "0"
        if isinstance(value, bool) or not re.fullmatch(r"\d{1,3}(\.\d+)?", text) or float(text) > 100:
            self.site.problem(f"{self.where}.max_fail_percentage", "must be a number from 0 to 100", "for example 30")
            return None
        return None if value is None else float(text)

    def _user(self, hosts: tuple[str, ...]) -> None:
        """Who the play logs in as. All plays say the same, since a host keeps one connection."""
        keyword = "user" if self.data.get("user") is not None else "remote_user"
        value = self._known(keyword)
        local = self.own.connection == "local" or set(hosts) <= _LOCAL
        if not local:
            self.site.users.setdefault(None if value is None else str(value), f"{self.where}.{keyword}")

    def _known(self, keyword: str) -> Any:
        """The value of a keyword that must be known before anything runs."""
        try:
            return known_value(self.data.get(keyword), self._layers())
        except Unknown as error:
            path = f"{self.where}.{keyword}"
            self.site.problem(path, f"must be known before anything runs: {error}", "give it with -e NAME=VALUE")
            return None

    def _switch(self, keyword: str) -> bool | None:
        value = self._known(keyword)
        if value is None or isinstance(value, bool):
            return value
        if str(value).strip().lower() in ("yes", "true", "on", "1", "y", "t"):
            return True
        if str(value).strip().lower() not in ("no", "false", "off", "0", "n", "f"):
            self.site.problem(f"{self.where}.{keyword}", "must be true or false")
        return False

    def _subsets(self) -> tuple[str, ...]:
        value = self._known("gather_subset")
        listed = value.split(",") if isinstance(value, str) else value or ()
        if isinstance(listed, (list, tuple)) and all(isinstance(each, str) for each in listed):
            return tuple(each.strip() for each in listed if each.strip())
        self.site.problem(f"{self.where}.gather_subset", "must be a list of names", 'for example ["!all", "network"]')
        return ()

    def _strategy(self) -> str:
        value = self._known("strategy")
        name = module_name(str(value)) if value is not None else "linear"
        if name not in _STRATEGIES:
            message, hint = not_among(name, _STRATEGIES)
            self.site.problem(f"{self.where}.strategy", message, hint)
            return "linear"
        return name

    def _refused(self) -> None:
        """Note the keywords that a deployment cannot follow, with what to write instead."""
        for keyword, check in _CHECKS.items():
            if self.data.get(keyword) is not None:
                wrong = check(self.data[keyword], self.data, self.site.ctx.extra_vars)
                if wrong:
                    self.site.problem(f"{self.where}.{keyword}", *wrong)


Wrong = tuple[str, str | None] | None


def _prompt(value: Any, _play: Mapping[str, Any], extra: Mapping[str, Any]) -> Wrong:
    entries = value if isinstance(value, list) else [value]
    names = [str(entry.get("name", "NAME")) for entry in entries if isinstance(entry, dict)]
    missing = [name for name in names if name not in extra]
    if not missing and names:
        return None  # as in Ansible: what is given with -e is not asked for
    give = " ".join(f"-e {name}=…" for name in missing or ["NAME"])
    return "nobody is asked while a deployment runs", f"give the values when it starts: {give}"


def _order(value: Any, _play: Mapping[str, Any], _extra: Mapping[str, Any]) -> Wrong:
    if value == "inventory":
        return None
    return "hosts are taken in the order of the inventory", "leave it out, and write the inventory in that order"


def _port(value: Any, _play: Mapping[str, Any], _extra: Mapping[str, Any]) -> Wrong:
    return "the port is chosen by the inventory", f"set ansible_port={value} there, for hosts or groups"


def _fact_path(_value: Any, _play: Mapping[str, Any], _extra: Mapping[str, Any]) -> Wrong:
    return "facts are read from /etc/ansible/facts.d", "gather others with a task: setup with fact_path"


_CHECKS: Mapping[str, Callable[[Any, Mapping[str, Any], Mapping[str, Any]], Wrong]] = {
    "vars_prompt": _prompt,
    "order": _order,
    "port": _port,
    "fact_path": _fact_path,
}


def _only(choices: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    return next(iter(choices.values()))
