"""What one reading of a site shares: the documents, the base folder that names are relative to, and the problems."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deploy_tasks.plan.documents import BadDocument
from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.model import Step
from deploy_tasks.plan.own_modules import names_in
from deploy_tasks.plan.playbook import paths
from deploy_tasks.plan.playbook.common import Common
from deploy_tasks.plan.playbook.play_roles import PlayRoles
from deploy_tasks.plan.playbook.reading import Reading
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.settled import settled
from deploy_tasks.plan.playbook.source import Doc
from deploy_tasks.plan.problems import suggest
from deploy_tasks.plan.said import Said

MAX_STEPS = 20_000
#: Files and roles within each other; one that is met again with nothing new known is not unfolded again.
MAX_WITHIN = 40
_HEAD = 64
#: Reads the steps of a list that stands at a path; what includes and roles need it for is below it in the imports.
ReadSteps = Callable[[Any, str, Scope, "Site"], tuple[Step, ...]]


class Wider(Exception):
    """Something that the playbook uses lies outside the base folder: reading begins again with `base`."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.base = base
        self._inside = base.rstrip("/") + "/"


class TooLarge(Exception):
    """The site unfolds into more steps than a plan may have; the problem is noted."""


class Site:
    """One reading of a playbook and everything that belongs to it.

    `root`: nothing outside this folder is read; without it any file that the playbook names may be.
    """

    def __init__(
        self,
        ctx: Reading,
        base: str,
        read: ReadSteps,
        *,
        root: str | None = None,
        inventory: str | None = None,
        said: Said | None = None,
    ) -> None:
        self.ctx = ctx
        self._read_steps = read
        self.base = base
        self._inside = base.rstrip("/") + "/"
        self.root = root
        self.inventory = inventory
        #: What the inventory says of variables.
        self.said = said or Said()
        self._documents: dict[str, Doc | None] = {}
        self._variables: dict[str, dict[str, Any]] = {}
        #: The folder of the playbook that was asked for.
        self.top = base
        #: The folders of playbooks and roles, in the order in which they were read: modules may lie there.
        self.homes: dict[str, None] = {}
        #: Whom plays log in as, and where that is said first.
        self.users: dict[str | None, str] = {}
        self._sorts: dict[str, bool] = {}
        self._encrypted: dict[str, bool] = {}
        self._ids: dict[str, int] = {}
        self.roles = PlayRoles()
        #: Whether a task that was read so far puts hosts into groups.
        self.makes_groups = False
        #: Encrypted template files, relative to the base, by the variables that hold them.
        self.secret_templates: dict[str, str] = {}
        self._left = MAX_STEPS

    def steps(self, data: Any, where: str, scope: Scope) -> tuple[Step, ...]:
        """The steps of a list of tasks and blocks that stands at `where`."""
        if len(scope.within) > MAX_WITHIN:
            hint = "what includes itself is unfolded for each set of values it is given by name: give it the same ones"
            self.problem(where, f"files and roles include each other more than {MAX_WITHIN} deep", hint)
            raise TooLarge
        return self._read_steps(data, where, scope, self)

    def problem(self, path: str, message: str, hint: str | None = None) -> None:
        """Note something wrong."""
        self.ctx.findings.add(path, message, hint)

    def check_login(self, own: Common, where: str) -> None:
        """Note a user or port of a part of a play: a host keeps the one connection that it has."""
        if own.remote_user is not None and own.remote_user not in self.users:
            hint = "become_user gives the task another user's rights; the play's remote_user says who logs in"
            self.problem(f"{where}.remote_user", "a host keeps the connection of its play", hint)
        if own.port is not None:
            self.problem(f"{where}.port", "the port is chosen by the inventory", f"set ansible_port={own.port} there")

    def settled(self, own: Common, where: str, scope: Scope) -> Common:
        """What an element says, with the templates of it filled in that must be known before anything runs."""
        self.check_login(own, where)
        return settled(own, where, self.layers(scope, own.vars), self.ctx.findings)

    def layers(self, scope: Scope, *more: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """Every variable known in `scope`, low to high, the caller's last."""
        return (*scope.layers(*more), self.ctx.extra_vars)

    def add_home(self, folder: str) -> None:
        """A playbook or role lies in this folder: modules may lie there too."""
        if folder not in self.homes:
            self.homes[folder] = None
            self.ctx.own |= names_in(folder)

    def new_play(self) -> None:
        """Begin a play: ids are unique within it, roles are its own."""
        self._ids.clear()
        self.roles = PlayRoles()

    def step_id(self, where: str) -> str:
        """An id for a step: where it is written, numbered when the same file is used again."""
        self._left -= 1
        if self._left < 0:
            text = f"unfolds into more than {MAX_STEPS} tasks"
            self.problem(where, text, "name the included files literally, so that fewer of them may be meant")
            raise TooLarge
        count = self._ids[where] = self._ids.get(where, 0) + 1
        return where if count == 1 else f"{where}#{count}"

    def name(self, place: str) -> str:
        """`place` relative to the base folder. Raises `Wider` when it lies outside and the base may grow."""
        if place.startswith(self._inside):
            return place[len(self._inside) :]
        if place == self.base:
            return "."
        wider = paths.common(place, self.base)
        if wider == "/" or (self.root is not None and not is_inside(wider, self.root)):
            return place
        raise Wider(wider)

    def allowed(self, place: str, path: str) -> bool:
        """Whether a file may be read at all; it is a problem at `path` when not."""
        if self.root is None or is_inside(os.path.realpath(place), self.root):
            return True
        self.problem(path, f"{place!r} lies outside {self.root}", "put the file beside the playbook")
        return False

    def document(self, place: str, path: str) -> Doc | None:
        """The YAML document in a file, read once; None when it cannot be read, which is then a problem."""
        if place not in self._documents:
            self._documents[place] = self._read(place, path)
        return self._documents[place]

    def _read(self, place: str, path: str) -> Doc | None:
        if not self.allowed(place, path):
            return None
        try:
            return self.ctx.sources.read(Path(place), self.name(place), shown=shown(place))
        except BadDocument as error:
            self.ctx.findings.problems.append(error.problem)
            return None

    def holds_variables(self, place: str) -> bool:
        """Whether a file whose use is not certain holds variables. A broken one does: it is told when it is read."""
        if self.root is not None and not is_inside(os.path.realpath(place), self.root):
            return False
        if place not in self._sorts:
            self._sorts[place] = self._is_mapping(place)
        return self._sorts[place]

    def _is_mapping(self, place: str) -> bool:
        try:
            document = self.ctx.sources.read(Path(place), self.name(place), shown=shown(place))
        except BadDocument:
            return True
        return isinstance(document.data, (dict, type(None)))

    def is_encrypted(self, place: str) -> bool:
        """Whether a file is encrypted as a whole."""
        if place not in self._encrypted:
            try:
                with open(place, "rb") as stream:
                    self._encrypted[place] = self.ctx.vault.is_encrypted(stream.read(_HEAD))
            except (OSError, ValueError):
                self._encrypted[place] = False
        return self._encrypted[place]

    def tasks(self, place: str, path: str) -> tuple[list[Any], str]:
        """The entries of a file of tasks, and the name of its document; none when it is not one."""
        document = self.document(place, path)
        if document is None or document.data is None:
            return [], ""
        if not isinstance(document.data, list):
            hint = "a play belongs to a playbook, a mapping to a file of variables" if document.data else None
            self.problem(document.name, f"must be a list of tasks, not {kind(document.data)}", hint)
            return [], ""
        return document.data, document.name

    def variables(self, place: str, path: str) -> dict[str, Any]:
        """The variables in a file, read once; none when it cannot be read, which is then a problem."""
        if place not in self._variables:
            self._variables[place] = self._read_variables(place, path)
        return self._variables[place]

    def _read_variables(self, place: str, path: str) -> dict[str, Any]:
        if not self.allowed(place, path):
            return {}
        try:
            return self.ctx.sources.read_vars(Path(place), self.name(place), shown=shown(place))
        except BadDocument as error:
            self.ctx.findings.problems.append(error.problem)
            return {}


def is_inside(place: str, folder: str) -> bool:
    """Whether `place` is `folder` or lies below it."""
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def shown(place: str) -> str:
    """A file's name for people: relative to the working directory when it lies below it."""
    here = os.getcwd()
    return paths.relative(place, here) if is_inside(place, here) else place


def missing(noun: str, name: str, tried: list[str], known: list[str] | None = None) -> tuple[str, str]:
    """Message and hint for something that was looked for in vain."""
    folders = dict.fromkeys(shown(os.path.dirname(place)) or "." for place in tried)
    looked = "looked in " + ", ".join(folders)
    near = suggest(name, known) if known else None
    return f"there is no {noun} {name[:200]!r}", f"{near} ({looked})" if near else looked
