"""An executable for one host knows the host; nothing secret lies in it."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
from pathlib import Path

import pytest

from deploy_tasks.compiler import compile_hosts, compiler, this_machine
from deploy_tasks.compiler.artifact import split
from deploy_tasks.plan.inventory import load_inventory
from deploy_tasks.plan.model import Plan, Play, Task
from tests.support.compiler import shared_cache

pytestmark = pytest.mark.timeout(600)


def plan(out: Path) -> Plan:
    line = "{{ inventory_hostname }} {{ color }} {{ deep.size }} {{ groups['web'] | join('+') }}"
    task = Task(id="t", name="t", module="copy", args={"dest": f"{out}/{{{{ color }}}}", "content": line}, where="t")
    return Plan(name="web", format="playbook", plays=(Play(id="p", hosts=("all",), tasks=(task,), where="p"),))


def test_each_host_gets_its_own_and_secrets_stay_out(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.ini"
    inventory.write_text(
        "[web]\na color=red\nb color=blue\n[web:vars]\ndeep={'size': 3}\n"
        "db_password=hunter2345\nnested={'x': {'api_token': 'tok-98765'}}\n"
    )
    found = load_inventory(str(inventory))
    out, dist = tmp_path / "out", tmp_path / "dist"
    for folder in (out, dist):
        folder.mkdir()
    made = compile_hosts(
        compiler(shared_cache()),
        plan(out),
        {},
        found,
        dict.fromkeys(("a", "b"), this_machine()),
        lambda host, target: dist / host,
    )
    assert [(each.host, each.left_out) for each in made] == [(name, ("db_password", "nested")) for name in "ab"]
    for each in made:
        data = each.path.read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (each.digest, each.size)
        program = gzip.decompress(split(data).program)
        assert b"hunter2345" not in program
        assert b"tok-98765" not in program
        command = [str(each.path), "run", "--state-dir", str(tmp_path / each.host)]
        assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    assert (out / "red").read_text() == "a red 3 a+b"
    assert (out / "blue").read_text() == "b blue 3 a+b"
    assert sorted(path.name for path in dist.iterdir()) == ["a", "b"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    found = load_inventory("a,")
    digests = set()
    for number in range(2):
        target = {"a": this_machine()}
        made = compile_hosts(
            compiler(shared_cache()), plan(Path("/x")), {}, found, target, lambda *_, n=number: tmp_path / str(n)
        )
        digests.add(made[0].digest)
    assert len(digests) == 1
