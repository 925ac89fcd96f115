"""What the journal costs: the playbook of a hundred tasks, run by a runner with a journal and by one without, in turns.

The second is built here, and only here, from the same source with one constant changed: it saves no originals and
writes no journal. Files still come beside their place, synced, and are renamed. Each round runs the playbook where
nothing is there yet, then once more with other ports, which replaces every file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from deploy_tasks.compiler.cache import Cache
from deploy_tasks.compiler.compile import Compiler
from deploy_tasks.compiler.gobuild import Builder
from deploy_tasks.compiler.sources import RUNNER
from deploy_tasks.compiler.targets import this_machine
from deploy_tasks.plan.files import files
from deploy_tasks.plan.load import read_plan
from tests.bench import hundred

ROUNDS, ALLOWED = 15, 1.25
_SWITCH = Path("change/journalled.go")
_ON, _OFF = "const journalled = true", "const journalled = false"


def without_journal(folder: Path) -> Path:
    """A copy of the runner's source whose runners keep no journal."""
    shutil.copytree(RUNNER, folder)
    text = (folder / _SWITCH).read_text()
    assert _ON in text, f"{_SWITCH} has no switch"
    (folder / _SWITCH).write_text(text.replace(_ON, _OFF))
    return folder


def main() -> bool:
    """Print the medians; true when the limit holds."""
    cache = Cache(Path.home() / ".cache" / "deploy-tasks-bench")
    with tempfile.TemporaryDirectory(prefix="deploy-tasks-bench-") as name:
        folder = Path(name)
        sources = {"with": RUNNER, "without": without_journal(folder / "source")}
        plan, base = read_plan(str(hundred.playbook(folder)))
        programs = {}
        for kind, source in sources.items():
            compiler = Compiler(cache, Builder(cache, source))
            programs[kind] = compiler.compile(plan, files(plan, base), [this_machine()])[this_machine()].path
        rounds = [_round(programs, folder) for _ in range(ROUNDS)]
    held = True
    for ports, what in (("new", "files that are new"), ("old", "files that are replaced")):
        wall = {kind: median(each[kind, ports][0] for each in rounds) for kind in sources}
        cpu = {kind: median(each[kind, ports][1] for each in rounds) for kind in sources}
        ratio = median(each["with", ports][0] / each["without", ports][0] for each in rounds)
        print(
            f"journal        {ratio:.2f} times as long as without, {what}: {1000 * wall['with']:.0f} and "
            f"{1000 * wall['without']:.0f} ms, processor {1000 * cpu['with']:.0f} and {1000 * cpu['without']:.0f} ms "
            f"(at most {ALLOWED:g})"
        )
        held = held and ratio <= ALLOWED
    return held


def _round(programs: Mapping[str, Path], folder: Path) -> dict[tuple[str, str], tuple[float, float]]:
    found = {}
    for kind in ("with", "without"):
        for ports in ("new", "old"):
            state, variables = folder / f"state-{kind}", {"root": str(folder / "root"), "ports": [ports, "8080"]}
            found[kind, ports] = _seconds(
                [str(programs[kind]), "run", "--state-dir", str(state), "-e", json.dumps(variables)]
            )
        shutil.rmtree(folder / "root")
    return found


def _seconds(run: list[str]) -> tuple[float, float]:
    """Of a run: until its end, and of the processor, its commands' too."""
    before = os.times()
    start = time.perf_counter()
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    took, after = time.perf_counter() - start, os.times()
    assert done.returncode == 0, done.stdout + done.stderr
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return took, used
