"""`deploy`: compile a plan, push it to every host, verify it, roll back what is not right."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from deploy_tasks.cli import follow, request
from deploy_tasks.cli.options import (
    AsJson,
    ExtraVars,
    Inventory,
    Limit,
    Plan,
    SkipTags,
    Tags,
    VaultPasswords,
    Verbose,
    split,
    vault_passwords,
)

_HOW = "How"
EXAMPLES = """\
Examples:

`deploy-tasks deploy site.yml -i hosts.ini --verify`

`deploy-tasks deploy site.yml -i hosts.ini --check --diff --limit 'web,!web-3'`

`deploy-tasks deploy web.json -i hosts.ini -e version=1.4 -e @secrets.yml --max-fail-percentage 10`

`deploy-tasks plan site.yml -i hosts.ini | deploy-tasks deploy - -i hosts.ini --json`
"""


def deploy(
    plan: Plan,
    inventory: Inventory = None,
    limit: Limit = None,
    tags: Tags = None,
    skip_tags: SkipTags = None,
    extra_vars: ExtraVars = None,
    vault_password_file: VaultPasswords = None,
    verify: Annotated[
        bool, typer.Option("--verify", rich_help_panel=_HOW, help="Check digest and effect on every host afterwards.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", rich_help_panel=_HOW, help="Change nothing; say what would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", rich_help_panel=_HOW, help="Show changes of files.")] = False,
    parallel: Annotated[
        int | None, typer.Option(min=1, max=512, metavar="N", rich_help_panel=_HOW, help="Hosts at once.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=2_592_000,
            metavar="SECONDS",
            rich_help_panel=_HOW,
            help="Seconds one host may take; default 120.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("-t", "--target", metavar="TRIPLE", rich_help_panel=_HOW, help="Platform of every host."),
    ] = None,
    max_fail_percentage: Annotated[
        float,
        typer.Option(
            min=0,
            max=100,
            metavar="N",
            rich_help_panel=_HOW,
            help="Share of a batch that may fail before every host is taken back.",
        ),
    ] = 0.0,
    confirm_within: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=86400,
            metavar="SECONDS",
            rich_help_panel=_HOW,
            help="A host that no new connection reaches this long after its success takes itself back.",
        ),
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", rich_help_panel=_HOW, help="Compile anew.")] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Enqueue, print the deployment's id and leave.", rich_help_panel=_HOW)
    ] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Compile a playbook or plan, push it to every host, run it there and report; hosts that fail are rolled back.

    Without a running service (`deploy-tasks up`) an embedded Redis and workers are started for this deployment and
    ended after it. Ctrl-C cancels in an orderly way, a second Ctrl-C leaves.
    """
    view = follow.View(
        as_json=as_json,
        redo=shlex.join(["deploy-tasks", "deploy", plan, *(["-i", inventory] if inventory else [])]),
        verbose=verbose or check,
        changes=check or diff,
        check=check,
    )
    with follow.told_as_json(as_json):
        ready = request.prepared(
            plan,
            inventory,
            limit=limit,
            extra_vars=extra_vars or (),
            target=target,
            timeout_s=timeout,
            vault_password_files=vault_passwords(vault_password_file),
            verify=verify,
            check=check,
            diff=diff,
            tags=split(tags),
            skip_tags=split(skip_tags),
            parallel=parallel,
            max_fail_percentage=max_fail_percentage,
            rebuild=rebuild,
            confirm_within=confirm_within,
        )
        return follow.detach(ready, view) if detach else follow.deployed(ready, view)
