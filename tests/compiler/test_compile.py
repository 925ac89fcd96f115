"""From plan to artifact: what is linked, what is kept, how large and how fast."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy_tasks.compiler import Compiler, compile_plan
from deploy_tasks.compiler.artifact import Trailer, gunzip, split
from deploy_tasks.compiler.targets import TARGETS, normalise
from deploy_tasks.errors import CompileError, PlanError
from deploy_tasks.plan.model import Plan, Play, Task
from tests.compiler.conftest import Pretend

LINUX = normalise("x86_64-linux")


def plan(name: str = "web", tasks: int = 1, **args: object) -> Plan:
    made = [
        Task(
            id=f"t{i}",
            name=f"Copy {i} to {{{{ inventory_hostname }}}}",
            module="copy",
            args={"dest": f"/tmp/{i}", "content": "{% for u in users %}{{ u.name | upper }}\n{% endfor %}"} | args,
            when=("ansible_os_family == 'Debian'", "users | length > 0"),
            where=f"plays[0].tasks[{i}]",
        )
        for i in range(tasks)
    ]
    return Plan(name=name, format="playbook", plays=(Play(id="p", tasks=tuple(made), where="plays[0]"),))


@pytest.fixture
def compiler(source: Path, tmp_path: Path, pretend: Pretend) -> Compiler:
    builder = pretend.builder(tmp_path / "cache", source)
    return Compiler(builder.cache, builder)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "app"
    path.write_bytes(b"the application")
    return path


def test_an_artifact_holds_the_runner_the_files_and_the_program(compiler: Compiler, app: Path) -> None:
    made = compiler.compile(plan(src="app"), {"app": app}, [LINUX])[LINUX]
    data = made.path.read_bytes()
    parts = split(data)
    assert hashlib.sha256(data).hexdigest() == made.digest
    assert len(data) == made.size
    assert data.endswith(made.trailer)
    assert hashlib.sha256(parts.runner).hexdigest() == made.runner.digest
    assert gunzip(made.runner.path.read_bytes(), 1 << 20) == parts.runner
    assert [part.path.read_bytes() for part in made.parts] == [parts.files, parts.program]
    assert json.loads(gunzip(parts.program, 1 << 20))["name"] == "web"
    with tarfile.open(fileobj=io.BytesIO(parts.files)) as tar:
        assert tar.getnames() == [hashlib.sha256(b"the application").hexdigest()]
    assert made.path.stat().st_mode & 0o777 == 0o700


def test_an_artifact_without_files_has_no_part_for_them(compiler: Compiler) -> None:
    made = compiler.compile(plan(), {}, [LINUX])[LINUX]
    assert made.files is None
    assert made.parts == (made.program,)
    assert Trailer.unpack(made.trailer).files_digest == hashlib.sha256(b"").hexdigest()


def test_several_targets_share_files_and_program(compiler: Compiler, app: Path) -> None:
    made = compiler.compile(plan(src="app"), {"app": app}, [*TARGETS, LINUX])
    assert list(made) == list(TARGETS)
    assert len({artifact.digest for artifact in made.values()}) == len(TARGETS)
    assert len({artifact.parts for artifact in made.values()}) == 1


def test_the_second_time_everything_comes_from_the_cache(compiler: Compiler, app: Path, pretend: Pretend) -> None:
    first = compiler.compile(plan(src="app"), {"app": app}, [LINUX])[LINUX]
    again = compiler.compile(plan(src="app"), {"app": app}, [LINUX])[LINUX]
    other = compiler.compile(plan("other", src="app"), {"app": app}, [LINUX])[LINUX]
    assert (first.cached, again.cached, other.cached) == (False, True, False)
    assert again.digest == first.digest != other.digest
    assert other.files == first.files
    assert pretend.count == 1


def test_rebuild_builds_the_runner_again(compiler: Compiler, pretend: Pretend) -> None:
    first = compiler.compile(plan(), {}, [LINUX])[LINUX]
    again = compiler.compile(plan(), {}, [LINUX], rebuild=True)[LINUX]
    assert not again.cached
    assert pretend.count == 2
    assert again.program == first.program
    assert again.runner != first.runner


@pytest.mark.parametrize("part", ["path", "files", "program", "runner"])
def test_damage_in_the_cache_is_noticed_and_mended(compiler: Compiler, app: Path, part: str) -> None:
    first = compiler.compile(plan(src="app"), {"app": app}, [LINUX])[LINUX]
    path = first.path if part == "path" else getattr(first, part).path
    path.write_bytes(path.read_bytes()[:-1])
    made = compiler.compile(plan(src="app"), {"app": app}, [LINUX])[LINUX]
    data = made.path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == made.digest
    assert [each.path.read_bytes() for each in made.parts] == [split(data).files, split(data).program]
    assert hashlib.sha256(gunzip(made.runner.path.read_bytes(), 1 << 20)).hexdigest() == made.runner.digest


def test_many_at_once_get_the_same_artifact(compiler: Compiler, app: Path, pretend: Pretend) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: compiler.compile(plan(src="app"), {"app": app}, [LINUX])[LINUX], range(8)))
    assert len({artifact.digest for artifact in made}) == pretend.count == 1


def test_too_large_is_said_exactly_with_what_makes_it_so(
    source: Path, tmp_path: Path, pretend: Pretend, compiler: Compiler
) -> None:
    files = {}
    for name, size in (("big.bin", 400_000), ("small.bin", 3_000)):
        path = tmp_path / name
        path.write_bytes(b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(size // 32)))
        files[name] = path
    exact = compiler.compile(plan(), files, [LINUX])[LINUX].size
    small = Compiler(compiler.cache, compiler.builder, size_limit=exact - 1)
    with pytest.raises(
        CompileError, match=r"has 0\.4 MB \(runner 20000 bytes, packed files 0\.4 MB, .*limit is 0\.4"
    ) as e:
        small.compile(plan(), files, [LINUX])
    assert "big.bin 0.4 MB, small.bin 2976 bytes" in (e.value.hint or "")
    Compiler(compiler.cache, compiler.builder, size_limit=exact).compile(plan(), files, [LINUX])


def test_a_bad_plan_is_told_before_anything_is_built(compiler: Compiler, pretend: Pretend) -> None:
    with pytest.raises(PlanError):
        compiler.compile(plan(content="{{ x"), {}, [LINUX])
    assert pretend.count == 0


def test_an_unknown_target_is_told(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="no target is named 'sparc'"):
        compile_plan(plan(), {}, "sparc", cache=tmp_path)


def test_fifty_tasks_compile_in_less_than_half_a_second_once_the_runner_is_there(compiler: Compiler) -> None:
    compiler.compile(plan(), {}, [LINUX])
    began = time.process_time()
    made = compiler.compile(plan(tasks=50), {}, [LINUX])[LINUX]
    assert not made.cached
    assert time.process_time() - began < 0.5
