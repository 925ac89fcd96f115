"""Writing compiled plans as files that can be copied to a host and run there alone."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy_tasks.cli.inputs import Inputs
from deploy_tasks.compiler.compile import Artifact, Compiler, compiler
from deploy_tasks.compiler.lowering import lower
from deploy_tasks.compiler.per_host import HostArtifact, compile_hosts
from deploy_tasks.compiler.targets import Target
from deploy_tasks.errors import BadInput
from deploy_tasks.plan.files import files
from deploy_tasks.settings import settings


@dataclass(frozen=True, slots=True)
class Written:
    """One executable on disk. Size in bytes, build time in seconds."""

    path: Path
    triple: str
    digest: str
    size: int
    cached: bool
    build_s: float

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self) | {"path": str(self.path)}


def compiler_here() -> Compiler:
    """The compiler with this machine's settings."""
    current = settings()
    return compiler(
        current.cache,
        size_limit=int(current.size_limit_mb * 1e6),
        build_timeout_s=current.build_timeout_s,
        jobs=current.build_jobs,
    )


def compiled(found: Inputs, targets: Iterable[Target], *, rebuild: bool = False) -> dict[Target, Artifact]:
    """The artifact of every target, from the cache where nothing changed."""
    made = compiler_here()
    named = files(found.plan, found.folder, found.inventory)
    return made.compile(found.plan, named, targets, inventory=found.inventory, rebuild=rebuild)


def parts(found: Inputs) -> tuple[str, ...]:
    """The parts of the runner that the plan needs; the plan is lowered for it and nothing is built."""
    return lower(found.plan, files(found.plan, found.folder, found.inventory), found.inventory).parts


def write(
    found: Inputs,
    targets: Iterable[Target],
    folder: Path,
    *,
    rebuild: bool = False,
    suffix: str = "",
    compress: bool = False,
) -> list[Written]:
    """Compile for every target and write `NAME-TRIPLE` into the folder, `compress` adds a packed copy of each."""
    _make(folder)
    written = []
    for target, artifact in compiled(found, targets, rebuild=rebuild).items():
        path = folder / f"{_name(found.plan.name)}-{target.triple}{suffix or target.suffix}"
        _install(artifact.path, path)
        if compress:
            _packed(path)
        written.append(Written(path, target.triple, artifact.digest, artifact.size, artifact.cached, artifact.build_s))
    return written


def write_hosts(found: Inputs, folder: Path, *, rebuild: bool = False) -> list[HostArtifact]:
    """Compile `NAME-HOST` for every host of the inventory into the folder; hosts that only `add_host` names get none,
    as nothing adds them when an executable is started by hand. Raises BadInput when two hosts would share a file name.
    """
    names = {host: f"{_name(found.plan.name)}-{_name(host)}" for host in found.hosts}
    for host, other in zip(
        sorted(names, key=names.__getitem__), sorted(names, key=names.__getitem__)[1:], strict=False
    ):
        if names[host] == names[other]:
            raise BadInput(f"{host} and {other} would both be {names[host]}", hint="compile them apart, with --limit")
    _make(folder)
    return compile_hosts(
        compiler_here(),
        found.plan,
        files(found.plan, found.folder, found.inventory),
        found.inventory,
        {host: found.target(host) for host in found.hosts},
        lambda host, target: folder / f"{names[host]}{target.suffix}",
        rebuild=rebuild,
    )


def _make(folder: Path) -> None:
    """The folder that was asked for. Raises `BadInput`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder} cannot be a folder to write to: {error.strerror}", hint="-o DIR names it") from None


def _name(plan: str) -> str:
    """A plan's name as part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plan).strip("-.") or "plan"


def _install(source: Path, path: Path) -> None:
    """Copy to a temporary name, then rename: a program that runs under this name is not disturbed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, temporary)
        temporary.chmod(0o755)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _packed(path: Path) -> None:
    data = gzip.compress(path.read_bytes(), mtime=0)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.gz")
    temporary.write_bytes(data)
    temporary.replace(path.with_name(path.name + ".gz"))
