"""The `deploy-tasks` command: its commands by name, and one place where errors become exit statuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from deploy_tasks import __version__
from deploy_tasks.cli import failure, planning, plans, render, services, state, targets
from deploy_tasks.cli.coverage import coverage
from deploy_tasks.cli.deploy import EXAMPLES, deploy
from deploy_tasks.cli.doctor import doctor
from deploy_tasks.cli.fleet import fleet
from deploy_tasks.cli.settings import show_settings

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

_DEPLOYING, _LOOKING, _RUNNING = "Deploy", "Look and undo", "Run the service"
app.command(rich_help_panel=_DEPLOYING, epilog=EXAMPLES)(deploy)
app.command(rich_help_panel=_DEPLOYING)(plans.validate)
app.command("plan", rich_help_panel=_DEPLOYING)(planning.plan_)
app.command(rich_help_panel=_DEPLOYING)(coverage)
app.command("compile", rich_help_panel=_DEPLOYING)(plans.compile_)
app.command(rich_help_panel=_LOOKING)(state.status)
app.command(rich_help_panel=_LOOKING)(state.logs)
app.command(rich_help_panel=_LOOKING)(state.rollback)
app.command(rich_help_panel=_LOOKING)(state.cancel)
app.command("list", rich_help_panel=_LOOKING)(targets.list_)
app.command(rich_help_panel=_LOOKING)(targets.cleanup)
app.command(rich_help_panel=_LOOKING)(targets.inventory)
app.command(rich_help_panel=_RUNNING)(services.up)
app.command(rich_help_panel=_RUNNING)(services.worker)
app.command(rich_help_panel=_RUNNING)(services.beat)
app.command(rich_help_panel=_RUNNING)(services.flower)
app.command(rich_help_panel=_RUNNING)(doctor)
app.command("settings", rich_help_panel=_RUNNING)(show_settings)
app.add_typer(fleet, name="fleet", rich_help_panel=_RUNNING)


def _version(wanted: bool) -> None:
    if wanted:
        render.out().print(f"deploy-tasks {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options that stand before the command."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status; errors are printed, never raised."""
    try:
        return int(app(args=list(arguments), prog_name="deploy-tasks", standalone_mode=False) or 0)
    except TyperException as error:
        return _usage(error)
    except BrokenPipeError:
        return 0
    except (Exception, KeyboardInterrupt) as error:
        return failure.report(error)


def _usage(error: TyperException) -> int:
    """A wrong option or a missing argument."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        render.out().print(context.get_help() or "", end="")
        return 0
    path = context.command_path if context is not None else "deploy-tasks"
    render.error(error.format_message().rstrip(".").replace("\n", " "), f"{path} --help")
    return 2
