"""Taking a case back: what lay on our hosts before its first run lies there again after its deployments' undo."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_tasks.errors import BadInput
from deploy_tasks.outcome import DeploymentStatus, HostOutcome
from deploy_tasks.producer import Producer
from tests.twin import tree

_TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True)
class Kept:
    """All that an undo promises of one path: what `tree.Entry` has, the very bytes, when it was changed (nanoseconds
    since 1970), its extended attributes, and the other names of the same file."""

    kind: str
    mode: str
    owner: int
    group: int
    content: bytes
    changed: int
    attributes: tuple[tuple[str, bytes], ...]
    same_as: tuple[str, ...]


def read(root: Path, folder: str) -> dict[str, Kept]:
    """Everything at and below `folder` (absolute on the host), by its path on the host."""
    paths = list(tree.walk(root / folder.lstrip("/")))
    names: dict[int, list[str]] = {}
    for path in paths:
        if not path.is_dir() or path.is_symlink():
            names.setdefault(path.lstat().st_ino, []).append(_on_host(root, path))
    return {_on_host(root, path): _kept(path, names.get(path.lstat().st_ino, [])) for path in paths}


def _on_host(root: Path, path: Path) -> str:
    return str(Path("/") / path.relative_to(root))


def _kept(path: Path, names: Sequence[str]) -> Kept:
    seen, found = tree.entry(path), path.lstat()
    reads: dict[str, Callable[[], bytes]] = {
        "file": path.read_bytes,
        "link": lambda: os.readlink(os.fsencode(path)),
    }
    data = reads.get(seen.kind, bytes)()
    attributes = tuple(
        (name, os.getxattr(path, name, follow_symlinks=False))
        for name in sorted(os.listxattr(path, follow_symlinks=False))
    )
    same_as = tuple(names) if len(names) > 1 else ()
    return Kept(seen.kind, seen.mode, seen.owner, seen.group, data, found.st_mtime_ns, attributes, same_as)


def differences(before: Mapping[str, Kept], after: Mapping[str, Kept]) -> Iterator[str]:
    """What an undo left otherwise, one line for each path and part of it."""
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path), after.get(path)
        if was is None or now is None:
            yield f"{path} {'was not there' if was is None else 'is gone'}"
            continue
        for name in Kept.__slots__:
            if getattr(was, name) != getattr(now, name):
                yield f"{path}: {name} was {getattr(was, name)!r}, is {getattr(now, name)!r}"


def roll_back(producer: Producer, deployments: Sequence[str]) -> Iterator[str]:
    """Take these deployments back, the newest first, as `deploy-tasks rollback` does. Yields what did not go well."""
    done = 0
    for deployment in reversed(deployments):
        try:
            result = producer.rollback(deployment).wait(_TIMEOUT_S)
        except BadInput:
            continue  # it has touched no host: what lies there is compared all the same
        done += 1
        if result.status is not DeploymentStatus.ROLLED_BACK:
            yield f"{deployment} is {result.status.value}: {result.reason}"
        for host in result.hosts.values():
            yield from (f"{host.host}: {line}" for line in _told(host))
    if not done:
        yield "no deployment could be taken back: the case shows nothing of it"


def _told(host: HostOutcome) -> Iterator[str]:
    if host.error and host.status.value == "undo_failed":
        yield f"undo failed: {host.error.message} {' '.join(host.error.tail)}"
    for conflict in host.undo.conflicted if host.undo else ():
        yield f"left alone: {conflict}"
