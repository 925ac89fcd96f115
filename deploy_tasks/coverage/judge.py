"""One file of tasks or one playbook: which tasks are in it, and what stands against compiling them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from deploy_tasks.compiler import lower
from deploy_tasks.coverage.folder import Sort, Source
from deploy_tasks.errors import CompileError, DocumentError, Problem
from deploy_tasks.plan.check_steps import check_step, walk
from deploy_tasks.plan.documents import BadDocument
from deploy_tasks.plan.files import find_files
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.model import Plan, Play, Step, Task
from deploy_tasks.plan.module_names import MODULE_NAMES
from deploy_tasks.plan.modules import MODULES
from deploy_tasks.plan.own_attach import beside, steps_with_own
from deploy_tasks.plan.playbook.block import read_steps
from deploy_tasks.plan.playbook.common import Inherited
from deploy_tasks.plan.playbook.paths import Folders, main_files
from deploy_tasks.plan.playbook.play import Imported, read_play
from deploy_tasks.plan.playbook.reading import Reading
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site, TooLarge
from deploy_tasks.plan.playbook.source import Doc
from deploy_tasks.plan.validate import check_templates
from deploy_tasks.plan.vault import Vault
from deploy_tasks.plan.words import module_name, short_name

_PARTS = ("pre_tasks", "tasks", "post_tasks", "handlers")
_BLOCK = ("block", "rescue", "always")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The tasks of a file with their modules as written, its plays, and every problem in it.

    `steps` says for the path of every task and block which tasks it touches.
    """

    tasks: Mapping[str, str]
    plays: tuple[str, ...]
    steps: Mapping[str, tuple[str, ...]]
    problems: tuple[Problem, ...]

    def touched(self, problem: Problem) -> tuple[str, ...]:
        """The tasks that cannot be compiled because of a problem; none: it belongs to the file or play itself."""
        path = problem.path
        while path:
            if path in self.steps:
                return self.steps[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return ()


class _Sealed(Vault):
    """No password has to be given: what none opens is some text."""

    def decrypt(self, text: str, shown: str) -> bytes:
        try:
            return super().decrypt(text, shown)
        except BadDocument:
            return b"{}"


class Judge:
    """Judges the files of one folder; a file is parsed once."""

    def __init__(self, root: Path, assumed: Collection[str] = (), vault_password_files: Sequence[Path] = ()) -> None:
        self.root = os.path.abspath(root)
        self.assumed = tuple(assumed)
        self._vault = _Sealed(vault_password_files)

    def read(self, path: Path) -> Doc:
        """The YAML document in a file. Raises `BadDocument`."""
        self.ctx = Reading(vault=self._vault)
        name = os.path.relpath(os.path.abspath(path), self.root)
        return self.ctx.sources.read(path, name, shown=name)

    def verdict(self, source: Source, document: Doc, sort: Sort) -> Verdict:
        """What is in a document, and what is wrong with it."""
        place = os.path.abspath(source.path)
        site = Site(self.ctx, self.root, _only(document.name), root=os.path.realpath(self.root))
        for home in (os.path.dirname(place), source.role):
            if home is not None:
                site.add_home(os.path.abspath(home))
        tasks: dict[str, str] = {}
        touched: dict[str, tuple[str, ...]] = {}
        plays: tuple[str, ...] = ()
        try:
            if sort == "playbook":
                plays, steps = self._playbook(place, document, site, tasks, touched)
            else:
                _note(document.data or [], document.name, tasks, touched)
                steps = site.steps(document.data, document.name, self._scope(source, place, sort, site))
        except TooLarge:
            steps = ()
        findings = self.ctx.findings
        base = Path(self.root)
        steps = steps_with_own(steps, beside(*map(Path, site.homes), base=base), base, findings)
        self._check(steps, findings)
        # What cannot be read beside it is told where it stands itself.
        own = [problem for problem in findings.problems if problem.path]
        return Verdict(tasks, plays, touched, tuple(self.ctx.places.locate_all(own)))

    def _playbook(
        self, place: str, document: Doc, site: Site, tasks: dict[str, str], touched: dict[str, tuple[str, ...]]
    ) -> tuple[tuple[str, ...], tuple[Step, ...]]:
        plays: list[str] = []
        steps: list[Step] = []
        for index, data in enumerate(document.data):
            where = f"{document.name}[{index}]"
            if "hosts" not in data:
                continue
            plays.append(where)
            for part in _PARTS:
                _note(data.get(part) or [], f"{where}.{part}", tasks, touched)
            play = read_play(data, where, place, index, Imported(), site)
            steps += [*play.tasks, *play.handlers]
        return tuple(plays), tuple(steps)

    def _scope(self, source: Source, place: str, sort: Sort, site: Site) -> Scope:
        """Where the tasks of a file stand: in their role, with its variables, or beside a playbook."""
        here = os.path.dirname(place)
        handlers = sort == "handlers"
        if source.role is None:
            return Scope(Folders(here, (here,)), Inherited(), handlers=handlers)
        role = os.path.abspath(source.role)
        above = os.path.dirname(role)
        playbook = os.path.dirname(above) if os.path.basename(above) == "roles" else above
        variables = {part: _merged(role, part, site) for part in ("defaults", "vars")}
        return Scope(
            Folders(playbook, (here,), (role,)),
            Inherited(),
            weak=(variables["defaults"],),
            firm=(variables["vars"],),
            role=os.path.basename(role),
            handlers=handlers,
        )

    def _check(self, steps: tuple[Step, ...], findings: Findings) -> None:
        """The checks and the lowering of a deployment, step by step: what is wrong with one hides no other."""
        for step in walk(steps):
            found = Findings()
            check_step(step, found)
            findings.problems += [each for each in found.problems if not self._is_assumed(step, each)]
        files: dict[str, Path] = {}
        told = {problem.path for problem in findings.problems}
        for step in steps:
            own = _plan(step)
            found = Findings()
            named = find_files(own, Path(self.root), found)
            # What was looked for in vain when the file was read is not there now either.
            findings.problems += [problem for problem in found.problems if problem.path not in told]
            check_templates(own, named, Path(self.root), findings)
            files |= named
        # What a task says around its module is lowered whether or not the module is known.
        wrong = {problem.path for problem in findings.problems if not problem.path.endswith(".module")}
        for step in steps:
            if not _is_flush(step) and not any(_is_below(path, step.where) for path in wrong):
                self._lower(_plan(step), files, findings)

    def _is_assumed(self, step: Step, problem: Problem) -> bool:
        """Whether the problem is a module that is not known but counts as if it were."""
        if not isinstance(step, Task) or problem.path != f"{step.where}.module":
            return False
        return any(fnmatchcase(name, each) for name in (step.module, short_name(step.module)) for each in self.assumed)

    def _lower(self, plan: Plan, files: Mapping[str, Path], findings: Findings) -> None:
        where = plan.plays[0].tasks[0].where
        try:
            lower(plan, files)
        except DocumentError as error:
            # What is wrong in a template stands against the step that needs it.
            findings.problems.extend(
                problem if _is_below(problem.path, where) else replace(problem, path=where, file=problem.path or None)
                for problem in error.problems
            )
        except CompileError as error:
            findings.add(where, str(error).removeprefix(f"{where}: "), error.hint)


def _only(name: str) -> Any:
    """Reads the steps of one document and of no other: what it includes is judged by itself."""

    def read(data: Any, where: str, scope: Scope, site: Site) -> tuple[Step, ...]:
        return read_steps(data, where, scope, site) if where.startswith(name) else ()

    return read


def _note(entries: Any, where: str, tasks: dict[str, str], touched: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Every task below a list of entries, and which tasks each step touches."""
    found: list[str] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        path = f"{where}[{index}]"
        if isinstance(entry, dict) and "block" in entry:
            inner = [_note(entry.get(part) or [], f"{path}.{part}", tasks, touched) for part in _BLOCK]
            touched[path] = tuple(each for part in inner for each in part)
        else:
            tasks[path] = _module(entry)
            touched[path] = (path,)
        found += touched[path]
    return tuple(found)


def _module(entry: Any) -> str:
    """The module of a task as far as its keys tell; for people only."""
    if not isinstance(entry, dict):
        return ""
    names = [module_name(str(key)) for key in entry]
    return next((name for name in names if name in MODULES or name in MODULE_NAMES or "." in name), "")


def _plan(step: Step) -> Plan:
    return Plan(name="coverage", format="playbook", plays=(Play(id="coverage", tasks=(step,)),))


def _is_flush(step: Step) -> bool:
    return isinstance(step, Task) and step.module == "meta"


def _is_below(path: str, where: str) -> bool:
    return path == where or path.startswith((f"{where}.", f"{where}["))


def _merged(role: str, part: str, site: Site) -> dict[str, Any]:
    """The variables of a role in `defaults` or `vars`."""
    merged: dict[str, Any] = {}
    for place in main_files(f"{role}/{part}", None, merge=True):
        merged.update(site.variables(place, ""))
    return merged
