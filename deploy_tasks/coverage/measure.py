"""Every file of a folder judged by itself, with the same readers, checks and lowering that a deployment uses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy_tasks.coverage import folder
from deploy_tasks.coverage.folder import Source
from deploy_tasks.coverage.judge import Judge, Verdict
from deploy_tasks.coverage.missing import SUPPLIES, wish
from deploy_tasks.coverage.tally import Broken, Coverage, Missing, Share
from deploy_tasks.errors import BadInput, Problem
from deploy_tasks.plan.documents import BadDocument

MAX_BROKEN = 1000


def measure(
    root: Path,
    progress: Callable[[int], None] | None = None,
    *,
    assumed: Collection[str] = (),
    vault_password_files: Sequence[Path] = (),
) -> Coverage:
    """What compiles of the playbooks, files of tasks and roles in a folder; `progress` hears of every file.

    Tasks of the modules in `assumed`, names or patterns of names, count as if the module were known and took any
    arguments; everything else of them is judged. What none of the passwords opens is judged as some text.
    Raises `BadInput` when there is no such folder, `PlanError` for a password not to be read. A broken file
    is counted and named, never fatal.
    """
    if not root.is_dir():
        raise BadInput(f"there is no folder {str(root)!r}", hint="deploy-tasks coverage DIR")
    counts = _Counts(root)
    judge = Judge(root, assumed, vault_password_files)
    for number, source in enumerate(folder.yaml_files(root), 1):
        _one(source, root, judge, counts)
        if progress:
            progress(number)
    return counts.coverage()


def _one(source: Source, root: Path, judge: Judge, counts: _Counts) -> None:
    try:
        document = judge.read(source.path)
    except BadDocument as error:
        if _meant(source):
            counts.broken(source, error.problem)
        return
    sort = folder.sort_of(source, root, document.data)
    if sort is None:
        return
    try:
        counts.add(source, judge.verdict(source, document, sort))
    except RecursionError:
        counts.broken(source, Problem("", "is nested too deep", file=str(source.path)))


def _meant(source: Source) -> bool:
    if source.role is not None:
        return True
    try:
        return folder.meant_to_be(source.path.read_bytes()[: 1 << 20])
    except OSError:
        return False


@dataclass(slots=True)
class _Want:
    tasks: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    example: str = ""


@dataclass(slots=True)
class _Tally:
    """Three counts of one sort of thing."""

    total: int = 0
    compiled: int = 0
    language: int = 0

    def add(self, bad: bool, bad_language: bool) -> None:
        self.total += 1
        self.compiled += not bad
        self.language += not bad_language

    def share(self) -> Share:
        return Share(self.total, self.compiled, self.language)


class _Counts:
    """Adds up what the verdicts on the files say."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tallies: dict[str, _Tally] = defaultdict(_Tally)
        self._roles: dict[Path, list[tuple[bool, bool]]] = {}
        self._wants: dict[tuple[str, str], _Want] = defaultdict(_Want)
        self._broken: list[Broken] = []

    def broken(self, source: Source, problem: Problem) -> None:
        """A file that cannot be read: it counts, and it is none that compiles."""
        place = self._name(source.path)
        line = f":{problem.line}" if problem.line else ""
        if len(self._broken) < MAX_BROKEN:
            self._broken.append(Broken(f"{place}{line}", problem.message.partition("\n")[0]))
        self._tallies["task_files"].add(True, True)
        if source.role:
            self._roles.setdefault(source.role, []).append((True, True))

    def add(self, source: Source, verdict: Verdict) -> None:
        """A file that was judged."""
        bad: dict[str, set[str]] = defaultdict(set)
        kinds: set[str] = set()
        for problem in verdict.problems:
            touched = verdict.touched(problem)
            kind, name = wish(problem, next((verdict.tasks[path] for path in touched), ""))
            kinds.add(kind)
            for path in touched:
                bad[path].add(kind)
            self._want(kind, name, problem, source, touched)
        for path in verdict.tasks:
            self._tallies["tasks"].add(bool(bad[path]), bool(bad[path] - SUPPLIES))
            self._tallies["modules"].add("module" in bad[path], "module" in bad[path])
        failed = bool(kinds), bool(kinds - SUPPLIES)
        if verdict.plays:
            for play in verdict.plays:
                inside = {wish(problem)[0] for problem in verdict.problems if problem.path.startswith(play)}
                self._tallies["plays"].add(bool(inside), bool(inside - SUPPLIES))
        else:
            self._tallies["task_files"].add(*failed)
        if source.role:
            self._roles.setdefault(source.role, []).append(failed)

    def _want(self, kind: str, name: str, problem: Problem, source: Source, touched: Sequence[str]) -> None:
        file = self._name(source.path)
        want = self._wants[kind, name]
        want.tasks.update(f"{file}:{path}" for path in touched)
        want.files.add(file)
        want.example = want.example or (f"{file}:{problem.line}" if problem.line else file)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _role_shares(self) -> Share:
        tally = _Tally()
        for files in self._roles.values():
            tally.add(any(bad for bad, _ in files), any(bad for _, bad in files))
        return tally.share()

    def _missing(self) -> Iterator[Missing]:
        for (kind, name), want in self._wants.items():
            yield Missing(kind, name, len(want.tasks), len(want.files), want.example)

    def coverage(self) -> Coverage:
        """All of it."""
        order = sorted(self._missing(), key=lambda each: (-each.tasks, -each.files, each.kind, each.name))
        shares = {name: self._tallies[name].share() for name in ("tasks", "modules", "task_files", "plays")}
        return Coverage(
            str(self.root), roles=self._role_shares(), missing=tuple(order), broken=tuple(self._broken), **shares
        )
