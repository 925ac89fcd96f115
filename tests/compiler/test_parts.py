"""Runners hold the parts that their programs need: which those are, and what a runner without one says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.compiler import compile_plan, lower, this_machine
from deploy_tasks.compiler.artifact import link, split
from deploy_tasks.compiler.cache import Cache
from deploy_tasks.compiler.gobuild import Builder
from deploy_tasks.compiler.parts import PART_OF, needed
from deploy_tasks.compiler.sources import RUNNER
from deploy_tasks.compiler.targets import normalise
from deploy_tasks.errors import BuildError
from deploy_tasks.plan.model import Block, Host, Include, Inventory, Plan, Play, Step, Task
from deploy_tasks.plan.modules import MODULES
from tests.compiler.conftest import Pretend
from tests.support.compiler import shared_cache
from tests.support.expressions import evaluate_command

LINUX = normalise("x86_64-linux")
ALL_FACTS = ("facts/hardware", "facts/network", "facts/virtual")
ALL_NAMES = tuple(sorted(set(PART_OF.values())))


def task(module: str, args: dict[str, Any], **fields: Any) -> Task:
    return Task(id="t", name="", module=module, args=args, where="plays[0].tasks[0]", **fields)


def plan(*tasks: Step, **fields: Any) -> Plan:
    return Plan(name="web", format="playbook", plays=(Play(id="p", name="p", tasks=tasks, where="plays[0]", **fields),))


SLURP = task("slurp", {"src": "/etc/hostname"}, register="name")


def parts(made: Plan, *more: Any) -> tuple[str, ...]:
    return lower(made, {}, *more).parts


def test_every_part_of_a_module_is_a_folder_of_the_runner() -> None:
    assert {spec.part for spec in MODULES.values()} >= {"basics", "editing"}
    for spec in MODULES.values():
        assert list((RUNNER / "modules" / spec.part).glob("*.go")), spec.name


def test_the_filters_of_the_parts_are_those_of_the_runner() -> None:
    names = json.loads(subprocess.run([evaluate_command(), "--names"], capture_output=True, check=True).stdout)
    assert {name: part for part, names in names["parts"].items() for name in names} == PART_OF
    for part in ALL_NAMES:
        assert list((RUNNER / part).glob("*.go")), part


@pytest.mark.parametrize(
    "made",
    [
        plan(SLURP),
        plan(Block(id="b", rescue=(SLURP,), block=(), where="x")),
        plan(handlers=(SLURP,)),
        plan(SLURP.model_copy(update={"delegate_to": "other"})),
        plan(task("ping", {}, undo=(SLURP,))),
        plan(Include(id="i", target="{{ x }}.yml", choices={"a.yml": (SLURP,)}, where="x")),
    ],
    ids=["task", "rescue", "handler", "delegated", "undo", "include"],
)
def test_a_module_is_found_wherever_its_task_stands(made: Plan) -> None:
    assert parts(made) == ("modules/editing",)


@pytest.mark.parametrize(
    ("module", "args", "web"),
    [
        ("unarchive", {"src": "https://x/{{ y }}.tgz", "dest": "/x", "remote_src": True}, True),
        ("unarchive", {"src": "{{ y }}", "dest": "/x", "copy": False}, True),
        ("unarchive", {"src": "/tmp/{{ y }}", "dest": "/x", "remote_src": True}, False),
        ("unarchive", {"src": "/tmp/y", "dest": "/x", "remote_src": True}, False),
        ("apt_key", {"url": "{{ y }}"}, True),
        ("apt_key", {"file": "{{ y }}"}, False),
        ("apt", {"deb": "http://x/y.deb"}, True),
        ("apt", {"name": "{{ y }}"}, False),
        ("rpm_key", {"key": "{{ y }}"}, True),
        ("rpm_key", {"key": "/etc/key"}, False),
        ("deb822_repository", {"name": "x", "signed_by": "https://x/key"}, True),
    ],
)
def test_what_may_be_an_address_needs_the_part_that_speaks_http(module: str, args: dict[str, Any], web: bool) -> None:
    assert ("modules/web" in parts(plan(task(module, args)))) is web


def test_what_all_runners_have_is_no_part() -> None:
    words = {"msg": "ipaddr is a word of {{ 'many' | upper }}", "other": "{{ x | to_json | map('upper') | list }}"}
    assert parts(plan(task("debug", {"msg": words}), task("copy", {"dest": "/x", "content": "slurp"}))) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ x | ipaddr('net') }}", ("expr/addresses",)),
        ("{{ x | map('ansible.utils.ipaddr') | list }}", ("expr/addresses",)),
        ("{{ x | map(*f) }}", ALL_NAMES),
        ("{{ x | map(f) | list }}", ALL_NAMES),
        ("{{ x | map(attribute='a') | list }}", ()),
        ("{{ lookup('ansible.builtin.sequence', 'end=3') }}", ("expr/lookups",)),
        ("{{ lookup('file', 'x') }}", ()),
        ("{{ 'password_hash' is filter }}", ("expr/passwords",)),
        ("{{ x | json_query('a.b') | to_nice_yaml }}", ("expr/documents", "expr/queries")),
    ],
)
def test_filters_are_found_by_their_names(text: str, expected: tuple[str, ...]) -> None:
    assert parts(plan(task("debug", {"msg": text}))) == expected
    assert parts(plan(task("debug", {}, when=(text,)))) == expected
    inventory = Inventory(hosts={"h": Host(name="h", vars={"later": [text]})})
    assert parts(plan(), inventory) == expected
    assert parts(plan(), None, {"later": text}) == expected


@pytest.mark.parametrize(
    ("subsets", "text", "expected"),
    [
        ((), "{{ ansible_default_ipv4.address }}", ("facts/network",)),
        ((), "{{ ansible_distribution }}", ()),
        ((), "{{ hostvars.other }}", ALL_FACTS),
        (("!all", "mounts"), "{{ hostvars.other }}", ("facts/hardware",)),
        (("!hardware",), "{{ hostvars.other }}", ALL_FACTS),
        (("all",), "{{ ansible_mounts }}", ("facts/hardware",)),
    ],
)
def test_facts_are_found_by_what_the_plays_gather(
    subsets: tuple[str, ...], text: str, expected: tuple[str, ...]
) -> None:
    assert parts(plan(task("debug", {"msg": text}), gather_facts=True, gather_subset=subsets)) == expected


def test_the_module_setup_may_gather_all() -> None:
    assert parts(plan(task("setup", {"gather_subset": "{{ x }}"}))) == ALL_FACTS


def test_a_template_needs_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text("{% for x in a %}{{ x | from_yaml }}{% endfor %}")
    made = plan(task("template", {"src": "t.j2", "dest": "/x"}))
    assert lower(made, {"t.j2": tmp_path / "t.j2"}).parts == ("expr/documents",)


def test_the_walk_takes_what_a_program_can_hold() -> None:
    assert needed([{"undo": [{"module": "slurp"}]}, None, 1, "ipv4", ["filter", "x"]]) == (
        "expr/addresses",
        "modules/editing",
    )


def test_each_set_of_parts_is_one_build(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    for part in ("a", "b"):
        (source / "modules" / part).mkdir(parents=True)
        (source / "modules" / part / f"{part}.go").write_text(f"package {part}\n")
    builder = pretend.builder(tmp_path / "cache", source)
    made = [builder.runner(LINUX, each) for each in ((), ("modules/a",), ("modules/b", "modules/a"))]
    assert builder.runner(LINUX, ("modules/a", "modules/b", "modules/a")).digest == made[2].digest
    assert len({each.digest for each in made}) == pretend.count == 3
    assert builder.find(LINUX, ("modules/b",)) is None
    found = builder.find(LINUX, ("modules/a",))
    assert found is not None
    assert found.digest == made[1].digest


def test_a_part_that_is_not_there_is_refused(source: Path, tmp_path: Path, pretend: Pretend) -> None:
    with pytest.raises(BuildError, match="the runner's source has no part modules/none"):
        pretend.builder(tmp_path / "cache", source).runner(LINUX, ("modules/none",))
    assert pretend.count == 0


@pytest.mark.timeout(600)
def test_a_runner_has_the_part_its_program_needs_and_no_other(tmp_path: Path) -> None:
    with_it = compile_plan(plan(SLURP), {}, this_machine(), cache=shared_cache())
    without = compile_plan(plan(task("ping", {})), {}, this_machine(), cache=shared_cache())
    assert with_it.runner.digest != without.runner.digest
    ended = run(with_it.path, tmp_path / "one")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    program = split(with_it.path.read_bytes())
    lacking = tmp_path / "lacking"
    lacking.write_bytes(link(split(without.path.read_bytes()).runner, program.files, program.program))
    lacking.chmod(0o755)
    ended = run(lacking, tmp_path / "two")
    assert ended.returncode != 0
    assert "this runner has no module 'slurp'" in ended.stdout + ended.stderr


def run(artifact: Path, state: Path) -> subprocess.CompletedProcess[str]:
    command = [str(artifact), "run", "--state-dir", str(state)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.timeout(600)
def test_another_set_of_parts_gives_the_same_bytes_again() -> None:
    builder = Builder(Cache(shared_cache()))
    first = builder.runner(this_machine(), ("modules/editing",))
    assert builder.runner(this_machine(), ("modules/editing",), rebuild=True).digest == first.digest
