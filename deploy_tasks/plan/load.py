"""Reading plans: which format it is, and the normalised plan with every problem told at once."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TextIO

from deploy_tasks.errors import InventoryError, PlanError, Problem
from deploy_tasks.plan import base_dir
from deploy_tasks.plan.documents import MAX_BYTES, PLAN_DEPTH, BadDocument, decode, parse_json, read_bounded
from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.files import base_for
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.inventory import exists, load_inventory
from deploy_tasks.plan.mending import follows
from deploy_tasks.plan.model import Inventory, Plan
from deploy_tasks.plan.own_attach import beside, with_own
from deploy_tasks.plan.validate import check_alone
from deploy_tasks.plan.vault import Vault

MAX_TASKS = 20_000
STDIN_NAME = "plan"
_YAML = frozenset({".yml", ".yaml"})
# The first line of YAML that says something begins a list, or it is a document mark: JSON plans begin with {.
_LIST = re.compile(r"(?:\s*(?:#.*)?\n)*(?:---(?:\s|$)|%YAML|-\s)")


class Places(Protocol):
    """Knows where the parts of a plan stand in their files."""

    def locate_all(self, problems: Sequence[Problem]) -> list[Problem]:
        """The problems with file, line and column, in the order of the text."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plan that was read, the folder its files resolve against, and where its parts stand in their files."""

    plan: Plan
    base: Path
    places: Places | None = field(default=None, repr=False)
    #: The inventory, if it was read to find out what the plan means.
    inventory: Inventory | None = field(default=None, repr=False)

    @property
    def vars_dir(self) -> Path:
        """The folder whose `group_vars/` and `host_vars/` belong to the plan."""
        return self.base / self.plan.playbook_dir

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """The problems with file, line and column where these are known."""
        return self.places.locate_all(problems) if self.places else list(problems)


@dataclass(frozen=True, slots=True)
class Given:
    """What else is known when a plan is read: it decides what a playbook means.

    `within`: no file outside this folder is read; `inventory`: what says the hosts, or they themselves;
    `inventory_dir`: its folder.
    """

    extra_vars: Mapping[str, Any] = field(default_factory=dict, repr=False)
    vault_password_files: Sequence[Path] = ()
    within: Path | None = None
    inventory: str | Path | Inventory | None = field(default=None, repr=False)
    inventory_dir: Path | None = None

    def beside(self, inventory: str | Path | Inventory | None) -> Given:
        """The same with an inventory, and its folder where it is a file or folder."""
        given = replace(self, inventory=inventory)
        place = Path(inventory) if isinstance(inventory, (str, Path)) else None
        if place is None or not exists(str(inventory)):
            return given
        return replace(given, inventory_dir=place.absolute() if place.is_dir() else place.absolute().parent)

    def hosts(self, folder: Path) -> Inventory | None:
        """The inventory for a plan in a folder. None when there is none, or it cannot be read: that is told by who
        needs it."""
        if not isinstance(self.inventory, (str, Path)):
            return self.inventory
        with suppress(InventoryError):
            return load_inventory(self.inventory, plan_dir=folder, vault=Vault(self.vault_password_files))
        return None


def load(path: str, given: Given | None = None, *, stdin: TextIO | None = None) -> Loaded:
    """The plan in a file, or on standard input for `-`: a playbook or one of the JSON forms.

    Raises `PlanError` with all problems.
    """
    if path == "-":
        text = (stdin or sys.stdin).read(MAX_BYTES + 1)
        return load_text(text, Path.cwd() / STDIN_NAME, given, source=STDIN_NAME)
    try:
        text = decode(read_bounded(Path(path)), path)
    except BadDocument as error:
        raise PlanError([error.problem]) from None
    return load_text(text, Path(path).absolute(), given, source=path)


def load_text(text: str, place: Path, given: Given | None = None, *, source: str) -> Loaded:
    """The plan in a text that stands, or might stand, in the file `place`; `source` names it in messages."""
    given = given or Given()
    if is_playbook(text, place.suffix):
        return _playbook(text if source == STDIN_NAME else None, place, given)
    folder = place.parent
    data = _json(text, source)
    plan = plan_of(data, source=source, folder=folder if source != STDIN_NAME else None)
    own = data["metadata"].get("deploy_tasks") if "plays" in data and data.get("metadata") else None
    if own is None:
        base = base_for(plan, folder) if source != STDIN_NAME else folder
        return Loaded(_with_own(plan, folder, base, source), base)
    secrets = _decrypted(own.get("secret_vars") or {}, Vault(given.vault_password_files), source)
    base = base_dir.read(own.get("base_dir", "."), folder, source)
    return Loaded(_with_own(plan, folder, base, source).model_copy(update={"secret_vars": secrets}), base)


def _with_own(plan: Plan, folder: Path, base: Path, source: str) -> Plan:
    """The plan with the modules that lie beside it, or beside its files."""
    findings = Findings(source)
    plan = with_own(plan, beside(*dict.fromkeys((folder, base)), base=base), base, findings)
    if findings.problems:
        raise PlanError(findings.problems)
    return plan


def load_data(data: Mapping[str, Any] | Sequence[Any], given: Given | None = None) -> Loaded:
    """The plan in a parsed document: a list is a playbook. Files resolve against the working directory."""
    text = json.dumps(data)
    place = Path.cwd() / STDIN_NAME
    if isinstance(data, Mapping):
        return load_text(text, place, given, source=STDIN_NAME)
    found = _playbook(text, place, given or Given())
    own = f"{place.name}["  # nobody has written the lines of this text
    lines = {where: line for where, line in found.plan.lines.items() if not where.startswith(own)}
    return replace(found, plan=found.plan.model_copy(update={"lines": lines}))


def is_playbook(text: str, suffix: str = "") -> bool:
    """Whether a text is YAML and not JSON: by its file's suffix, or else by how it begins."""
    if suffix.lower() in _YAML:
        return not text.lstrip().startswith("{")
    return _LIST.match(text) is not None


def _playbook(text: str | None, place: Path, given: Given) -> Loaded:
    from deploy_tasks.plan.playbook import load_playbook

    inventory = given.hosts(place.parent)
    found = load_playbook(
        place,
        text=text,
        extra_vars=given.extra_vars,
        vault_password_files=given.vault_password_files,
        root=given.within,
        inventory_dir=given.inventory_dir,
        inventory=inventory,
    )
    _bounded(found.plan, str(place))
    return Loaded(found.plan.model_copy(update={"name": place.stem}), found.base, found.places, inventory)


def load_plan(text: str, *, source: str, folder: Path | None = None) -> Plan:
    """The plan in a JSON text; `source` names it in messages. Raises `PlanError` with all problems.

    `group_vars/` and `host_vars/` in `folder` belong to the inventory inside the plan.
    """
    if is_playbook(text):
        raise PlanError([Problem("", "is YAML, not JSON", "playbooks are read with what lies beside them", source, 1)])
    return plan_of(_json(text, source), source=source, folder=folder)


def plan_of(data: Any, *, source: str, folder: Path | None = None) -> Plan:
    """The plan in parsed JSON. Raises `PlanError` with all problems."""
    if not isinstance(data, dict):
        raise PlanError([Problem("", f"a plan is an object, not {kind(data)}", None, source)])
    findings = Findings(source)
    # What is loaded here takes a tenth of the start of a command, and playbooks have no use for it.
    if "plays" in data:
        from deploy_tasks.plan import rustle_plan

        plan = rustle_plan.lower(data, source, findings)
    elif "tasks" in data:
        from deploy_tasks.plan import rustle_deploy

        plan = rustle_deploy.lower(data, source, folder, findings)
    else:
        hint = "plays[] makes it a rustle-plan document, tasks[] a rustle-deploy plan"
        raise PlanError([Problem("", "has neither plays nor tasks", hint, source)])
    if plan is not None:
        _bounded(plan, source)
    if plan is None or findings.problems:
        raise PlanError(_all(plan, folder, findings))
    return plan


def read_plan(path: str, stdin: TextIO | None = None) -> tuple[Plan, Path]:
    """The plan in a file, or on standard input for `-`, and the folder its files resolve against.

    Raises `PlanError` with all problems.
    """
    found = load(path, stdin=stdin)
    return found.plan, found.base


def _json(text: str, source: str) -> Any:
    try:
        return parse_json(text, source, depth=PLAN_DEPTH)
    except BadDocument as error:
        raise PlanError([error.problem]) from None


def _bounded(plan: Plan, source: str) -> None:
    count = sum(1 for _ in plan.walk())
    if count > MAX_TASKS:
        raise PlanError([Problem("", f"has {count} tasks, more than the limit of {MAX_TASKS}", None, source)])


def _decrypted(values: Mapping[str, Any], vault: Vault, source: str) -> dict[str, Any]:
    """The secrets of a document whose form was found to be right."""
    try:
        return {name: json.loads(vault.decrypt(value["__ansible_vault"], source)) for name, value in values.items()}
    except BadDocument as error:
        raise PlanError([replace(error.problem, path="metadata.deploy_tasks.secret_vars")]) from None
    except ValueError:
        problem = Problem("metadata.deploy_tasks.secret_vars", "holds something else than was written there")
        raise PlanError([replace(problem, file=source)]) from None


def _all(draft: Plan | None, folder: Path | None, findings: Findings) -> list[Problem]:
    """The problems found so far, and what else is wrong with the rest of the plan."""
    if draft is None:
        return findings.problems
    more = Findings(findings.source)
    check_alone(draft, base_for(draft, folder) if folder else None, more)
    known = {part for problem in findings.problems for part in (problem.path, problem.message)}
    rest = [each for each in more.problems if not known & {each.path, each.message}]
    rest = [each for each in rest if not follows(each, findings.mended)]
    return findings.problems + rest
