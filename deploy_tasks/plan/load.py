"""Reading plans: which format it is, and the normalised plan with every problem told at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TextIO

from deploy_tasks.errors import PlanError, Problem
from deploy_tasks.plan import rustle_deploy, rustle_plan
from deploy_tasks.plan.documents import MAX_BYTES, BadDocument, decode, parse_json, read_bounded
from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.files import base_for
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.mending import follows
from deploy_tasks.plan.model import Plan
from deploy_tasks.plan.validate import check_alone

MAX_TASKS = 20_000
STDIN_NAME = "plan"


def load_plan(text: str, *, source: str, folder: Path | None = None) -> Plan:
    """The plan in a JSON text; `source` names it in messages. Raises `PlanError` with all problems.

    `group_vars/` and `host_vars/` in `folder` belong to the inventory inside the plan.
    """
    if text.lstrip()[:3] in ("---", "- n", "- h"):
        hint = "give the JSON that rustle-plan or rustle-deploy writes"
        raise PlanError([Problem("", "is YAML; a plan is JSON", hint, source, 1)])
    try:
        data = parse_json(text, source)
    except BadDocument as error:
        raise PlanError([error.problem]) from None
    return plan_of(data, source=source, folder=folder)


def plan_of(data: Any, *, source: str, folder: Path | None = None) -> Plan:
    """The plan in parsed JSON. Raises `PlanError` with all problems."""
    if not isinstance(data, dict):
        raise PlanError([Problem("", f"a plan is an object, not {kind(data)}", None, source)])
    findings = Findings(source)
    if "plays" in data:
        plan = rustle_plan.lower(data, source, findings)
    elif "tasks" in data:
        plan = rustle_deploy.lower(data, source, folder, findings)
    else:
        hint = "plays[] makes it a rustle-plan document, tasks[] a rustle-deploy plan"
        raise PlanError([Problem("", "has neither plays nor tasks", hint, source)])
    count = sum(1 for _ in plan.walk()) if plan else 0
    if count > MAX_TASKS:
        raise PlanError([Problem("", f"has {count} tasks, more than the limit of {MAX_TASKS}", None, source)])
    if plan is None or findings.problems:
        raise PlanError(_all(plan, folder, findings))
    return plan


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


def read_plan(path: str, stdin: TextIO | None = None) -> tuple[Plan, Path]:
    """The plan in a file, or on standard input for `-`, and the folder its files resolve against.

    Raises `PlanError` with all problems.
    """
    if path == "-":
        text = (stdin or sys.stdin).read(MAX_BYTES + 1)
        return load_plan(text, source=STDIN_NAME), Path.cwd()
    place = Path(path)
    try:
        text = decode(read_bounded(place), path)
    except BadDocument as error:
        raise PlanError([error.problem]) from None
    folder = place.absolute().parent
    plan = load_plan(text, source=path, folder=folder)
    return plan, base_for(plan, folder)
