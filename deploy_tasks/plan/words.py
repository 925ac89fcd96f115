"""Names of modules, strategies and platforms, brought to one spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deploy_tasks.plan.fields import bad
from deploy_tasks.plan.modules import MODULES

#: The argument that holds a template which gives the others as one mapping; those that are written out are stronger.
WHOLE_ARGS = "_variable_params"
_PREFIXES = ("ansible.builtin.", "ansible.legacy.")
_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_COLLECTIONS = (
    "ansible.posix.", "community.general.", "community.crypto.", "community.docker.", "community.mysql.",
    "community.postgresql.", "community.mongodb.", "ansible.utils.", "kubernetes.core.", "containers.podman.",
)  # fmt: skip
_MACHINES = {
    "x86_64": "x86_64", "amd64": "x86_64", "x64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64",
}  # fmt: skip
_SYSTEMS = {
    "linux": "unknown-linux-musl", "macos": "apple-darwin", "darwin": "apple-darwin", "windows": "pc-windows-msvc",
}  # fmt: skip


def module_name(name: str) -> str:
    """`copy` of `ansible.builtin.copy`, `sysctl` of `ansible.posix.sysctl`; of other collections the full name.

    Collections that once were part of Ansible share its short names, so theirs count where the module is known.
    """
    name = name.strip()
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    for prefix in _COLLECTIONS:
        if name.startswith(prefix) and name.removeprefix(prefix) in MODULES:
            return name.removeprefix(prefix)
    return name


def short_name(name: str) -> str:
    """`mount` of `ansible.posix.mount`, whether or not that module is known; of other collections the full name."""
    name = module_name(name)
    return next((name.removeprefix(prefix) for prefix in _COLLECTIONS if name.startswith(prefix)), name)


def is_true(value: object) -> bool:
    """Whether an argument says yes, in any of Ansible's words."""
    return str(value).strip().lower() in _TRUE


def file_arguments(module: str, args: Mapping[str, Any]) -> tuple[str, ...]:
    """The arguments of a call that name files beside the plan: none where these are the host's own (`remote_src`)."""
    spec = MODULES.get(module)
    if spec is None:
        return ()
    said = args.get("remote_src")
    if said is None and "remote_src" in spec.args:
        said = spec.args["remote_src"].default
    return () if is_true(said) else spec.file_args


def strategy_word(name: str) -> str:
    """`host_pinned` of `HostPinned`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def triple(machine: str, system: str) -> str:
    """The target triple of an architecture and an operating system."""
    arch, platform = _MACHINES.get(machine.strip().lower()), _SYSTEMS.get(system.strip().lower())
    if arch is None:
        raise bad(f"{machine[:40]!r} is not a known target_arch", f"one of {', '.join(_MACHINES)}")
    if platform is None:
        raise bad(f"{system[:40]!r} is not a known target_os", f"one of {', '.join(_SYSTEMS)}")
    return f"{arch}-{platform}"
