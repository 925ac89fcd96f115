"""From a plan to one executable per target: lowering, building, linking, and the cache of all three."""

from __future__ import annotations

from deploy_tasks.compiler.compile import Artifact, Compiler, Part, compile_plan, compiler
from deploy_tasks.compiler.gobuild import build_runner
from deploy_tasks.compiler.lowering import Program, lower, lower_vars
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
    "lower_vars",
    "normalise",
    "this_machine",
]
