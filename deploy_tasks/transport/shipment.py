"""What a push brings to a host, and the manifest that announces it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

FORMAT = 1


class Part(Protocol):
    """A piece of an artifact on this machine (`compiler.Part`): SHA-256 in hex, size in bytes, the file."""

    @property
    def digest(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def path(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """The plainest `Part`."""

    digest: str
    size: int
    path: Path


@dataclass(frozen=True, slots=True)
class Shipment:
    """One deployment's artifact for one target platform.

    `runner_digest` and `runner_size` are of the runner itself, `runner_packed` is it compressed by gzip. `parts` are
    the files (if any) and the program, in the artifact's order. `uname_s` and `uname_m` are what `uname` says there.
    """

    deployment: str
    sequence: int
    attempt: int
    artifact: str
    runner_digest: str
    runner_size: int
    runner_packed: Path
    parts: tuple[Part, ...]
    trailer: bytes
    uname_s: str
    uname_m: str
    keep: int = 5

    @property
    def size(self) -> int:
        """Bytes of the whole artifact."""
        return self.runner_size + sum(part.size for part in self.parts) + len(self.trailer)

    def runner(self) -> bytes:
        """The runner itself. Raises OSError when its packed file is not what it should be."""
        return _unpacked(self.runner_packed, self.runner_digest, self.runner_size)

    def manifest(self, do: str, extra: Mapping[str, Any] | None = None) -> str:
        """The manifest line for `do`: run, verify, task, undo, preview, confirm, list, prune, facts or status. It holds
        no secret."""
        content = {
            "format": FORMAT,
            "do": do,
            "deployment": self.deployment,
            "sequence": self.sequence,
            "attempt": self.attempt,
            "artifact": self.artifact,
            "parts": [{"digest": part.digest, "size": part.size} for part in self.parts],
            "runner": {"digest": self.runner_digest, "size": self.runner_size},
            "trailer": base64.b64encode(self.trailer).decode(),
            "keep": self.keep,
            **(extra or {}),
        }
        return json.dumps(content, separators=(",", ":"), sort_keys=True)


@lru_cache(maxsize=4)
def _unpacked(path: Path, digest: str, size: int) -> bytes:
    """Remembered, since hundreds of hosts get the same; the digest makes an exchanged file another one."""
    try:
        with gzip.open(path) as stream:
            plain = stream.read(size + 1)
    except (EOFError, zlib.error) as error:
        raise OSError(f"{path} is damaged: {error}") from None
    if hashlib.sha256(plain).hexdigest() != digest:
        raise OSError(f"{path} does not hold the runner {digest}")
    return plain
