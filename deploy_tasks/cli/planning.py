"""`plan`: a playbook as the JSON document that can be kept, looked at, sent through a pipe and deployed later."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy_tasks.cli import follow, inputs, plans, render, units, variables
from deploy_tasks.cli.options import (
    AsJson,
    ExtraVars,
    Inventory,
    Limit,
    Plan,
    SkipTags,
    Tags,
    VaultPasswords,
    split,
    vault_passwords,
)
from deploy_tasks.errors import BadInput
from deploy_tasks.plan import base_dir
from deploy_tasks.plan.load import Given
from deploy_tasks.plan.rustle_plan_writer import write_plan
from deploy_tasks.plan.vault import Vault


def plan_(
    plan: Plan,
    inventory: Inventory = None,
    limit: Limit = None,
    tags: Tags = None,
    skip_tags: SkipTags = None,
    extra_vars: ExtraVars = None,
    vault_password_file: VaultPasswords = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the plan there instead of printing it."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Print a playbook as a plan in JSON (the form of rustle-plan): what is deployed, decided as far as it can be.

    Deploying that plan is deploying the playbook: `deploy-tasks plan site.yml -i hosts.ini | deploy-tasks deploy - -i
    hosts.ini`. Files stay where they are; the plan names their folder, so it is kept beside or above them.
    """
    with follow.told_as_json(as_json):
        passwords = vault_passwords(vault_password_file)
        given = Given(variables.extra_vars(extra_vars or (), passwords), passwords)
        found = inputs.for_compiling(plan, inventory, limit, given)
        folder = output.absolute().parent if output else Path.cwd()
        chosen: dict[str, Any] = {"limit": limit or found.plan.limit}
        chosen |= {name: value for name, value in (("tags", split(tags)), ("skip_tags", split(skip_tags))) if value}
        document = write_plan(
            found.plan.model_copy(update=chosen),
            base_dir=base_dir.told(found.folder, folder),
            hosts=found.hosts,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            vault=Vault(given.vault_password_files),
        )
        if output is None:
            render.out().print(json.dumps(document, indent=2, ensure_ascii=False))
            plans.tell_added(found)
            return 0
        _write(output, document)
    plans.tell_added(found)
    tasks, hosts = found.plan.written, len(found.hosts)
    render.note("written", str(output), units.count(tasks, "task"), units.count(hosts, "host") if hosts else "")
    return 0


def _write(path: Path, document: dict[str, Any]) -> None:
    """All of it or nothing, readable by its owner: a plan may hold what an inventory holds."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=2, ensure_ascii=False)
            stream.write("\n")
        temporary.replace(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
