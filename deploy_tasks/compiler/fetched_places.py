"""Where files of hosts may go on the machine that deploys: only where the plan, the inventory and extra variables say.

A host evaluates `dest` and tells it. Its word decides nothing but which of the places is meant that these make by
themselves for that very host; what only the host knows may fill in a name below a folder that is written out. So a host
that lies overwrites neither the plan nor a file of another host.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from deploy_tasks.compiler.asking import Document, known_beforehand, known_of
from deploy_tasks.compiler.candidates import Candidates, Known, Value
from deploy_tasks.compiler.fetch_tasks import Fetch, fetches
from deploy_tasks.compiler.shaped import Mark, Shaped
from deploy_tasks.errors import Problem
from deploy_tasks.plan.fetched import counted, place

_ROOTS = frozenset({"", ".", "/", "~"})
_HINT = "begin dest with a folder that is written out: fetched/{{ … }}"


class Refused(Exception):
    """A place that the plan does not say; the text says which, and why."""


class Places:
    """The places of one host. `said` by the program, with the lowered variables of the host and extra variables."""

    def __init__(self, said: Document, host_variables: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        self._said = said
        self._host = str(host_variables["inventory_hostname"])
        # What a lookup finds on a worker is no place on the machine of whoever deploys.
        self._candidates = Candidates(known_of(said, host_variables, extra, lambda _name: None))

    def find(self, task: str, dest: str, src: str, *, flat: bool) -> str:
        """The place that a host names, see `plan.fetched.place`. Raises `Refused`, `NoPlace`."""
        for fetch in self._said.fetches.get(task, ()):
            if any(self._fits(shape, dest, fetch) for shape in _texts(self._candidates, fetch, "dest")):
                found = place(dest, src, flat=flat, host=self._host, folder=fetch.folder, role=fetch.role)
                if flat and dest.endswith("/") and _beside_plan(dest, fetch):
                    self._check_name(fetch, src)
                return found
        raise Refused(f"dest {dest[:200]!r} is none that the plan and the inventory say for {self._host}; {_HINT}")

    def _fits(self, shape: Value, dest: str, fetch: Fetch) -> bool:
        if isinstance(shape, str):
            return shape == dest
        return _in_folder(shape, self._host, fetch) and shape.pattern(self._host).fullmatch(dest) is not None

    def _check_name(self, fetch: Fetch, src: str) -> None:
        """Beside the plan itself not even the name of a file is the host's choice."""
        if src not in _texts(self._candidates, fetch, "src"):
            raise Refused(f"src {src[:200]!r} is only known on the host, and dest is the plan's own folder; {_HINT}")


def refused(document: Any) -> list[Problem]:
    """The tasks of a program whose `dest` no host could use, whatever the inventory and extra variables say."""
    if next(fetches(document), None) is None:
        return []
    said = Document().read(document)
    known = known_beforehand(said)
    return [problem for found in said.fetches.values() for fetch in found if (problem := _problem(fetch, known))]


def _problem(fetch: Fetch, known: Known) -> Problem | None:
    shapes = _texts(Candidates(known), fetch, "dest")
    if any(isinstance(shape, str) or shape.whole or _in_folder(shape, "HOST", fetch) for shape in shapes):
        return None
    text = "is only known on the host, which would choose freely what it overwrites on the machine that deploys"
    return Problem(f"{fetch.where}.args.dest", text, hint=_HINT)


def _texts(candidates: Candidates, fetch: Fetch, argument: str) -> list[Value]:
    """What an argument may be: texts, and shapes of those known in part."""
    if argument not in fetch.args:
        return []
    return [chosen for (chosen,) in candidates.texts([fetch.args[argument]], fetch.around)]


def _in_folder(shape: Shaped, own: str, fetch: Fetch) -> bool:
    """Whether a folder that is not the plan's own is known before anything that only the host knows."""
    known = ""
    for part in shape.parts:
        if part in (Mark.HOLE, Mark.LATER):
            break
        known += own if part is Mark.OWN else str(part)
    else:
        return True
    if Mark.LATER in shape.parts and shape.parts.index(Mark.LATER) < shape.parts.index(Mark.HOLE):
        return True  # what is known later may be a folder
    return "/" in known and not _beside_plan(posixpath.dirname(known), fetch)


def _beside_plan(folder: str, fetch: Fetch) -> bool:
    """Whether this is the folder of the plan or the playbook, the home folder, or one above."""
    there = posixpath.normpath(counted(folder or "/", fetch.folder, fetch.role))
    playbook = posixpath.normpath(fetch.folder or ".")
    return there in _ROOTS or there.endswith("..") or f"{playbook}/".startswith(f"{there}/")
