"""The files that lookups (`file`, `template`) may mean, so that they travel with the plan."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from deploy_tasks.plan import worker_lookups
from deploy_tasks.plan.jinja import environment, is_template
from deploy_tasks.plan.jinja_checks import LOOKUP_FUNCTIONS, walk
from deploy_tasks.plan.jinja_names import FILE_LOOKUPS, short_name
from deploy_tasks.plan.jinja_references import Known, Library, Meant, bounded, meanings, nothing_known
from deploy_tasks.plan.lookup_values import Values
from deploy_tasks.plan.model import Block, Include, Inventory, Model, Plan, Play, Step, Task
from deploy_tasks.plan.said import Said
from deploy_tasks.plan.texts import texts

_CALL = re.compile(r"\b(?:lookup|query|q)\s*\(\s*(['\"])(?:[\w.]*\.)?(?:" + "|".join(sorted(FILE_LOOKUPS)) + r")\1")
_CONTENT = frozenset({"csvfile", "file", "ini", "template", "unvault"})
# Lookups that name their file in an option, and the name without.
_TABLES = {"csvfile": "ansible.csv", "ini": "ansible.ini"}
_INLINE = re.compile(r"(?<!\S)file=(\S+)")
# How often one lookup may ask what a variable is: those of a large site are made of each other.
_MAX_QUESTIONS = 2000


@dataclass(frozen=True, slots=True)
class Wanted:
    """One lookup of a file: the place in the document, its kind, what its name may be, where it is looked for.

    `certain`: it stands in a task, so that its file must be there; a variable may never be used.
    """

    where: str
    kind: str
    meant: tuple[Meant, ...]
    search: tuple[str, ...]
    certain: bool = False

    @property
    def vague(self) -> bool:
        """Whether nothing is known of some name."""
        return any(meant.vague for meant in self.meant)

    def folders(self, playbook_dir: str) -> tuple[str, ...]:
        """The folders in which the file is looked for. A name within the plan's folder is one that was found before."""
        places = [*self.search, playbook_dir]
        subfolders = (_subfolder(self.kind), "")
        both = [posixpath.normpath(posixpath.join(place, under)) for place in places for under in subfolders]
        return tuple(dict.fromkeys([*both, "."]))

    def files(self, library: Library) -> tuple[list[str], str | None]:
        """The files that may be meant, and what is wrong with the name, if something is."""
        found: dict[str, None] = {}
        wrong = None
        for meant in self.meant:
            if meant.vague:
                found.update(dict.fromkeys(self._anything(library)))
                wrong = f"which file lookup('{self.kind}') means is only known on the host"
            elif meant.computed:
                found.update(dict.fromkeys(library.matching(meant).values()))
            elif (file := library.find(meant.text)) is not None:
                found[file] = None
            else:
                wrong = f"there is no file '{meant.text[:200]}' for lookup('{self.kind}')"
        return list(found), wrong if self.certain and not found else None

    def _anything(self, library: Library) -> Iterator[str]:
        """What a name of which nothing is known may mean: of a task, all in the folders that are there for it."""
        subfolder = _subfolder(self.kind)
        for folder in library.folders if self.certain else ():
            if posixpath.basename(folder) == subfolder:
                yield from library.below(folder)


def _subfolder(kind: str) -> str:
    """Where a lookup looks before the folder itself."""
    return "templates" if kind == "template" else "files"


def looks_up(text: str) -> bool:
    """Whether a text has a lookup of files in it."""
    return _CALL.search(text) is not None


def plan_looks_up(plan: Plan) -> bool:
    """Whether any expression of a plan looks up files. Those in template files do not count here."""
    return any(looks_up(text) for _element, text in _all_texts(plan))


def wanted(plan: Plan, inventory: Inventory | None = None) -> Iterator[Wanted]:
    """The lookups in a plan that read a file; the inventory says what variables may be."""
    values = Values(plan, Said(inventory))
    everywhere = tuple(dict.fromkeys(folder for task in plan.walk() for folder in task.search))
    for element, text in _all_texts(plan):
        if looks_up(text):
            search = element.search if isinstance(element, (Task, Include)) else everywhere
            where = getattr(element, "where", "")
            certain = isinstance(element, (Task, Include))
            yield from in_text(text, where, search, values.within(element), certain=certain)


def in_text(
    text: str, where: str, search: tuple[str, ...], known: Known = nothing_known, *, certain: bool = False
) -> Iterator[Wanted]:
    """The lookups of files in a template or a bare expression."""
    try:
        tree = environment().parse(text if is_template(text) else "{{ " + text + " }}")
    except TemplateSyntaxError:
        return  # it is told where expressions are checked
    for call in walk(tree):
        kind = _kind(call)
        if kind is not None and isinstance(call, nodes.Call) and worker_lookups.of_call(call) == (None, None):
            bound = bounded(known, _MAX_QUESTIONS)
            meant = tuple(each for term in _terms(kind, call) for each in meanings(term, bound))
            yield Wanted(where, kind, meant, search, certain)


def _terms(kind: str, call: nodes.Call) -> list[nodes.Expr]:
    """The expressions that name files."""
    if kind not in _TABLES:
        return call.args[1:]
    inline = [
        nodes.Const(found)
        for term in call.args[1:]
        if isinstance(term, nodes.Const)
        for found in _INLINE.findall(str(term.value))
    ]
    named: list[nodes.Expr] = [pair.value for pair in call.kwargs if getattr(pair, "key", "") == "file"]
    return [*inline, *(named or ([] if inline else [nodes.Const(_TABLES[kind])]))]


def _kind(call: nodes.Node) -> str | None:
    match call:
        case nodes.Call(node=nodes.Name(name=function), args=[nodes.Const(value=str(name)), *_]):
            kind = short_name(name)
            return kind if function in LOOKUP_FUNCTIONS and kind in _CONTENT else None
    return None


def _all_texts(plan: Plan) -> Iterator[tuple[Play | Step | Plan, str]]:
    for play in plan.plays:
        for text in texts([play.defaults, play.vars, play.role_vars, [each.choices for each in play.vars_files]]):
            yield play, text
        for step in (*play.tasks, *play.handlers):
            yield from _step_texts(step)


def _step_texts(step: Step) -> Iterator[tuple[Step, str]]:
    inner = [value for value in step.__dict__.values() if not _holds_steps(value)]
    for text in texts(inner):
        yield step, text
    if isinstance(step, Task):
        for task in step.undo:
            yield from _step_texts(task)
    elif isinstance(step, Block):
        for part in (*step.block, *step.rescue, *step.always, *step.undo):
            yield from _step_texts(part)
    elif isinstance(step, Include):
        for choice in step.choices.values():
            for part in choice:
                yield from _step_texts(part)


def _holds_steps(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(isinstance(item, tuple) for item in value.values())
    return isinstance(value, tuple) and any(isinstance(item, Model) for item in value)
