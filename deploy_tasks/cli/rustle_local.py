"""`--localhost-test`: compile a small plan, run it on this machine, run it again, take it back."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from deploy_tasks.cli import executables, inputs, render, units
from deploy_tasks.cli.rustle_config import Config
from deploy_tasks.compiler.targets import this_machine
from deploy_tasks.errors import DeployError

_TIMEOUT_S = 60
_HERE = {"address": "127.0.0.1", "connection": {"method": "Local"}}


def plan(folder: Path) -> dict[str, Any]:
    """A plan that changes only files in a folder."""
    target = {"path": str(folder / "effect"), "state": "directory", "mode": "0750"}
    content = {"content": "{{ ansible_system }}\n", "dest": str(folder / "effect" / "system")}
    tasks = [("folder", "file", target, []), ("file", "copy", content, ["folder"])]
    return {
        "metadata": {"version": "1.0", "created_at": "2026-01-01T00:00:00Z", "plan_id": "localhost-test"},
        "tasks": [
            {
                "id": name,
                "name": name,
                "task_type": "Command",
                "module": module,
                "args": args,
                "dependencies": after,
                "conditions": [],
                "target_hosts": "All",
                "failure_policy": "Abort",
            }
            for name, module, args, after in tasks
        ],
        "inventory": {
            "groups": {},
            "hosts": {"localhost": {"address": "127.0.0.1", "connection": {"method": "Local"}}},
        },
        "strategy": "Linear",
    }


def localhost_test(config: Config) -> int:
    """Everything but the network: compiling, running, running again without a change, undoing."""
    with tempfile.TemporaryDirectory(prefix="rustle-deploy-test-") as place:
        folder = Path(place)
        document = folder / "localhost-test.json"
        document.write_text(json.dumps(plan(folder)))
        found = inputs.read(str(document), None)
        written = executables.write(found, [this_machine()], folder / "bin", rebuild=config.rebuild)[0]
        _say("compile", written.triple, units.size(written.size))
        effect, state = folder / "effect" / "system", folder / "state"
        _run(written.path, "run", state)
        _expect(effect.is_file(), "run", "the file the plan writes is there")
        again = _run(written.path, "check", state)
        _expect("changed=0" in again or "0 changed" in again, "check", "a second run would change nothing")
        _run(written.path, "undo", state)
        _expect(not effect.parent.exists(), "undo", "nothing of it is left")
    return 0


def _run(binary: Path, command: str, state: Path) -> str:
    done = subprocess.run(
        [str(binary), command, "--state-dir", str(state)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise DeployError(f"{command} ended with {done.returncode}: {' / '.join(last)}")
    return done.stdout


def _expect(good: bool, step: str, words: str) -> None:
    if not good:
        raise DeployError(f"localhost test, {step}: not so: {words}", hint="rustle-deploy --check-capabilities")
    _say(step, words)


def _say(label: str, *cells: str) -> None:
    render.out().print(render.row(label, *cells, width=8))
