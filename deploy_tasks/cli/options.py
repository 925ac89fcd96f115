"""Options that several commands share: their names, types and help, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy_tasks.settings import settings

_HOSTS, _TASKS, _OUTPUT = "Which hosts", "Which tasks and variables", "Output"

Plan = Annotated[
    str, typer.Argument(metavar="PLAN", help="Playbook (YAML) or plan (JSON): a path, or - for standard input.")
]
Inventory = Annotated[
    str | None,
    typer.Option(
        "-i",
        "--inventory",
        metavar="INVENTORY",
        rich_help_panel=_HOSTS,
        help="Inventory file (INI, YAML or JSON) or a list of hosts: a,b, — may be left out when the plan holds one.",
    ),
]
Limit = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        rich_help_panel=_HOSTS,
        help="Only these hosts: names, globs, groups, !not, &also, @ID.failed for those that failed in a deployment.",
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tags", metavar="TAG,…", rich_help_panel=_TASKS, help="Only tasks with these tags."),
]
SkipTags = Annotated[
    list[str] | None, typer.Option("--skip-tags", metavar="TAG,…", rich_help_panel=_TASKS, help="No tasks with these.")
]
ExtraVars = Annotated[
    list[str] | None,
    typer.Option(
        "-e",
        "--extra-vars",
        metavar="VARS",
        rich_help_panel=_TASKS,
        help="Variables that beat all others: name=value, JSON, or @file (YAML or JSON, ansible-vault too).",
    ),
]
VaultPasswords = Annotated[
    list[Path] | None,
    typer.Option(
        "--vault-password-file",
        metavar="FILE",
        rich_help_panel=_TASKS,
        help="Password of ansible-vault, or an executable that prints it; may repeat. "
        "Default: DEPLOY_TASKS_VAULT_PASSWORD_FILE.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", rich_help_panel=_OUTPUT, help="One JSON document, nothing else.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", rich_help_panel=_OUTPUT, help="One line for every host, and what was undone.")
]
Deployment = Annotated[str, typer.Argument(metavar="ID", help="The deployment.")]
Hosts = Annotated[
    list[str] | None, typer.Argument(metavar="[HOST]…", help="Hosts to reach by name; or use -i for an inventory's.")
]


def split(values: list[str] | None) -> tuple[str, ...]:
    """`["a,b", "c"]` as `("a", "b", "c")`."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def vault_passwords(files: list[Path] | None) -> tuple[Path, ...]:
    """The password files that were given, else the one of the settings."""
    return tuple(files) if files else settings().vault_password_files
