"""The folder that a written plan's files resolve against: named in the document, relative to where that lies.

A document may only name its own folder, one below it or one above it (but none as high up as / or /home), so that a
plan from elsewhere cannot pick files from anywhere on this machine.
"""

from __future__ import annotations

import os
from pathlib import Path

from deploy_tasks.errors import BadInput, PlanError, Problem

PATH = "metadata.deploy_tasks.base_dir"


def told(base: Path, folder: Path) -> str:
    """The base as a document in `folder` names it. Raises `BadInput` when such a document may not."""
    if not _allowed(base.resolve(), folder.resolve()):
        raise BadInput(
            f"the plan's files lie in {base}, which is neither above nor below {folder}",
            hint=f"write the plan beside them: -o {base / 'plan.json'}",
        )
    return os.path.relpath(base.resolve(), folder.resolve())


def read(text: str, folder: Path, source: str | None = None) -> Path:
    """The base that a document in `folder` names. Raises `PlanError`."""
    if "\x00" in text:
        raise PlanError([Problem(PATH, "is not the name of a folder", None, source)])
    base = Path(os.path.normpath(folder / text))
    if not _allowed(base.resolve(), folder.resolve()):
        hint = "put the document beside the playbook that it was made of"
        message = f"{text[:200]!r} leads neither above nor below the document's folder"
        raise PlanError([Problem(PATH, message, hint, source)])
    if not base.is_dir():
        raise PlanError([Problem(PATH, f"there is no folder {str(base)[:200]!r}", None, source)])
    return base


def _allowed(base: Path, folder: Path) -> bool:
    return base.is_relative_to(folder) or (folder.is_relative_to(base) and len(base.parts) > 2)
