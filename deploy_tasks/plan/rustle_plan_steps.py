"""Format A's entries (tasks, handlers, blocks, includes) lowered to the steps of the normalised plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deploy_tasks.plan import patterns
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.model import Block, Include, Step, Task
from deploy_tasks.plan.problems import from_validation, path_of, suggest
from deploy_tasks.plan.rustle_plan_model import BatchDoc, Condition, HandlerDoc, PlayDoc, TaskDoc
from deploy_tasks.plan.words import module_name

_ALL = frozenset({"all", "*"})
_ROLE = ("include_role", "import_role")
#: What holds steps or plays of its own is never overridden: the document says it in the open.
_NESTED = frozenset({"block", "rescue", "always", "undo", "choices", "tasks", "handlers", "plays", "secret_vars"})
_M = TypeVar("_M", bound=BaseModel)
Entry = TaskDoc | HandlerDoc


@dataclass
class Steps:
    """Lowers the entries of one play; names every id once."""

    play: PlayDoc
    findings: Findings
    seen: set[str] = field(default_factory=set)

    def task(self, entry: TaskDoc, path: str, batch: BatchDoc) -> Step:
        """An entry of a batch."""
        return self._step(entry, path, (batch.hosts, entry.hosts), batch.batch_id)

    def handler(self, entry: HandlerDoc, path: str) -> Step:
        """A handler, a block of handlers, or an include that is performed when it is notified."""
        return self._step(entry, path, (entry.hosts,), "")

    def _step(self, entry: Entry, path: str, hosts: tuple[Sequence[str], ...], batch: str) -> Step:
        if entry.hosts and _only(self.play.hosts, hosts) is None:
            self.findings.add(f"{path}.hosts", f"none of these hosts is in the batch {batch[:80]!r}")
        if entry.block is not None:
            return self._block(entry, entry.block, path, hosts, batch)
        if entry.choices is not None:
            return self._include(entry, entry.choices, path, hosts, batch)
        return self._plain(entry, path, hosts, batch)

    def _plain(self, entry: Entry, path: str, hosts: tuple[Sequence[str], ...], batch: str) -> Task:
        fields = self._keywords(entry, path)
        fields |= _conditions(entry, fields.get("when", ()), _only(self.play.hosts, hosts), path, self.findings)
        if entry.source:
            fields["origins"] = entry.origins
        if fields.get("become") is None:
            fields["become"] = self.play.become
        return overridden(
            Task(
                id=self._unique(entry, batch),
                name=entry.name,
                module=module_name(entry.module),
                args=entry.args,
                notify=tuple(entry.notify),
                search=tuple(entry.search),
                brings=tuple(entry.brings),
                var_files=entry.var_files,
                undo=self._undo(entry, path, hosts, batch),
                where=entry.source or path,
                **fields,
            ),
            entry.exact,
            path,
            self.findings,
        )

    def _block(
        self, entry: Entry, inner: Sequence[Entry], path: str, hosts: tuple[Sequence[str], ...], batch: str
    ) -> Block:
        fields = self._shared(entry, path)
        made = Block(
            name=entry.name,
            block=self._list(inner, f"{path}.block", hosts, batch),
            rescue=self._list(entry.rescue, f"{path}.rescue", hosts, batch),
            always=self._list(entry.always, f"{path}.always", hosts, batch),
            undo=self._undo(entry, path, hosts, batch),
            role=entry.role,
            role_path=entry.role_path,
            defaults=entry.defaults,
            role_vars=entry.role_vars,
            params=entry.params,
            **{name: fields[name] for name in ("when", "tags", "vars", "loop", "loop_var", "index_var", "where")},
        )
        return overridden(made, entry.exact, path, self.findings)

    def _include(
        self,
        entry: Entry,
        choices: Mapping[str, Sequence[Entry]],
        path: str,
        hosts: tuple[Sequence[str], ...],
        batch: str,
    ) -> Include:
        fields = self._shared(entry, path)
        role = module_name(entry.module) in _ROLE
        target = entry.args.get("name" if role else "file")
        if not isinstance(target, str):
            self.findings.add(f"{path}.args", "does not say what is included", '"args": {"file": "install.yml"}')
        kept = (
            "when",
            "tags",
            "vars",
            "loop",
            "loop_var",
            "index_var",
            "loop_label",
            "loop_extended",
            "loop_allitems",
            "run_once",
        )
        made = Include(
            id=self._unique(entry, batch),
            name=entry.name,
            kind="role" if role else "tasks",
            target=str(target),
            choices={
                name: self._list(inner, path_of(("choices", name), path), hosts, batch)
                for name, inner in choices.items()
            },
            again=tuple(entry.again),
            search=tuple(entry.search),
            where=fields["where"],
            ignore_errors=fields.get("ignore_errors", False),
            **{name: fields[name] for name in kept},
        )
        return overridden(made, entry.exact, path, self.findings)

    def _undo(self, entry: Entry, path: str, hosts: tuple[Sequence[str], ...], batch: str) -> tuple[Task, ...]:
        steps = self._list(entry.undo, f"{path}.undo", hosts, batch)
        for number, step in enumerate(steps):
            if not isinstance(step, Task):
                self.findings.add(f"{path}.undo[{number}]", "is no task", "list the tasks that take this one back")
        return tuple(step for step in steps if isinstance(step, Task))

    def _list(
        self, entries: Sequence[Entry], path: str, hosts: tuple[Sequence[str], ...], batch: str
    ) -> tuple[Step, ...]:
        steps = []
        for number, entry in enumerate(entries):
            here = f"{path}[{number}]"
            if entry.dependencies:
                hint = "take the dependencies away and write the tasks in their order"
                self.findings.add(f"{here}.dependencies", "tasks in a block run in the order they stand in", hint)
            steps.append(self._step(entry, here, (*hosts, entry.hosts), batch))
        return tuple(steps)

    def _keywords(self, entry: Entry, path: str) -> dict[str, Any]:
        with self.findings.at(path):
            return entry.normalised()
        return {}

    def _shared(self, entry: Entry, path: str) -> dict[str, Any]:
        """Keywords and conditions of a block or include, which may hold When and Tag only."""
        fields = {"vars": {}, "loop": None, "loop_var": "item", "index_var": None} | self._keywords(entry, path)
        fields |= {"loop_label": fields.get("loop_label"), "loop_extended": fields.get("loop_extended", False)}
        fields["loop_allitems"] = fields.get("loop_allitems", True)
        fields |= {"run_once": fields.get("run_once", False), "where": entry.source or path}
        found = _conditions(entry, fields.get("when", ()), (), path, self.findings)
        if found["skip_tags"] or found["check_mode_only"] is not None or found["only"]:
            hint = "write the others at the tasks in it"
            self.findings.add(f"{path}.conditions", "a block or an include takes When and Tag", hint)
        return fields | {"when": found["when"], "tags": found["tags"]}

    def _unique(self, entry: Entry, batch: str) -> str:
        name = entry.id if entry.id not in self.seen or not batch else f"{entry.id}@{batch}"
        self.seen.add(name)
        return name


def overridden(made: _M, exact: Mapping[str, Any], path: str, findings: Findings) -> _M:
    """The model with the fields that `exact` of the document gives; what is wrong with them is noted."""
    if not exact:
        return made
    known = type(made).model_fields.keys() - _NESTED
    for name in exact.keys() - known:
        findings.add(path_of(("exact", name), path), "is no field that can be given here", suggest(name, known))
    given = {name: value for name, value in exact.items() if name in known}
    try:
        return type(made).model_validate({**dict(made), **given})
    except ValidationError as error:
        findings.problems += from_validation(error, f"{path}.exact" if path else "exact", findings.source)
        return made


def _only(play: Sequence[str], given: Iterable[Sequence[str]]) -> tuple[str, ...] | None:
    """The hosts that are in all lists; empty: every host of the play; None: no host at all."""
    lists = [list(dict.fromkeys(hosts)) for hosts in given if hosts and not _ALL.intersection(hosts)]
    if not lists:
        return ()
    kept = [host for host in lists[-1] if all(host in hosts for hosts in lists)]
    if not kept:
        return None
    return () if set(kept) == set(play) else tuple(kept)


def _conditions(
    entry: Entry, when: Iterable[str], only: tuple[str, ...] | None, path: str, findings: Findings
) -> dict[str, Any]:
    """The five kinds of conditions, together with the entry's own hosts, `when` and tags."""
    conditions: list[Condition] = entry.conditions
    expressions, tag_list, skip_tags = list(when), list(entry.tags), list[str]()
    chosen = only or ()
    check_mode: set[bool] = set()
    origins: dict[str, str] = {}
    for index, condition in enumerate(conditions):
        if condition.when:
            expressions.append(condition.when.expression)
            origins[f"when[{len(expressions) - 1}]"] = f"conditions[{index}].When.expression"
        elif condition.tag:
            tag_list += condition.tag.tags
        elif condition.host:
            chosen = narrowed(chosen, condition.host.pattern)
        elif condition.skip_tag:
            skip_tags += condition.skip_tag.tags
        elif condition.check_mode:
            check_mode.add(condition.check_mode.enabled)
    if len(check_mode) > 1:
        hint = "keep one of the two"
        findings.add(f"{path}.conditions", "wants check mode both on and off, so the task could never run", hint)
    return {
        "when": tuple(expressions),
        "only": chosen,
        "tags": tuple(dict.fromkeys(tag_list)),
        "skip_tags": tuple(dict.fromkeys(skip_tags)),
        "check_mode_only": next(iter(check_mode), None),
        "origins": origins,
    }


def narrowed(only: tuple[str, ...], pattern: str) -> tuple[str, ...]:
    """Patterns for the hosts of `only` that `pattern` selects too."""
    parts = patterns.split(pattern)
    plain = [part for part in parts if part[0] not in "!&"]
    rest = [part for part in parts if part[0] in "!&"]
    if not only:
        return tuple(parts)
    if len(plain) <= 1:
        return (*only, *(f"&{part}" for part in plain), *rest)
    return (*only, f"&{patterns.union(plain)}", *rest)
