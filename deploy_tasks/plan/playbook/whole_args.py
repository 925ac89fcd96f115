"""Arguments that one template gives as a mapping: `file: "{{ item }}"`, `args: "{{ options }}"`.

The host has them checked by the module. What can be known here is checked here: the names of arguments, and the files
beside the plan that they name, which must be known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from deploy_tasks.errors import Problem
from deploy_tasks.plan.check_args import check_args
from deploy_tasks.plan.files import MAX_FILES
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja_pieces import expression, literal, mapping
from deploy_tasks.plan.model import Task
from deploy_tasks.plan.modules import MODULES
from deploy_tasks.plan.playbook import candidates, paths
from deploy_tasks.plan.playbook.candidates import Names
from deploy_tasks.plan.playbook.paths import SUBFOLDER
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site, is_inside, missing
from deploy_tasks.plan.playbook.taskdoc import TaskDoc
from deploy_tasks.plan.synchronized import Sent
from deploy_tasks.plan.words import WHOLE_ARGS, file_arguments


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the arguments stand."""

    doc: TaskDoc
    scope: Scope
    site: Site
    names: Names

    @property
    def path(self) -> str:
        return f"{self.doc.where}.args"


def found(doc: TaskDoc, scope: Scope, site: Site) -> TaskDoc:
    """The task with the files that its arguments name as one mapping; what is wrong with these is noted."""
    text = doc.args.get(WHOLE_ARGS)
    spec = MODULES.get(doc.module)
    if not isinstance(text, str) or spec is None:
        return doc
    where = _Place(doc, scope, site, Names.with_inventory(scope, site, doc.fields, doc.common.vars))
    several = candidates.mappings(text, where.names)
    for each in several:
        _check(each or {}, where)
    own = [argument for argument in file_arguments(doc.module, doc.args) if argument not in doc.args]
    return _with_files(text, own, several, where) if own else doc


def _check(given: Mapping[str, Any], where: _Place) -> None:
    """Note names and values that no module of that name takes."""
    doc, findings = where.doc, Findings()
    args = {**given, **doc.args}
    check_args(Task(id="", name="", module=doc.module, args=args, where=doc.where), findings)
    for problem in findings.problems:
        where.site.problem(where.path, _named(problem), problem.hint)


def _named(problem: Problem) -> str:
    """The message of a problem with the argument that it is about."""
    name = problem.path.rpartition(".args.")[2] if ".args." in problem.path else ""
    return problem.message if f"'{name}'" in problem.message else f"{name} {problem.message}".strip()


def _with_files(text: str, arguments: list[str], several: list[dict[str, Any] | None], where: _Place) -> TaskDoc:
    """The task that brings the files which these arguments of the mappings name."""
    doc = where.doc
    if None in several:
        hint = f'write it out: {arguments[0]}: "{{{{ … }}}}", with a name that the plan or the inventory says'
        message = f"which file {arguments[0]} in {text[:80]!r} names is only known on the host"
        where.site.problem(where.path, message, hint)
        return doc
    called: dict[str, str] = {}
    brings: dict[str, None] = {}
    for given in several:
        args = {**(given or {}), **doc.args}
        for argument in set(file_arguments(doc.module, args)) & set(arguments):
            meant = dict(_files((given or {}).get(argument), where))
            called.update(meant)
            brings.update((file, None) for name in meant.values() for file in _sent(name, args, where))
    try:
        whole = expression(text)
    except PydanticCustomError:
        where.site.problem(where.path, "holds statements", "put it into a variable under vars, and use that")
        return doc
    if not called:
        return doc
    for argument in arguments:
        key = literal(argument)
        named = f"{mapping(called.items())}.get({whole}[{key}], {whole}[{key}])"
        whole = f"({whole} | combine({{{key}: {named}}} if {key} in {whole} else {{}}))"
    fields = {**doc.fields, "brings": tuple(brings)}
    return replace(doc, args={**doc.args, WHOLE_ARGS: f"{{{{ {whole} }}}}"}, fields=fields)


def _sent(name: str, args: Mapping[str, Any], where: _Place) -> Iterator[str]:
    """What travels for a name of the plan: itself, or of a folder that `synchronize` sends what is not left out."""
    folder = Path(where.site.base, name)
    if where.doc.module != "synchronize" or not is_inside(os.path.normpath(folder), where.site.base):
        yield name
        return
    sent = Sent(args, name)
    for message, hint in sent.problems(folder):
        where.site.problem(where.path, message, hint)
    yield from (paths.relative(str(place), where.site.base) for place in islice(sent.files(folder), MAX_FILES + 1))


def _files(value: Any, where: _Place) -> Iterator[tuple[str, str]]:
    """The names that a value may be on the host, and the files of the plan that these are."""
    if not isinstance(value, str) or not value.strip():
        return
    subfolder = SUBFOLDER.get(where.doc.module, "files")
    for pattern in candidates.patterns(value, where.names):
        text = pattern.literal
        if text is None:
            hint = "name it by what the plan or the inventory says"
            where.site.problem(where.path, f"which file {value[:80]!r} means is only known on the host", hint)
            continue
        tried = [*where.scope.folders.places(subfolder, text), f"{where.site.base}/{text}"]
        place = paths.first_file(tried)
        if place is None:
            where.site.problem(where.path, *missing("file", text, tried))
        else:
            yield text, where.site.name(place) + ("/" if text.endswith("/") else "")
