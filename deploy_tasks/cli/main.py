"""Entry point of the `deploy-tasks` console script. Imports late, so that Ctrl-C is quiet from the first moment."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process and end with its exit status."""
    try:
        from deploy_tasks.cli.app import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
