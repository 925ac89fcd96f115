"""Which controller files a plan names, and that none of them lies outside its folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.files import base_for, files
from deploy_tasks.plan.load import plan_of, read_plan
from deploy_tasks.plan.lookup_files import wanted
from deploy_tasks.plan.model import Host, Inventory, Plan


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "top" / "plan"
    for name in (
        "app/one",
        "app/sub/two",
        "bin/linux/x",
        "bin/darwin/x",
        "conf.j2",
        "files/in-files",
        "templates/t.j2",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def plan(*sources: Any, module: str = "copy", **more: Any) -> Plan:
    tasks = [
        {"id": f"t{n}", "name": "t", "module": module, "args": {"src": src, "dest": "/x"}, **more}
        for n, src in enumerate(sources)
    ]
    return plan_of({"tasks": tasks}, source="x")


@pytest.mark.parametrize(
    ("src", "names"),
    [
        ("app/one", ["app/one"]),
        ("./app//one", ["app/one"]),
        ("app/../app/one", ["app/one"]),
        ("app", ["app/one", "app/sub/two"]),
        ("app/", ["app/one", "app/sub/two"]),
        ("bin/{{ ansible_system | lower }}/", ["bin/darwin/x", "bin/linux/x"]),
        ("bin/l{{ x }}/x", ["bin/darwin/x", "bin/linux/x"]),
        ("in-files", ["in-files"]),
        (".", None),
    ],
)
def test_names(base: Path, src: str, names: list[str] | None) -> None:
    found = files(plan(src), base)
    assert list(found) == (
        names if names is not None else sorted(p.relative_to(base).as_posix() for p in base.rglob("*") if p.is_file())
    )
    assert all(path.is_file() for path in found.values())


def test_templates_are_also_looked_for_in_their_folder(base: Path) -> None:
    assert files(plan("t.j2", "conf.j2", module="template"), base) == {
        "conf.j2": base / "conf.j2",
        "t.j2": base / "templates" / "t.j2",
    }


def test_a_literal_loop_is_filled_in(base: Path) -> None:
    assert list(files(plan("app/{{ item }}", loop=["one", "sub/two"]), base)) == ["app/one", "app/sub/two"]
    assert list(files(plan("{{ item.from }}", loop=[{"from": "conf.j2"}]), base)) == ["conf.j2"]
    assert list(files(plan("bin/{{ item }}/x", loop=["{{ system }}"]), base)) == ["bin/darwin/x", "bin/linux/x"]


@pytest.mark.parametrize("args", [{"remote_src": True}, {"remote_src": "yes"}])
def test_what_lies_on_the_host_is_not_looked_for(base: Path, args: dict[str, Any]) -> None:
    task = {"id": "t", "name": "t", "module": "copy", "args": {"src": "/etc/hosts", "dest": "/x", **args}}
    assert files(plan_of({"tasks": [task]}, source="x"), base) == {}


@pytest.mark.parametrize(
    ("src", "told"),
    [
        ("app/none", "there is no file 'app/none'"),
        ("app/on", "did you mean app/one?"),
        ("../secret", "lies outside the plan's folder"),
        ("app/../../secret", "lies outside the plan's folder"),
        ("/etc/passwd", "lies outside the plan's folder"),
        ("{{ x }}", "begins with an expression"),
        ("conf.j2/{{ x }}", "must be a folder"),
        ("gone/{{ x }}", "there is no file 'gone'"),
        ("app\\one", "separate folders by /"),
    ],
)
def test_what_is_refused(base: Path, src: str, told: str) -> None:
    (base.parent / "secret").write_text("x")
    with pytest.raises(PlanError) as caught:
        files(plan(src), base)
    (problem,) = caught.value.problems
    assert told in str(problem)
    assert problem.path == "tasks[0].args.src"


def test_a_link_may_stay_inside_but_not_lead_outside(base: Path) -> None:
    (base.parent / "secret").write_text("x")
    (base / "good").symlink_to("app/one")
    assert list(files(plan("good"), base)) == ["good"]
    (base / "app" / "evil").symlink_to(base.parent / "secret")
    with pytest.raises(PlanError, match="'app/evil' is a link to outside"):
        files(plan("app"), base)


def test_a_name_that_is_no_text_is_told(base: Path) -> None:
    (base / "app" / os.fsdecode(b"caf\xe9")).write_text("x")
    (base / "app" / "café").write_text("x")
    with pytest.raises(PlanError, match=r"the name 'app/caf\\udce9' is not UTF-8") as caught:
        files(plan("app"), base)
    assert len(caught.value.problems) == 1


def with_static(checksum: str, src: str = "conf.j2") -> Plan:
    file = {"src_path": src, "dest_path": "/x", "checksum": checksum, "size": 1}
    deployment = {"deployment_id": "g", "embedded_data": {"static_files": [file]}}
    return plan_of({"plays": [], "binary_deployments": [deployment]}, source="x")


def test_static_files_are_taken_along_when_they_exist(base: Path) -> None:
    assert list(files(with_static("placeholder-checksum"), base)) == ["conf.j2"]
    assert files(with_static("placeholder-checksum", "none"), base) == {}


def test_a_real_checksum_is_checked(base: Path) -> None:
    right = hashlib.sha256(b"conf.j2").hexdigest()
    assert list(files(with_static(right), base)) == ["conf.j2"]
    assert list(files(with_static(f"sha256:{right.upper()}"), base)) == ["conf.j2"]
    assert list(files(with_static(hashlib.md5(b"conf.j2").hexdigest()), base)) == ["conf.j2"]
    with pytest.raises(PlanError, match=r"static_files\[0\]\.checksum: is not the checksum"):
        files(with_static("0" * 64), base)


def test_the_folder_is_the_plans_own_or_one_above_that_has_its_files(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    deep = base / "plans" / "deep"
    deep.mkdir(parents=True)
    assert base_for(plan("app/one"), base) == base
    assert base_for(plan("app/one"), deep) == base
    assert base_for(plan("nowhere"), deep) == deep
    monkeypatch.chdir(base)
    assert base_for(plan("app/one"), Path("/var/lib")) == base


def test_reading_a_plan_tells_its_folder(base: Path) -> None:
    path = base / "web.json"
    path.write_text('{"tasks": [{"id": "a", "name": "a", "module": "copy", "args": {"src": "app", "dest": "/x"}}]}')
    made, folder = read_plan(str(path))
    assert (made.name, folder) == ("web", base)


def test_variables_that_are_made_of_each_other_have_an_end() -> None:
    """Every variable may be one of many texts, and each of those needs the next one three times."""
    facts = {f"v{n}": f"{{{{ v{n + 1} }}}}-{{{{ v{n + 1} }}}}-{{{{ v{n + 1} }}}}" for n in range(9)} | {"v9": "x"}
    tasks = [{"id": f"s{n}", "name": "s", "module": "set_fact", "args": facts} for n in range(30)]
    asked = {"id": "t", "name": "t", "module": "debug", "args": {"msg": "{{ lookup('file', 'a/' ~ v0) }}"}}
    (found,) = wanted(plan_of({"tasks": [*tasks, asked]}, source="x"))
    assert [meant.computed for meant in found.meant] == [True]
    assert found.meant[0].text.startswith("a/")


def test_a_file_for_each_of_many_hosts_travels_or_is_told_to_be_unknown() -> None:
    asked = {"id": "t", "name": "t", "module": "debug", "args": {"msg": "{{ lookup('file', key) }}"}}

    def meant(count: int, *secrets: str) -> list[tuple[str, bool]]:
        hosts = {f"h{n}": Host(name=f"h{n}", vars={"key": f"k{n}"}) for n in range(count)}
        inventory = Inventory(hosts=hosts, groups={"all": tuple(hosts)}, secrets=secrets)
        (found,) = wanted(plan_of({"tasks": [asked]}, source="x"), inventory)
        return [(each.text, each.vague) for each in found.meant]

    assert meant(300) == [(f"k{n}", False) for n in range(300)]
    assert meant(1200) == meant(3, "k1") == [(".*", True)]
