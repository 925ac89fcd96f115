"""Nothing that tests start outlives them, however they end: `kill -9` runs no fixture's end.

A small process of a session of its own reads what was started and, when the tests are gone, ends what is left of it.
Tests that end in order have cleaned up by then: it finds nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]


def watch_fleet(root: Path) -> None:
    """Take down the fleet in this folder, should there be one when the tests have gone."""
    _tell("fleet", root.resolve())


def watch_process(pid: int) -> None:
    """End this child of ours, should it still run when the tests have gone."""
    _tell("process", [pid, _start_time(pid)])


def _tell(kind: str, what: object) -> None:
    stream = _janitor()
    stream.write(json.dumps([kind, what], default=str) + "\n")
    stream.flush()


@cache
def _janitor() -> IO[str]:
    """Where the janitor of this process of tests listens."""
    started = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).resolve())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        text=True,
    )
    assert started.stdin is not None
    return started.stdin


def _start_time(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]


def clean(told: Iterable[tuple[str, Any]]) -> None:
    """End what is left of all this. What needs the project is loaded only when something is."""
    kept = list(told)
    fleets = [what for kind, what in kept if kind == "fleet" and Path(what, "fleet.json").exists()]
    processes = [what for kind, what in kept if kind == "process" and Path(f"/proc/{what[0]}").exists()]
    if fleets or processes:
        left = [json.dumps(fleets), json.dumps(processes)]
        subprocess.run([sys.executable, "-c", _END, *left], cwd=ROOT, check=False)


_END = """
import json, sys
from pathlib import Path
from deploy_tasks import fleet
from deploy_tasks.fleet.process import Process, end
end(Process(*each) for each in json.loads(sys.argv[2]))
for root in json.loads(sys.argv[1]):
    fleet.down(Path(root))
"""


if __name__ == "__main__":
    clean([json.loads(line) for line in sys.stdin])
