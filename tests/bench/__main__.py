"""Measure: `python -m tests.bench [NAME…]`, names as in BENCHES. Exit status 1 when a limit is broken.

Without names all are measured but `peers`, which takes minutes and installs others' software.
"""

from __future__ import annotations

import sys

from tests.bench import compiling, enqueue, fanout, journal, latency, peers, playbooks, start

BENCHES = {
    "compiling": compiling.main,
    "playbooks": playbooks.main,
    "enqueue": enqueue.main,
    "fanout": fanout.main,
    "latency": latency.main,
    "start": start.main,
    "journal": journal.main,
    "peers": peers.main,
}
ONLY_BY_NAME = {"peers"}


def main(names: list[str]) -> int:
    """Run the named benches, or all."""
    held = [BENCHES[name]() for name in names or BENCHES if names or name not in ONLY_BY_NAME]
    print("every limit holds" if all(held) else "a limit is broken")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
