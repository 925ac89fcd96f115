"""The `deploy-tasks` command: its commands by name, and one place where errors become exit statuses."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer
from typer.exceptions import TyperException

from deploy_tasks import __version__
from deploy_tasks.cli import failure, notices, render
from deploy_tasks.errors import BadInput

# A command is loaded when it is asked for: all of them together take twice as long to load as any.
_DEPLOYING, _LOOKING, _RUNNING = "Deploy", "Look and undo", "Run the service"
_COMMANDS = {
    "deploy": ("deploy", "deploy", _DEPLOYING),
    "validate": ("plans", "validate", _DEPLOYING),
    "plan": ("planning", "plan_", _DEPLOYING),
    "coverage": ("coverage", "coverage", _DEPLOYING),
    "compile": ("plans", "compile_", _DEPLOYING),
    "status": ("state", "status", _LOOKING),
    "logs": ("state", "logs", _LOOKING),
    "rollback": ("state", "rollback", _LOOKING),
    "cancel": ("state", "cancel", _LOOKING),
    "fetched": ("fetched", "fetched", _LOOKING),
    "list": ("targets", "list_", _LOOKING),
    "cleanup": ("targets", "cleanup", _LOOKING),
    "inventory": ("targets", "inventory", _LOOKING),
    "up": ("services", "up", _RUNNING),
    "worker": ("services", "worker", _RUNNING),
    "beat": ("services", "beat", _RUNNING),
    "flower": ("services", "flower", _RUNNING),
    "doctor": ("doctor", "doctor", _RUNNING),
    "settings": ("settings", "show_settings", _RUNNING),
    "fleet": ("fleet", "fleet", _RUNNING),
}


def commands(*names: str) -> typer.Typer:
    """The command line with these commands, or with all."""
    app = typer.Typer(
        name="deploy-tasks",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Compile a plan into one executable per platform, push it to many hosts, verify it, undo it exactly.",
        epilog="Exit status: 0 succeeded, 1 failed or rolled back, 2 bad input, 3 hosts held by another deployment, "
        "4 our own failure, 130 interrupted.",
    )
    app.callback()(_options)
    for name in names or _COMMANDS:
        module, attribute, panel = _COMMANDS[name]
        loaded = import_module(f"deploy_tasks.cli.{module}")
        found = getattr(loaded, attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, rich_help_panel=panel)
        else:
            epilog = loaded.EXAMPLES if name == "deploy" else None
            app.command(name, rich_help_panel=panel, epilog=epilog)(found)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        render.out().print(f"deploy-tasks {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options that stand before the command."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status; errors are printed, never raised."""
    notices.show()
    try:
        app = commands(*(name for name in arguments[:1] if name in _COMMANDS))
        return int(app(args=list(arguments), prog_name="deploy-tasks", standalone_mode=False) or 0)
    except TyperException as error:
        return _usage(error, as_json="--json" in arguments)
    except BrokenPipeError:
        return 0
    except (Exception, KeyboardInterrupt) as error:
        if "--json" in arguments and not isinstance(error, KeyboardInterrupt):
            failure.tell_as_json(error)
        return failure.report(error)


def _usage(error: TyperException, *, as_json: bool) -> int:
    """A wrong option or a missing argument."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        render.out().print(context.get_help() or "", end="")
        return 0
    path = context.command_path if context is not None else "deploy-tasks"
    message = " ".join(error.format_message().replace("Value error, ", "").split()).rstrip(".")
    if as_json:
        failure.tell_as_json(BadInput(message, hint=f"{path} --help"))
    render.error(message, f"{path} --help")
    return 2
