"""The plans that are measured."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

PAYLOAD = 1_000_000


def payload(size: int = PAYLOAD) -> bytes:
    """Bytes that do not compress, the same in every run."""
    return random.Random(1).randbytes(size)


def task(number: int, name: str, module: str, args: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One task of format A."""
    return {
        "task_id": f"task_{number}",
        "name": name,
        "module": module,
        "args": args,
        "execution_order": number,
        **more,
    }


def document(tasks: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """A plan of format A with one play for every host."""
    batch = {"batch_id": "all", "hosts": [], "tasks": tasks, "parallel_groups": [], "dependencies": []}
    play = {"play_id": "play-0", "name": name, "strategy": "Linear", "hosts": [], "batches": [batch], "handlers": []}
    return {"metadata": {"rustle_plan_version": "1.0.0"}, "plays": [play], "hosts": [], "total_tasks": len(tasks)}


def ten_tasks(folder: Path) -> Path:
    """Ten tasks and a file of 1 MB, as an application's deployment has them."""
    (folder / "app.bin").write_bytes(payload())
    (folder / "app.conf.j2").write_text("host={{ inventory_hostname }}\nworkers={{ workers | default(4) }}\n")
    wanted: list[tuple[Any, ...]] = [
        ("folder", "file", {"path": "/opt/app", "state": "directory", "mode": "0755"}),
        ("data", "file", {"path": "/opt/app/data", "state": "directory", "mode": "0750"}),
        ("binary", "copy", {"src": "app.bin", "dest": "/opt/app/app.bin", "mode": "0755"}),
        ("configuration", "template", {"src": "app.conf.j2", "dest": "/opt/app/app.conf", "mode": "0644"}),
        ("version", "copy", {"content": "42\n", "dest": "/opt/app/version", "mode": "0644"}),
        ("current", "file", {"src": "/opt/app/app.bin", "dest": "/opt/app/current", "state": "link"}),
        ("limits", "lineinfile", {"path": "/opt/app/limits", "line": "nofile=65536", "create": True, "mode": "0644"}),
        ("look", "stat", {"path": "/opt/app/current"}, "look"),
        ("checked", "assert", {"that": ["look.stat.exists", "look.stat.islnk"]}),
        ("told", "debug", {"msg": "{{ inventory_hostname }} runs 42"}),
    ]
    tasks = [
        task(number, name, module, args, **({"register": rest[0]} if rest else {}))
        for number, (name, module, args, *rest) in enumerate(wanted)
    ]
    path = folder / "ten.json"
    path.write_text(json.dumps(document(tasks, "ten")))
    return path


def many_tasks(folder: Path, count: int, salt: int = 0) -> Path:
    """A plan of `count` tasks with conditions, loops and templated arguments; another one for another `salt`."""
    tasks = [
        task(
            number,
            f"piece {number}",
            "copy",
            {
                "content": f"{salt} {{{{ item }}}} of {{{{ inventory_hostname | upper }}}}\n",
                "dest": f"/opt/many/{number}-{{{{ item }}}}",
            },
            loop=["a", "b"],
            conditions=[{"When": {"expression": f"ansible_system == 'Linux' and {number} >= 0"}}],
        )
        for number in range(count)
    ]
    path = folder / f"many-{count}.json"
    path.write_text(json.dumps(document(tasks, "many")))
    return path
