"""From a plan to its artifacts, one per target, each part made once and kept by its digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy_tasks.compiler import archive
from deploy_tasks.compiler.artifact import TRAILER_SIZE, Trailer, gzip
from deploy_tasks.compiler.cache import DEFAULT_LIMIT, Cache
from deploy_tasks.compiler.gobuild import TIMEOUT_S, Builder, Runner
from deploy_tasks.compiler.lowering import Program, lower
from deploy_tasks.compiler.own import refuse_foreign
from deploy_tasks.compiler.targets import Target, normalise
from deploy_tasks.errors import CompileError
from deploy_tasks.plan.model import Inventory, Plan

SIZE_LIMIT = 50_000_000
_LINK_TIMEOUT_S = 300.0
_LARGEST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an artifact: digest and size in bytes of its content, and the file that holds it.

    The runner's file holds its gzip form, of `sent` bytes; other parts are sent as they are.
    """

    digest: str
    size: int
    path: Path
    sent: int


@dataclass(frozen=True, slots=True)
class Artifact:
    """One executable in the cache, and the parts a host that lacks some of them is sent."""

    digest: str
    size: int
    target: Target
    runner: Part
    files: Part | None
    program: Part
    trailer: bytes
    path: Path
    cached: bool
    build_s: float = 0.0

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts besides the runner, in the order they follow it."""
        return (self.program,) if self.files is None else (self.files, self.program)


@dataclass(frozen=True)
class Compiler:
    """Compiles with one cache folder; `builder` makes the runners, `size_limit` is bytes of a whole artifact."""

    cache: Cache
    builder: Builder
    size_limit: int = SIZE_LIMIT
    cache_limit: int = DEFAULT_LIMIT
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)

    def compile(
        self,
        plan: Plan,
        files: Mapping[str, Path],
        targets: Iterable[Target],
        *,
        inventory: Inventory | None = None,
        extra_vars: Mapping[str, Any] | None = None,
        rebuild: bool = False,
    ) -> dict[Target, Artifact]:
        """The artifact of every target; the plan is lowered once. Raises `CompileError`, `PlanError`, `BuildError`."""
        wanted = list(dict.fromkeys(targets))
        program = lower(plan, files, inventory, extra_vars)
        for target in wanted:
            refuse_foreign(program, target)
        with ThreadPoolExecutor(min(self.jobs, len(wanted) or 1), thread_name_prefix="compile") as pool:
            runners = {
                target: pool.submit(self.builder.runner, target, program.parts, rebuild=rebuild) for target in wanted
            }
            lowered = self._blob(gzip(program.program))
            files_of = {target: self._files(program.files_for(target.triple)) for target in wanted}
            linked = {
                target: self._link(target, runners[target].result(), files_of[target], lowered, program)
                for target in wanted
            }
        if not all(artifact.cached for artifact in linked.values()):
            self.cache.prune(self.cache_limit)
        return linked

    def _files(self, files: list[tuple[str, Path]]) -> Part | None:
        if not files:
            return None
        key = hashlib.sha256("\n".join(digest for digest, _ in files).encode()).hexdigest()
        with self.cache.single_flight("files", key, timeout_s=_LINK_TIMEOUT_S):
            entry = self.cache.find("files", key, blobs=1)
            if entry is None:
                with self.cache.blobs.incoming() as arriving:
                    archive.pack(files, arriving.stream)
                entry = self.cache.keep("files", key, arriving.digest)
        return self._part(entry.blobs[0])

    def _blob(self, data: bytes) -> Part:
        return self._part(self.cache.blobs.put(data))

    def _part(self, digest: str) -> Part:
        path = self.cache.blobs.path(digest)
        size = path.stat().st_size
        return Part(digest, size, path, size)

    def _link(self, target: Target, runner: Runner, files: Part | None, program: Part, lowered: Program) -> Artifact:
        nothing = hashlib.sha256(b"").hexdigest()
        trailer = Trailer(
            runner.size,
            files.size if files else 0,
            program.size,
            files.digest if files else nothing,
            program.digest,
        )
        if trailer.size > self.size_limit:
            raise _too_large(target, trailer, self.size_limit, lowered)
        key = hashlib.sha256(f"{runner.digest} {trailer.files_digest} {program.digest}".encode()).hexdigest()
        sources = [runner.path, *([files.path] if files else []), program.path]
        digest, cached = self._linked(key, lambda: b"".join([path.read_bytes() for path in sources] + [trailer.pack()]))
        return Artifact(
            digest=digest,
            size=trailer.size,
            target=target,
            runner=Part(runner.digest, runner.size, runner.packed, runner.packed_size),
            files=files,
            program=program,
            trailer=trailer.pack(),
            path=self.cache.blobs.path(digest),
            cached=cached and runner.cached,
            build_s=runner.build_s,
        )

    def _linked(self, key: str, link: Callable[[], bytes]) -> tuple[str, bool]:
        entry = self.cache.find("artifacts", key, blobs=1)
        if entry is not None:
            return entry.blobs[0], True
        with self.cache.single_flight("artifacts", key, timeout_s=_LINK_TIMEOUT_S):
            entry = self.cache.find("artifacts", key, blobs=1)
            if entry is None:
                entry = self.cache.keep("artifacts", key, self.cache.blobs.put(link()))
        return entry.blobs[0], False


def compile_plan(
    plan: Plan,
    files: Mapping[str, Path],
    target: str | Target,
    *,
    cache: Path,
    inventory: Inventory | None = None,
    extra_vars: Mapping[str, Any] | None = None,
    rebuild: bool = False,
    size_limit: int = SIZE_LIMIT,
    build_timeout_s: float = TIMEOUT_S,
) -> Artifact:
    """The artifact of `plan` for one target, in the folder `cache`.

    `files` are the controller files by their names in the plan; of the `inventory` and of `extra_vars` only the facts
    and parts of the runner count that they need; `size_limit` is bytes. With `rebuild` the
    runner is built even if the cache has it.

    Raises `PlanError`, `CompileError` (too large, unreadable file), `BuildError`.
    """
    wanted = target if isinstance(target, Target) else normalise(target)
    made = compiler(cache, size_limit=size_limit, build_timeout_s=build_timeout_s)
    return made.compile(plan, files, [wanted], inventory=inventory, extra_vars=extra_vars, rebuild=rebuild)[wanted]


def compiler(
    cache: Path, *, size_limit: int = SIZE_LIMIT, build_timeout_s: float = TIMEOUT_S, jobs: int | None = None
) -> Compiler:
    """A compiler with the installed toolchain and our own runner, which keeps what it makes in the folder `cache`."""
    shared = Cache(cache)
    builder = Builder(shared, timeout_s=build_timeout_s)
    return Compiler(shared, builder, size_limit, jobs=jobs or os.cpu_count() or 1)


def _too_large(target: Target, trailer: Trailer, limit: int, lowered: Program) -> CompileError:
    largest = sorted(lowered.embedded, key=lambda each: (-each.size, each.name))[:_LARGEST_SHOWN]
    named = ", ".join(f"{each.name} {_mb(each.size)}" for each in largest)
    return CompileError(
        f"the artifact for {target} has {_mb(trailer.size)} (runner {_mb(trailer.runner_size)}, packed files "
        f"{_mb(trailer.files_size)}, program {_mb(trailer.program_size + TRAILER_SIZE)}), the limit is {_mb(limit)}",
        hint=f"raise DEPLOY_TASKS_SIZE_LIMIT_MB{f'; the largest files are {named}' if named else ''}",
    )


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size} bytes"
