"""Whether a plan can be compiled at all, without building anything: what the compiler refuses, told beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy_tasks.compiler.lowering import lower
from deploy_tasks.errors import CompileError, DocumentError, Problem
from deploy_tasks.plan.model import Inventory, Plan


def refused(plan: Plan, files: Mapping[str, Path], inventory: Inventory | None = None) -> list[Problem]:
    """Everything that keeps a plan from being compiled; nothing is executed and nothing written."""
    try:
        lower(plan, files, inventory)
    except DocumentError as error:
        return list(error.problems)
    except CompileError as error:
        return [Problem("", str(error), error.hint)]
    return []
