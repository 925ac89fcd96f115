"""One worker process: `python -m workers.run ROLE [--ready-fd N] [--parent PID]`."""

from __future__ import annotations

import argparse
import sys
import warnings

from workers import process


def main(arguments: list[str] | None = None) -> int:
    """Serve a role until told to stop. Exit status 2 for a role that does not exist."""
    parser = argparse.ArgumentParser(prog="python -m workers.run", description=__doc__)
    parser.add_argument("role")
    parser.add_argument("--ready-fd", type=int, help="file descriptor to write to once work is taken")
    parser.add_argument("--parent", type=int, help="end when this process does")
    options = parser.parse_args(arguments)
    if options.parent is not None:
        process.die_unless_child_of(options.parent)
    process.be_named(options.role)
    if options.ready_fd is not None:
        process.ready_on(options.ready_fd)
    return _serve(options.role)


def _serve(name: str) -> int:
    from celery.platforms import SecurityWarning

    from deploy_tasks.errors import DeployError
    from deploy_tasks.settings import settings
    from workers import roles

    try:
        if name == "beat":
            from workers import beat

            return beat.serve(settings())
        role = roles.role(name, settings())
        from workers.app import app

        # Running as root is the operator's choice: messages are JSON and name things, none is ever executed.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        app.worker_main(roles.argv(role, settings()))
    except DeployError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
