"""Building runners: reproducible, once per key, bounded, and never half."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from deploy_tasks.compiler import build_runner, this_machine
from deploy_tasks.compiler.cache import Cache
from deploy_tasks.compiler.gobuild import Builder
from deploy_tasks.compiler.sources import source_digest
from deploy_tasks.compiler.targets import TARGETS, Target, normalise
from deploy_tasks.compiler.toolchain import EXPERIMENTS, FLAGS, find_toolchain
from deploy_tasks.errors import BuildError
from deploy_tasks.store.files import digest_file
from tests.compiler.conftest import Pretend
from tests.support.compiler import go_program, shared_cache

LINUX = normalise("x86_64-linux")
MAGIC = {"linux": b"\x7fELF", "darwin": b"\xcf\xfa\xed\xfe", "windows": b"MZ"}


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_small_program_builds_for_every_target(target: Target, tmp_path: Path) -> None:
    made = Builder(Cache(shared_cache()), go_program(tmp_path / "hello")).runner(target)
    data = made.path.read_bytes()
    assert data.startswith(MAGIC[target.goos])
    assert digest_file(made.path) == (made.digest, made.size)
    assert gzip.decompress(made.packed.read_bytes()) == data
    assert made.packed_size == made.packed.stat().st_size < made.size


def test_what_was_built_runs_here(tmp_path: Path) -> None:
    made = Builder(Cache(shared_cache()), go_program(tmp_path / "hello")).runner(this_machine())
    assert subprocess.run([str(made.path)], capture_output=True, check=True).stdout == b"hello\n"


def test_the_same_source_gives_the_same_bytes_in_any_folder_and_cache(tmp_path: Path) -> None:
    found = []
    for folder in ("one", "another folder/with spaces"):
        source = go_program(tmp_path / folder / "hello")
        # The compiler's own cache is shared to save time; what is linked from it is not.
        cache = tmp_path / folder / "cache"
        cache.mkdir()
        (cache / "go-build").symlink_to(shared_cache() / "go-build", target_is_directory=True)
        (source / "main.go").touch()
        found.append(Builder(Cache(cache), source).runner(LINUX))
    assert not any(made.cached for made in found)
    assert found[0].digest == found[1].digest
    assert found[0].packed.read_bytes() == found[1].packed.read_bytes()
    assert str(tmp_path).encode() not in found[0].path.read_bytes()


def test_the_callers_environment_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = go_program(tmp_path / "hello")
    before = Builder(Cache(shared_cache()), source).runner(LINUX)
    for name, value in {
        "GOFLAGS": "-race",
        "GOAMD64": "v3",
        "GOROOT": "/nowhere",
        "PATH": "",
        "CGO_ENABLED": "1",
    }.items():
        monkeypatch.setenv(name, value)
    again = Builder(Cache(shared_cache()), source).runner(LINUX, rebuild=True)
    assert not again.cached
    assert again.digest == before.digest


def test_the_source_digest_is_of_what_is_built_alone(tmp_path: Path) -> None:
    one, two = go_program(tmp_path / "one"), go_program(tmp_path / "two")
    (two / "main_test.go").write_text("package main\n")
    (two / "README.md").write_text("words\n")
    (two / "testdata").mkdir()
    (two / "testdata" / "x.go").write_text("package x\n")
    assert source_digest(one) == source_digest(two)
    (two / "more").mkdir()
    (two / "more" / "more.go").write_text("package more\n")
    assert source_digest(one) != source_digest(two)
    before = source_digest(one)
    (one / "main_amd64.s").write_text("// nothing\n")
    assert source_digest(one) != before


def test_a_change_of_the_source_is_noticed_at_once(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    builder = pretend.builder(tmp_path / "cache", source)
    first = builder.runner(LINUX)
    (source / "main.go").write_text((source / "main.go").read_text().replace("hello", "HELLO"))
    assert builder.runner(LINUX).digest != first.digest
    assert pretend.count == 2


def test_a_second_call_builds_nothing(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    builder = pretend.builder(tmp_path / "cache", source)
    first = builder.runner(LINUX)
    again = pretend.builder(tmp_path / "cache", source).runner(LINUX)
    assert (first.cached, again.cached, pretend.count) == (False, True, 1)
    assert again.digest == first.digest


def test_targets_and_rebuilds_are_builds_of_their_own(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    builder = pretend.builder(tmp_path / "cache", source)
    digests = {builder.runner(target).digest for target in TARGETS}
    digests.add(builder.runner(LINUX, rebuild=True).digest)
    assert len(digests) == pretend.count == len(TARGETS) + 1


@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
@pytest.mark.parametrize("which", ["path", "packed"])
def test_a_damaged_entry_is_built_again(
    source: Path, tmp_path: Path, pretend: Pretend, which: str, damage: str
) -> None:
    builder = pretend.builder(tmp_path / "cache", source)
    path: Path = getattr(builder.runner(LINUX), which)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data[:100] if damage == "cut" else data[:-1] + bytes([data[-1] ^ 1]))
    made = builder.runner(LINUX)
    assert not made.cached
    assert digest_file(made.path) == (made.digest, made.size)
    assert gzip.decompress(made.packed.read_bytes()) == made.path.read_bytes()


@pytest.mark.parametrize(
    "record",
    [b"{}", b"[]", b"not json", b'{"blobs": 3}', b'{"blobs": [], "made_at": 1}', b'{"blobs": ["x"], "made_at": 1}'],
)
def test_a_record_that_makes_no_sense_counts_as_none(
    source: Path, tmp_path: Path, pretend: Pretend, record: bytes
) -> None:
    builder = pretend.builder(tmp_path / "cache", source)
    first = builder.runner(LINUX)
    (name,) = builder.cache.blobs.list_records("runners/")
    builder.cache.blobs.put_record(name, record)
    assert builder.runner(LINUX).digest != first.digest


@pytest.mark.parametrize("rebuild", [False, True])
def test_threads_that_want_the_same_share_one_build(
    source: Path, tmp_path: Path, pretend: Pretend, rebuild: bool
) -> None:
    pretend.body('sleep 0.3; head -c 20000 /dev/urandom > "$out"')
    start, digests = threading.Barrier(6), []

    def build() -> None:
        builder = pretend.builder(tmp_path / "cache", source)
        start.wait()
        digests.append(builder.runner(LINUX, rebuild=rebuild).digest)

    threads = [threading.Thread(target=build) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(digests), len(set(digests)), pretend.count) == (6, 1, 1)


WORKER = """
import sys
from dataclasses import replace
from pathlib import Path
from deploy_tasks.compiler.cache import Cache
from deploy_tasks.compiler.gobuild import Builder
from deploy_tasks.compiler.targets import normalise
from deploy_tasks.compiler.toolchain import EXPERIMENTS, FLAGS, find_toolchain
cache, source, go = map(Path, sys.argv[1:])
made = Builder(Cache(cache), source, replace(find_toolchain(), go=go), 60.0).runner(normalise("x86_64-linux"))
assert made.path.stat().st_size == made.size
print(made.digest)
"""


def test_killed_builders_leave_nothing_that_others_use(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    """Four processes want the same; the one that builds is killed. All others end with one and the same runner."""
    pretend.body(
        'head -c 10000 /dev/urandom > "$out"\n'
        f'if mkdir {tmp_path}/first 2>/dev/null; then kill -9 $PPID; sleep 60; fi\nhead -c 10000 /dev/urandom >> "$out"'
    )
    command = [sys.executable, "-c", WORKER, str(tmp_path / "cache"), str(source), str(pretend.go)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ended = [(worker.communicate()[0], worker.returncode) for worker in workers]
    assert sorted(status for _, status in ended) == [-9, 0, 0, 0]
    digests = {output for output, status in ended if status == 0}
    assert len(digests) == 1
    assert pretend.count == 2
    (made,) = [pretend.builder(tmp_path / "cache", source).runner(LINUX)]
    assert (made.digest + "\n", made.size, made.cached) == (*digests, 20_000, True)


def test_a_build_that_hangs_is_ended_with_all_it_started(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    pids = tmp_path / "pids"
    pretend.body(f"sleep 300 &\necho $$ $! > {pids}\nwait")
    began = time.monotonic()
    with pytest.raises(BuildError, match=r"took longer than 0\.5 s") as caught:
        pretend.builder(tmp_path / "cache", source, timeout_s=0.5).runner(LINUX)
    assert time.monotonic() - began < 10
    assert "BUILD_TIMEOUT" in (caught.value.hint or "")
    for pid in map(int, pids.read_text().split()):
        assert ends(pid)
    assert list((tmp_path / "cache" / "builds").iterdir()) == []


def test_a_build_that_ends_does_not_wait_for_what_it_left_behind(
    source: Path, tmp_path: Path, pretend: Pretend
) -> None:
    pids = tmp_path / "pids"
    pretend.body(f'echo x > "$out"\nsleep 300 &\necho $! > {pids}')
    began = time.monotonic()
    pretend.builder(tmp_path / "cache", source).runner(LINUX)
    assert time.monotonic() - began < 10
    assert ends(int(pids.read_text()))


def test_errors_of_the_compiler_are_shown_bounded(tmp_path: Path) -> None:
    source = go_program(tmp_path / "broken", "package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(BuildError, match=r"\./main\.go:3:15: undefined: undefined"):
        Builder(Cache(shared_cache()), source).runner(LINUX)


def test_a_compiler_that_talks_without_end_is_cut(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    pretend.body("yes error | head -c 5000000; exit 1")
    with pytest.raises(BuildError, match="more lines") as caught:
        pretend.builder(tmp_path / "cache", source).runner(LINUX)
    assert len(str(caught.value)) < 2000


def test_a_compiler_that_makes_nothing_or_cannot_start_is_told(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    pretend.body("exit 0")
    with pytest.raises(BuildError, match="does not build: go ended with status 0"):
        pretend.builder(tmp_path / "cache", source).runner(LINUX)
    pretend.go.unlink()
    with pytest.raises(BuildError, match=r"cannot start .*: No such file"):
        pretend.builder(tmp_path / "cache", source).runner(LINUX)


def test_no_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot read the runner's source"):
        Builder(Cache(tmp_path / "cache"), tmp_path / "gone").runner(LINUX)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BuildError, match="no Go source"):
        Builder(Cache(tmp_path / "cache"), tmp_path / "empty").runner(LINUX)


def test_make_compiles_with_the_flags_of_runners() -> None:
    """Otherwise Go compiles all of its own packages a second time for the checks and the tests. When the flags of
    runners change, those in the Makefile change with them."""
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    trimmed, inlining = FLAGS[0], FLAGS[2]
    assert f'export GOFLAGS := -mod=mod {trimmed} "{inlining}"\n' in makefile
    assert f"export GOEXPERIMENT := {EXPERIMENTS}\n" in makefile


def test_the_toolchain_is_the_installed_wheels() -> None:
    found = find_toolchain()
    assert found.go.is_relative_to(Path(sys.prefix))
    assert found.version.startswith("go1.")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_our_runner_builds_for_every_target_and_is_small(target: Target) -> None:
    data = build_runner(target, cache=shared_cache()).read_bytes()
    assert data.startswith(MAGIC[target.goos])
    assert len(data) < (4_000_000 if target.goos == "linux" else 5_000_000)
    assert len(gzip.compress(data)) < 2_000_000


def ends(pid: int) -> bool:
    """Whether the process, which has been killed, is gone within a few seconds."""
    deadline = time.monotonic() + 5
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_alive(pid: int) -> bool:
    """Whether the process runs still; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_runner_is_for_its_owner_alone(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    made = pretend.builder(tmp_path / "cache", source).runner(LINUX)
    assert made.path.stat().st_mode & 0o777 == 0o700
    assert os.access(made.path, os.X_OK)
