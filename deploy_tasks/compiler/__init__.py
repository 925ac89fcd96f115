"""From a plan to one executable per target: lowering, building, linking, and the cache of all three.

Names are found when they are asked for: a producer lowers a plan to refuse what cannot be compiled, and never loads
what builds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploy_tasks.compiler.compile import Artifact, Compiler, Part, compile_plan, compiler
    from deploy_tasks.compiler.gobuild import build_runner
    from deploy_tasks.compiler.lowering import Program, lower, lower_secrets, lower_vars
    from deploy_tasks.compiler.per_host import HostArtifact, compile_hosts, host_variables
    from deploy_tasks.compiler.targets import TARGETS, TRIPLES, Target, normalise, this_machine

__all__ = [
    "TARGETS",
    "TRIPLES",
    "Artifact",
    "Compiler",
    "HostArtifact",
    "Part",
    "Program",
    "Target",
    "build_runner",
    "compile_hosts",
    "compile_plan",
    "compiler",
    "host_variables",
    "lower",
    "lower_secrets",
    "lower_vars",
    "normalise",
    "this_machine",
]

_ROOMS = {
    "Artifact": "compile",
    "Compiler": "compile",
    "HostArtifact": "per_host",
    "Part": "compile",
    "Program": "lowering",
    "TARGETS": "targets",
    "TRIPLES": "targets",
    "Target": "targets",
    "build_runner": "gobuild",
    "compile_hosts": "per_host",
    "compile_plan": "compile",
    "compiler": "compile",
    "host_variables": "per_host",
    "lower": "lowering",
    "lower_secrets": "lowering",
    "lower_vars": "lowering",
    "normalise": "targets",
    "this_machine": "targets",
}


def __getattr__(name: str) -> Any:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{room}"), name)
