"""Real shipments: a plan compiled with the real runner, ready to be pushed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy_tasks.compiler import Artifact, compile_plan, this_machine
from deploy_tasks.plan.model import Plan, Play, Task
from deploy_tasks.transport import Shipment
from tests.support.compiler import shared_cache

_sequence = itertools.count(1)


def plan_of(*tasks: Mapping[str, Any], name: str = "test") -> Plan:
    """A plan of one play with these tasks; ids and names are filled in."""
    made = tuple(
        Task.model_validate({"id": f"t{number}", "name": f"task {number}", **task})
        for number, task in enumerate(tasks, 1)
    )
    return Plan(name=name, format="playbook", plays=(Play(id="p", tasks=made),))


def compiled(*tasks: Mapping[str, Any], files: Mapping[str, Path] | None = None) -> Artifact:
    """The artifact of such a plan for this machine."""
    return compile_plan(plan_of(*tasks), files or {}, this_machine(), cache=shared_cache())


def shipment_of(artifact: Artifact, deployment: str, *, sequence: int | None = None, attempt: int = 1) -> Shipment:
    """The artifact on its way; every shipment has a higher sequence than the one before unless one is given."""
    return Shipment(
        deployment=deployment,
        sequence=next(_sequence) if sequence is None else sequence,
        attempt=attempt,
        artifact=artifact.digest,
        runner_digest=artifact.runner.digest,
        runner_size=artifact.runner.size,
        runner_packed=artifact.runner.path,
        parts=tuple(part for part in (artifact.files, artifact.program) if part is not None),
        trailer=artifact.trailer,
        uname_s=artifact.target.uname_s,
        uname_m=artifact.target.uname_m,
    )


def request_of(shipment: Shipment, host: str = "web-001", **changes: Any) -> dict[str, Any]:
    """The request that goes with a shipment."""
    request: dict[str, Any] = {
        "deployment": shipment.deployment,
        "sequence": shipment.sequence,
        "attempt": shipment.attempt,
        "host": host,
        "vars": {"inventory_hostname": host, "group_names": [], "groups": {}},
        "extra_vars": {},
        "check": False,
        "diff": False,
        "tags": [],
        "skip_tags": [],
        "verify": False,
        "undo_on_failure": True,
        "deadline_s": 60,
        "orphan": "stop",
        "keep": 5,
    }
    return {**request, **changes}
