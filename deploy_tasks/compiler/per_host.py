"""One executable per host: the platform's artifact with the host's own variables in its program.

For hosts that nobody reaches by SSH: the file is copied there by hand and needs nothing else. Only the program's few
kilobytes differ, so runner and files are written from the platform's artifact, not linked anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from deploy_tasks.compiler.artifact import TRAILER_SIZE, Trailer, gzip
from deploy_tasks.compiler.compile import Compiler
from deploy_tasks.compiler.lowering import Program, lower, lower_vars
from deploy_tasks.compiler.targets import Target
from deploy_tasks.plan.model import Host, Inventory, Plan
from deploy_tasks.plan.vault import secret_texts
from deploy_tasks.secret import is_secret_name, secret_values

_PIECE = 1 << 20
# A shorter text is found in others by chance.
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class HostArtifact:
    """One host's executable on disk. Size in bytes; `left_out` are its variables that look like secrets."""

    host: str
    target: Target
    path: Path
    digest: str
    size: int
    left_out: tuple[str, ...]


def host_variables(host: Host, inventory: Inventory) -> dict[str, Any]:
    """What a program is told of its host: the inventory's variables, lowered, and what Ansible derives from it."""
    return (
        lower_vars(host.vars)
        | {
            "inventory_hostname": host.name,
            "inventory_hostname_short": host.name.split(".")[0],
            "group_names": sorted(group for group in host.groups if group != "all"),
            "groups": {name: list(members) for name, members in inventory.groups.items()},
        }
        | ({"inventory_file": inventory.file, "inventory_dir": inventory.folder} if inventory.file else {})
    )


def compile_hosts(
    compiler: Compiler,
    plan: Plan,
    files: Mapping[str, Path],
    inventory: Inventory,
    targets: Mapping[str, Target],
    place: Callable[[str, Target], Path],
    *,
    rebuild: bool = False,
) -> list[HostArtifact]:
    """Write an executable for every host of `targets` to where `place` says, whole or not at all.

    No secret gets into a file: variables that look like one are left out and named. Raises `CompileError`,
    `PlanError`, `BuildError`, `OSError`.
    """
    linked = compiler.compile(plan, files, targets.values(), inventory=inventory, rebuild=rebuild)
    program = lower(plan, files, inventory)
    inventory = inventory.model_copy(update={"file": ""})  # no path of this machine gets into a file
    begun = {target: _Begun.of(artifact.path) for target, artifact in linked.items()}
    written = []
    for name, target in targets.items():
        host = inventory.hosts[name]
        secret = tuple(key for key, value in host.vars.items() if _is_secret(key, value, inventory.secrets))
        plain = host.model_copy(update={"vars": {k: v for k, v in host.vars.items() if k not in secret}})
        packed = gzip(_with_host(program, host_variables(plain, inventory)))
        path = place(name, target)
        digest, size = begun[target].write(path, packed)
        written.append(HostArtifact(name, target, path, digest, size, secret))
    return written


def _is_secret(key: str, value: Any, encrypted: tuple[str, ...]) -> bool:
    """Whether a variable is a secret by its name, or holds a text that was encrypted in the inventory."""
    if is_secret_name(key) or any(secret_values({key: value})):
        return True
    texts = list(secret_texts({key: value})) if encrypted else []
    return any(
        secret == text or (len(secret) >= _SHORTEST and secret in text) for secret in encrypted for text in texts
    )


def _with_host(program: Program, variables: Mapping[str, Any]) -> bytes:
    told = json.dumps(variables, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
    return program.program[:-1] + b',"host":' + told + b"}"


@dataclass(frozen=True)
class _Begun:
    """What all executables of a platform begin with: the first `size` bytes of one of them, hashed once."""

    source: Path
    trailer: Trailer
    hashed: Any

    @classmethod
    def of(cls, artifact: Path) -> _Begun:
        """Look at a linked artifact."""
        with artifact.open("rb") as stream:
            stream.seek(-TRAILER_SIZE, os.SEEK_END)
            trailer = Trailer.unpack(stream.read())
            stream.seek(0)
            hashed, left = hashlib.sha256(), trailer.runner_size + trailer.files_size
            while left and (piece := stream.read(min(_PIECE, left))):
                hashed.update(piece)
                left -= len(piece)
        return cls(artifact, trailer, hashed)

    def write(self, path: Path, program: bytes) -> tuple[str, int]:
        """The executable with this packed program; returns its digest and size."""
        trailer = replace(self.trailer, program_size=len(program), program_digest=hashlib.sha256(program).hexdigest())
        rest = program + trailer.pack()
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with self.source.open("rb") as source, temporary.open("xb") as stream:
                _copy(source, stream, trailer.runner_size + trailer.files_size)
                stream.write(rest)
            temporary.chmod(0o755)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        hashed = self.hashed.copy()
        hashed.update(rest)
        return hashed.hexdigest(), trailer.size


def _copy(source: BinaryIO, stream: BinaryIO, size: int) -> None:
    """The first `size` bytes, by the kernel."""
    done = 0
    while done < size:
        count = os.sendfile(stream.fileno(), source.fileno(), done, size - done)
        if not count:
            raise OSError(f"{source.name} is {size - done} bytes shorter than it was")
        done += count
    stream.seek(size)
