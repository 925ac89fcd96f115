"""The modules and their arguments, as data: names, types, choices, defaults and what excludes what, as Ansible
documents them. Each file but `shared` holds the modules of one part of the runner, or those that steer the run."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType

from deploy_tasks.plan.module_spec import ArgSpec, ModuleSpec

__all__ = ["MODULES", "ArgSpec", "ModuleSpec"]

_FILES = (
    "accounts",
    "archives",
    "basics",
    "containers",
    "control",
    "databases",
    "editing",
    "fetching",
    "firewall",
    "git",
    "packages",
    "python",
    "rpm",
    "services",
    "synchronize",
    "system",
    "waiting",
    "web",
)

MODULES: MappingProxyType[str, ModuleSpec] = MappingProxyType(
    {spec.name: spec for name in _FILES for spec in import_module(f"{__name__}.{name}").SPECS}
)
