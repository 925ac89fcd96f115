"""The `rustle-deploy` command: the options its users know, over the same calls as `deploy-tasks`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deploy_tasks.cli import failure, notices, rustle_actions, rustle_local
from deploy_tasks.cli.rustle_config import Config, load
from deploy_tasks.cli.rustle_options import ACTIONS, parser
from deploy_tasks.errors import BadInput


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status; errors are printed, never raised."""
    notices.show()
    try:
        given = vars(parser().parse_args(list(arguments)))
        actions = {name: given.pop(name) for name in ACTIONS if name in given}
        file = given.pop("config", None)
        config = load(_tuples(given), os.environ, Path(file) if file else None)
        rustle_actions.apply(config)
        return _action(actions)(config)
    except BrokenPipeError:
        return 0
    except (Exception, KeyboardInterrupt) as error:
        return failure.report(error)


def _tuples(given: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _action(actions: dict[str, Any]) -> Callable[[Config], int]:
    """What is to be done, by the one action that was given, or by the modes of deploying."""
    if "rollback" in actions:
        return lambda config: rustle_actions.rollback(config, actions["rollback"])
    for name in actions:
        return _ACTIONS[name]
    return _deploying


def _deploying(config: Config) -> int:
    if config.plan is None:
        raise BadInput("no execution plan was given", hint="rustle-deploy PLAN -i INVENTORY, or rustle-deploy --help")
    if config.compile_only and config.deploy_only:
        raise BadInput("--compile-only and --deploy-only exclude each other", hint="leave both out to do both")
    if config.dry_run:
        return rustle_actions.dry_run(config)
    if config.compile_only:
        return rustle_actions.compile_only(config)
    return rustle_actions.deploy(config)


_ACTIONS: dict[str, Callable[[Config], int]] = {
    "list_deployments": rustle_actions.list_deployments,
    "cleanup": rustle_actions.cleanup,
    "check_capabilities": rustle_actions.check_capabilities,
    "setup": rustle_actions.setup,
    "localhost_test": rustle_local.localhost_test,
}


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))
