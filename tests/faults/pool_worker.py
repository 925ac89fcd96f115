"""A push worker on another pool: `python -m tests.faults.pool_worker POOL --ready-fd N`."""

from __future__ import annotations

import argparse
import sys

from workers import process

#: Hosts such a worker takes at once.
SLOTS = 5


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pool")
    parser.add_argument("--ready-fd", type=int, required=True)
    options = parser.parse_args()
    process.ready_on(options.ready_fd)
    from workers.app import app

    queues = "--queues=urgent,push"
    app.worker_main(["--quiet", "worker", queues, f"--pool={options.pool}", f"--concurrency={SLOTS}", "--task-events"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
