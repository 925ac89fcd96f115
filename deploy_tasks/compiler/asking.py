"""What a program may have a worker look up while it runs: lookups whose arguments the host works out.

The host evaluates the arguments and asks; the worker answers only what the plan, the inventory and extra variables make
by themselves on that host. What a host tells (facts, results) never becomes a command, a request or the name of a
secret: at most it names a password in a folder that bears the host's own name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy_tasks.compiler import facts
from deploy_tasks.compiler.candidates import Candidates, Known, Locals, Value
from deploy_tasks.compiler.expr_names import free_names
from deploy_tasks.compiler.fetch_tasks import Fetch, fetches
from deploy_tasks.compiler.shaped import LATER, OWN_NAME, UNKNOWN, Shaped
from deploy_tasks.errors import Problem
from deploy_tasks.plan.jinja_names import WORKER_LOOKUPS, short_name
from deploy_tasks.plan.worker_lookups import FOR_RUNNER, Asked

KINDS = WORKER_LOOKUPS | {"file"}
_VARIABLES = ("defaults", "vars", "role_vars", "params")
_WITHIN_PATH = re.compile(r"[/ ]")
# What the engine defines on the host and no worker knows.
_ENGINES = frozenset({"hostvars", "omit", "play_hosts", "role_name", "role_path", "vars"})
HINT = (
    "write it with what the plan and the inventory say (inventory_hostname, variables): what a host tells never "
    "becomes a command, a request or the name of a secret"
)
_OWN_FOLDER = "give each host a folder of its own: lookup('password', 'credentials/' ~ inventory_hostname ~ '/…')"


@dataclass(frozen=True)
class Call:
    """One lookup whose arguments are no literals, with the loops around it and its place in the plan."""

    kind: str
    terms: tuple[Any, ...]
    options: Mapping[str, Any]
    spread: Any
    around: Locals
    where: str


@dataclass
class Document:
    """What a lowered document says: lookups, variables, loops, results, and by their ids the tasks that fetch."""

    calls: list[Call] = field(default_factory=list)
    variables: dict[str, list[Any]] = field(default_factory=dict)
    loops: dict[str, list[Any]] = field(default_factory=dict)
    results: set[str] = field(default_factory=set)
    fetches: dict[str, list[Fetch]] = field(default_factory=dict)

    def read(self, part: Any, around: Locals | None = None, where: str = "") -> Document:
        """Add what a part of the document says."""
        around = around or {}
        if isinstance(part, dict):
            self._mapping(part, around, where)
        elif isinstance(part, list):
            if (call := _call(part, around, where)) is not None:
                self.calls.append(call)
            self._set(part)
            for item in part:
                self.read(item, around, where)
        return self

    def _mapping(self, part: dict[str, Any], around: Locals, where: str) -> None:
        where = str(part["where"]) if isinstance(part.get("where"), str) else where
        if isinstance(part.get("loop"), (list, dict)):
            name = str(part.get("loop_var") or "item")
            self._note(self.loops, name, part["loop"])
            around = {**around, name: part["loop"]}
        if "plays" in part:
            for fetch in fetches(part):
                self.fetches.setdefault(fetch.id, []).append(fetch)
        if "plays" in part or "playbook_dir" in part:
            self._note(self.variables, "playbook_dir", part.get("playbook_dir") or ".")
        for key in _VARIABLES:
            self._variables(part.get(key))
        if part.get("module") == "set_fact":
            self._variables(part.get("args"))
        for files in (part.get("var_files"), part.get("choices")):
            for choice in files.values() if isinstance(files, dict) else ():
                self._variables(choice)
        if isinstance(part.get("register"), str):
            self.results.add(part["register"])
        for item in part.values():
            self.read(item, around, where)

    def _variables(self, found: Any) -> None:
        if isinstance(found, dict) and "$" not in found:
            for name, value in found.items():
                self._note(self.variables, name, value)

    def _set(self, node: list[Any]) -> None:
        match node:
            case ["set", ["var", str(name)], value]:
                self._note(self.variables, name, {"$": value})
            case ["for", ["var", str(name)], items, *_]:
                self._note(self.loops, name, {"$": items})

    @staticmethod
    def _note(into: dict[str, list[Any]], name: str, value: Any) -> None:
        known = into.setdefault(name, [])
        if value not in known:
            known.append(value)


def _call(node: list[Any], around: Locals, where: str) -> Call | None:
    match node:
        case ["call", ["var", "lookup" | "query" | "q"], [["lit", str(name)], *terms], dict(named), *spread]:
            kind = short_name(name)
            if kind in KINDS:
                options = {key: value for key, value in named.items() if not _hosts_own(kind, key)}
                return Call(kind, tuple(terms), options, spread[0] if spread else None, around, where)
    return None


def _hosts_own(kind: str, option: str) -> bool:
    """Whether an option is for the host alone."""
    return option in FOR_RUNNER or (kind == "env" and option == "default")


class Allowed:
    """What one host may ask. `known` is what is known of it, `calls` the lookups in all that it evaluates."""

    def __init__(self, calls: Iterable[Call], known: Known) -> None:
        self._own = known.own or ""
        self._names: set[str] = set()
        self._patterns: list[tuple[re.Pattern[str], dict[str, Any]]] = []
        candidates = Candidates(known)
        for call in calls:
            for terms, options in _asked(call, candidates):
                self._allow(call.kind, terms, options)

    def _allow(self, kind: str, terms: list[Value], options: dict[str, Any]) -> None:
        if all(isinstance(term, str) for term in terms):
            self._names.add(_name(kind, terms, options))
        elif kind == "password" and all(isinstance(term, str) or term.has_own_folder() for term in terms):
            shapes = [term if isinstance(term, Shaped) else Shaped((term,)) for term in terms]
            self._patterns += [(shape.pattern(self._own), options) for shape in shapes]

    def __contains__(self, asked: Asked) -> bool:
        """Whether the host may ask this."""
        options = dict(asked.options)
        if asked.name in self._names:
            return True
        return asked.kind == "password" and all(self._fits(str(term), options) for term in asked.terms)

    def _fits(self, term: str, options: Mapping[str, Any]) -> bool:
        if not _WITHIN_PATH.search(term) or ".." in _WITHIN_PATH.split(term):
            return False
        return any(pattern.fullmatch(term) and options == given for pattern, given in self._patterns)


def _name(kind: str, terms: Iterable[str], options: Mapping[str, Any]) -> str:
    return Asked(kind, tuple(terms), tuple(sorted(options.items()))).name


def _asked(call: Call, candidates: Candidates) -> Iterator[tuple[list[Value], dict[str, Any]]]:
    """What a lookup may ask: terms as texts, those known in part as shapes, and options that are known."""
    written = candidates.plain({name: {"$": node} for name, node in call.options.items()}, call.around)
    options = [each if isinstance(each, dict) else {} for each in written if isinstance(each, dict) or each.whole]
    terms = [{"$": node} for node in call.terms]
    for more in [[]] if call.spread is None else candidates.of(call.spread, call.around):
        if isinstance(more, (list, Shaped)):
            for chosen in candidates.texts([*terms, *(more if isinstance(more, list) else [more])], call.around):
                if chosen and (call.kind != "file" or _elsewhere(chosen)):
                    yield from ((chosen, each) for each in options)


def _elsewhere(terms: list[Value]) -> bool:
    """Whether all are files of the worker's machine, not of the plan's folder."""
    return all(isinstance(term, Shaped) or term.startswith(("/", "~")) for term in terms)


def refused(document: Any) -> list[Problem]:
    """The lookups of a program that no worker could answer, whatever the inventory and extra variables say."""
    said = Document().read(document)
    candidates = Candidates(known_beforehand(said))
    return [
        problem
        for call in said.calls
        if call.kind != "file" and (problem := _problem(call, candidates, said)) is not None
    ]


def known_beforehand(said: Document) -> Known:
    """What is known when there is only the program: inventory and extra variables come later."""
    return Known(said.variables, said.loops, lambda name: _stands_for(name, said), lambda _name: LATER)


def _stands_for(name: str, said: Document) -> Shaped:
    """What a name is that the plan gives no value: a host's own knowledge, or what a worker gets to know."""
    if name == "inventory_hostname":
        return OWN_NAME
    return UNKNOWN if name in said.results or name in _ENGINES or facts.is_fact(name) else LATER


def _problem(call: Call, candidates: Candidates, said: Document) -> Problem | None:
    for terms, _options in _asked(call, candidates):
        shapes = [term for term in terms if isinstance(term, Shaped) and not term.whole]
        if not shapes or (call.kind == "password" and all(shape.has_own_folder() for shape in shapes)):
            return None
    names = sorted(name for name in free_names([*call.terms, *call.options.values(), call.spread]) if name != "item")
    unknown = [name for name in names if UNKNOWN in candidates.of(["var", name], call.around)]
    why = f"are only known on the host ({', '.join(unknown[:5])})" if unknown else "are more than a worker can work out"
    text = f"the lookup '{call.kind}' is performed by the worker, and its arguments {why}"
    return Problem(call.where, text, hint=_OWN_FOLDER if call.kind == "password" else HINT)


def allowed(
    said: Document, host_variables: Mapping[str, Any], extra: Mapping[str, Any], fetched: Callable[[str], Any]
) -> Allowed:
    """What a host may ask: `said` by the program, with the lowered variables of the host and extra variables."""
    more = Document().read({"vars": dict(host_variables)}).read({"vars": dict(extra)})
    return Allowed([*said.calls, *more.calls], known_of(said, host_variables, extra, fetched))


def known_of(
    said: Document, host_variables: Mapping[str, Any], extra: Mapping[str, Any], fetched: Callable[[str], Any]
) -> Known:
    """What a worker knows of a host's variables; `fetched` gives answers to lookups that are written out."""
    own = str(host_variables["inventory_hostname"])
    variables = {name: [*values] for name, values in said.variables.items()}
    for name, value in host_variables.items():
        variables.setdefault(name, []).append(value)
    variables |= {name: [value] for name, value in extra.items()}
    variables.pop("inventory_hostname", None)
    return Known(
        variables, said.loops, lambda name: OWN_NAME if name == "inventory_hostname" else UNKNOWN, fetched, own
    )
