"""Compiling a plan of 50 tasks once the runner of its target has been built, against that first build."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from deploy_tasks.compiler import build_runner, compile_plan, normalise
from deploy_tasks.plan.files import files
from deploy_tasks.plan.load import read_plan
from tests.bench import plans

SECONDS, TASKS, SHARE = 0.5, 50, 0.1
RUNNER_MIB, PACKED_MIB = 4.0, 2.0


def main() -> bool:
    """Print the medians; true when the limits hold."""
    with tempfile.TemporaryDirectory(prefix="deploy-tasks-bench-") as name:
        folder = Path(name)
        start = time.perf_counter()
        build_runner(normalise("x86_64-linux"), cache=folder / "cache")
        built = time.perf_counter() - start
        seconds = []
        for number in range(7):
            path = plans.many_tasks(folder, TASKS, salt=number)
            start = time.perf_counter()
            plan, base = read_plan(str(path))
            artifact = compile_plan(plan, files(plan, base), "x86_64-linux", cache=folder / "cache")
            seconds.append(time.perf_counter() - start)
    took = median(seconds)
    size, packed = artifact.runner.size / 2**20, artifact.runner.sent / 2**20
    print(f"compile        {took:.3f} s for another plan of {TASKS} tasks (below {SECONDS}), first build {built:.1f} s")
    print(f"runner         {size:.2f} MiB, {packed:.2f} MiB packed (below {RUNNER_MIB:g} and {PACKED_MIB:g})")
    return took < SECONDS and took < SHARE * built and size < RUNNER_MIB and packed < PACKED_MIB
