"""A deployment asked for by a bare Celery message, which names its plan and inventory by path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy_tasks.errors import BadInput
from deploy_tasks.producer import Producer, Request, prepare
from deploy_tasks.rollout.record import Options
from deploy_tasks.settings import Settings

#: What a message may ask for; everything else is the settings'.
ALLOWED = frozenset(
    {
        "verify",
        "check",
        "diff",
        "tags",
        "skip_tags",
        "timeout_s",
        "max_fail_percentage",
        "undo_failed",
        "parallel",
        "rebuild",
        "confirm_within",
    }
)


def submit(
    settings: Settings,
    deployment: str,
    plan: str,
    inventory: str | None,
    limit: str | None,
    options: Mapping[str, Any] | None,
) -> str:
    """Record and start a deployment under the id the message gives it, so that a message that comes twice asks once.

    Raises `BadInput` (nothing enqueued) and `Refused` (hosts are held).
    """
    root = _root(settings)
    request = Request(
        plan=inside(root, plan),
        inventory=inside(root, inventory) if inventory else None,
        limit=limit,
        deployment_id=deployment,
        options=_options(settings, options or {}),
        vault_password_files=settings.vault_password_files,
        within=root,
    )
    try:
        return Producer(settings).submit(prepare(request)).id
    except BadInput as error:
        raise BadInput(str(error), hint=error.hint) from None  # one text: what a result backend can carry


def inside(root: Path, name: str) -> Path:
    """A file below `root`. Raises `BadInput` when the name leads out of it, also by a link."""
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise BadInput(f"{name[:200]!r} lies outside {root}", hint="name files relative to DEPLOY_TASKS_PLANS_DIR")
    return path


def _root(settings: Settings) -> Path:
    if settings.plans_dir is None:
        raise BadInput(
            "messages may not name plans here", hint="set DEPLOY_TASKS_PLANS_DIR of the control workers to their folder"
        )
    return settings.plans_dir.resolve()


def _options(settings: Settings, wanted: Mapping[str, Any]) -> Options:
    unknown = sorted(set(wanted) - ALLOWED)
    if unknown:
        raise BadInput(f"unknown options: {', '.join(unknown)[:200]}", hint=f"known are {', '.join(sorted(ALLOWED))}")
    defaults = {
        "timeout_s": settings.timeout_s,
        "deployment_timeout_s": settings.deployment_timeout_s,
        "keep": settings.keep,
    }
    return Options.checked(**{**defaults, **wanted})
