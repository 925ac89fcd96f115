"""`doctor`: what works here and what does not, each with the next command."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Annotated

import typer

from deploy_tasks.cli import render, session
from deploy_tasks.cli.checks import CHECKS, Finding
from deploy_tasks.errors import BrokerLost, DeployError
from deploy_tasks.settings import settings

_POLL_S = 0.1


def doctor(
    wait: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Wait so long for `deploy-tasks up` to be ready."),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> int:
    """Check this machine: toolchain, folders, Redis, workers of every role, SSH; say what to do about problems.

    The exit status is 0 when nothing stands in the way of a deployment.
    """
    if wait:
        wait_for_service(wait)
    found = list(findings())
    if as_json:
        render.out().print(json.dumps([finding.to_json() for finding in found]))
    else:
        for finding in found:
            render.out().print(render.row(finding.mark, finding.subject.ljust(12), finding.text, width=7))
            if finding.hint:
                render.out().print(render.row("", f"hint: {finding.hint}", width=7))
    return DeployError.exit_status if any(finding.mark == "problem" for finding in found) else 0


def wait_for_service(timeout_s: float) -> None:
    """Wait until Redis and a worker of every role answer. Raises `BrokerLost` after `timeout_s` seconds."""
    from workers.health import check

    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        left = until - time.monotonic()
        if session.service_runs() and all(queue.ok for queue in check(settings(), timeout_s=left)):
            return
        time.sleep(_POLL_S)
    raise BrokerLost(f"no service is ready after {timeout_s:g} s", hint="deploy-tasks up")


def findings() -> Iterator[Finding]:
    """Every check in turn; one that breaks is a problem itself."""
    for subject, check in CHECKS.items():
        try:
            yield from check()
        except (DeployError, OSError) as error:
            yield Finding("problem", subject, str(error), getattr(error, "hint", None))
