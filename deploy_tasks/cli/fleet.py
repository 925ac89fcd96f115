"""`fleet`: real SSH hosts on this machine, to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy_tasks import fleet as local_fleet
from deploy_tasks.cli import render, units
from deploy_tasks.settings import settings

fleet = typer.Typer(no_args_is_help=True, help="Real SSH hosts on this machine, to try things on.")

Folder = Annotated[
    Path | None, typer.Option("--root", metavar="DIR", help="Where the fleet lives; default: the state folder.")
]


def _folder(root: Path | None) -> Path:
    return root or settings().state_dir / "fleet"


@fleet.command(
    epilog="Example: `deploy-tasks fleet up 10 && deploy-tasks deploy examples/web/web.json "
    "-i $(deploy-tasks fleet inventory)`"
)
def up(
    count: Annotated[int, typer.Argument(metavar="N", min=1, max=local_fleet.MOST_HOSTS, help="How many hosts.")],
    root: Folder = None,
) -> None:
    """Start N local SSH hosts and print the path of their inventory.

    As root every host has its own file system, address and host key; otherwise hosts share this machine's files.
    """
    made = local_fleet.up(count, _folder(root))
    if made.notice:
        render.warning(made.notice)
    render.note(f"{units.count(count, 'host')} up; end them with: deploy-tasks fleet down{_option(root)}")
    render.out().print(str(made.inventory_path))


@fleet.command()
def down(root: Folder = None) -> None:
    """End the local hosts and remove everything they wrote."""
    folder = _folder(root)
    local_fleet.down(folder)
    render.note(f"no hosts are left in {folder}")


@fleet.command()
def inventory(root: Folder = None) -> None:
    """Print the path of the inventory of the local hosts."""
    render.out().print(str(local_fleet.load(_folder(root)).inventory_path))


def _option(root: Path | None) -> str:
    return f" --root {root}" if root else ""
