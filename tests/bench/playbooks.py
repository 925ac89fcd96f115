"""Compiling playbooks: one of 100 tasks, and a site of roles with 2 000 tasks, from YAML to the artifact."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from deploy_tasks.compiler import build_runner, compile_plan, normalise
from deploy_tasks.plan.files import files
from deploy_tasks.plan.load import read_plan

TARGET = "x86_64-linux"
#: Tasks to the seconds that they may take.
LIMITS = {100: 1.0, 2000: 5.0}
_ROLE_TASKS = 20
_TASK = """\
- name: Piece {number} of {{{{ role_name | default('play') }}}}
  copy:
    content: "{salt} {{{{ port + {number} }}}} {{{{ item | upper }}}} on {{{{ inventory_hostname }}}}\\n"
    dest: "{{{{ root }}}}/{number}-{{{{ item }}}}"
    mode: "0644"
  loop: "{{{{ parts | default(['a', 'b']) }}}}"
  when: enabled | default(true) | bool and ansible_os_family == 'Debian'
  register: piece_{number}
  notify: reload
  tags: [piece, "p{number}"]
"""
_DEFAULTS = "port: 8000\nroot: /opt/site\nparts: [a, b]\n"
_HANDLERS = "- name: reload\n  command: echo {{ role_name }}\n"


def one_play(folder: Path, count: int, salt: int) -> Path:
    """A playbook with all its tasks in one file."""
    tasks = "".join(_TASK.format(number=number, salt=salt) for number in range(count))
    indented = "".join(f"    {line}\n" for line in tasks.splitlines())
    path = folder / f"site-{salt}.yml"
    path.write_text(
        "- hosts: all\n  vars: {port: 8000, root: /opt/site}\n  tasks:\n"
        + indented
        + "  handlers:\n    - name: reload\n      command: /bin/true\n"
    )
    return path


def roles(folder: Path, count: int, salt: int) -> Path:
    """A site of roles with tasks, defaults and handlers; every second one depends on the one before."""
    names = [f"role_{salt}_{number}" for number in range(count // _ROLE_TASKS)]
    for place, name in enumerate(names):
        texts = {
            "tasks": "".join(_TASK.format(number=number, salt=salt) for number in range(_ROLE_TASKS)),
            "defaults": _DEFAULTS,
            "handlers": _HANDLERS,
            "meta": f"dependencies: [{names[place - 1]}]\n" if place % 2 else "dependencies: []\n",
        }
        for part, text in texts.items():
            path = folder / "roles" / name / part / "main.yml"
            path.parent.mkdir(parents=True)
            path.write_text(text)
    path = folder / f"roles-{salt}.yml"
    path.write_text("- hosts: all\n  roles:\n" + "".join(f"    - {name}\n" for name in names))
    return path


def main() -> bool:
    """Print the medians; true when the limits hold."""
    makers = {100: one_play, 2000: roles}
    held = True
    with tempfile.TemporaryDirectory(prefix="deploy-tasks-bench-") as name:
        folder = Path(name)
        build_runner(normalise(TARGET), cache=folder / "cache")
        for count, limit in LIMITS.items():
            took = median(_seconds(makers[count](folder, count, salt), folder / "cache") for salt in range(3))
            print(f"playbook       {took:.2f} s for another playbook of {count} tasks (below {limit:g})")
            held = held and took < limit
    return held


def _seconds(path: Path, cache: Path) -> float:
    start = time.perf_counter()
    plan, base = read_plan(str(path))
    compile_plan(plan, files(plan, base), TARGET, cache=cache)
    return time.perf_counter() - start


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
