"""Entry point of the `deploy-tasks` console script. Imports late, so that Ctrl-C is quiet from the first moment."""

from __future__ import annotations

import gc
import sys

# What is loaded at the start is no garbage: looking through it again and again takes a tenth of the start.
_OBJECTS = 50_000


def main() -> None:
    """Run the command line of this process and end with its exit status."""
    gc.set_threshold(_OBJECTS)
    try:
        from deploy_tasks.cli.app import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
