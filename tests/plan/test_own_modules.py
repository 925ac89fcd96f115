"""Modules that a plan brings itself: where they are found, of which kind they are, what is refused."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.compiler import lower
from deploy_tasks.compiler.own import refuse_foreign
from deploy_tasks.compiler.targets import TARGETS
from deploy_tasks.errors import CompileError, PlanError
from deploy_tasks.plan.executables import targets_of
from deploy_tasks.plan.files import files
from deploy_tasks.plan.load import Loaded, load
from deploy_tasks.plan.model import OwnModule
from deploy_tasks.plan.rustle_plan_writer import write_plan
from deploy_tasks.plan.validate import check

ROOT = Path(__file__).parents[2]
SCRIPT = '#!/bin/sh\n. "$1"\n'
X86, ARM = {triple.triple: triple for triple in TARGETS}["x86_64-linux"], TARGETS[1]


def elf(machine: int, system: int = 0) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes([system]) + bytes(8) + struct.pack("<HH", 2, machine) + bytes(100)


def fat(*cpus: int) -> bytes:
    return (
        b"\xca\xfe\xba\xbe"
        + struct.pack(">I", len(cpus))
        + b"".join(struct.pack(">5I", cpu, 0, 0, 0, 0) for cpu in cpus)
    )


def pe(machine: int) -> bytes:
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", machine)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (elf(62), ("x86_64-linux",)),
        (elf(183, 3), ("aarch64-linux",)),
        (elf(40), ()),
        (elf(62, 9), ()),  # FreeBSD
        (b"\x7fELF\x02\x01", ()),
        (b"\x7fELF\x01\x01\x01\x00" + bytes(8) + struct.pack("<HH", 2, 3), ()),
        (b"\xcf\xfa\xed\xfe" + struct.pack("<I", 0x0100000C), ("aarch64-macos",)),
        (fat(0x01000007, 0x0100000C), ("x86_64-macos", "aarch64-macos")),
        (b"\xca\xfe\xba\xbe" + struct.pack(">HH", 0, 61), ()),  # Java
        (pe(0x8664), ("x86_64-windows",)),
        (pe(0x14C), ()),
        (b"MZ", ()),
        (b"#!/bin/sh\n", None),
        (b"", None),
    ],
)
def test_what_an_executable_runs_on(head: bytes, expected: tuple[str, ...] | None) -> None:
    assert targets_of(head) == expected


def odd(said: str) -> str:
    return f"DOCUMENTATION: {{options: {{a: {{{said}}}}}}}"


UNSUPPORTED = "DOCUMENTATION: {attributes: {undo: {support: [full]}}}"


def site(folder: Path, task: str = "mine: {a: 1}", **modules: str | bytes) -> Loaded:
    """A playbook with one task; the names of modules have `__` for `/` and `_DOT_` for a dot."""
    for name, content in modules.items():
        place = folder / name.replace("__", "/").replace("_DOT_", ".").replace("_DASH_", "-")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    (folder / "site.yml").write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n    - {{{task}}}\n")
    (folder / "hosts.ini").write_text("web1\n")
    return load(str(folder / "site.yml"))


def own(found: Loaded) -> OwnModule:
    (module,) = [each.own for each in found.plan.walk() if each.own]
    return module


def problems(found: Loaded) -> list[tuple[str, str | None]]:
    from deploy_tasks.plan.model import Host, Inventory

    inventory = Inventory(hosts={"web1": Host(name="web1")})
    return [(each.message.split("\n")[0], each.hint) for each in check(found.plan, inventory, found.base)]


def test_a_module_beside_the_playbook(tmp_path: Path) -> None:
    found = site(tmp_path, library__mine_DOT_sh=SCRIPT + "# _ansible_check_mode\n", modules__mine="not this one")
    assert own(found) == OwnModule(name="mine", files={"any": "library/mine.sh"}, style="old", check=True)
    assert problems(found) == []
    program = json.loads(lower(found.plan, files(found.plan, found.base)).program)
    (task,) = [each for each in program["plays"][0]["tasks"] if each["module"] == "own"]
    assert task["args"]["arguments"] == {"a": 1}
    assert task["name"] == "mine"
    assert list(program["files"]) == ["library/mine.sh"]


@pytest.mark.parametrize(
    ("content", "style"),
    [
        (elf(62), "binary"),
        ("#!/usr/bin/python3\n# WANT_JSON\n", "json"),
        ("#!/bin/sh\n<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>\n", "inserted"),
        (SCRIPT, "old"),
        ("#!/bin/sh\n# grüße\n", "old"),
    ],
)
def test_kinds_of_modules(tmp_path: Path, content: str | bytes, style: str) -> None:
    assert own(site(tmp_path, modules__mine=content)).style == style


def test_a_module_of_a_role_serves_the_whole_playbook(tmp_path: Path) -> None:
    task = "import_role: {name: tool}}\n    - {mine: {}"
    found = site(tmp_path, task, roles__tool__library__mine=SCRIPT, roles__tool__tasks__main_DOT_yml="- mine: {b: 2}\n")
    assert [each.own.files for each in found.plan.walk() if each.own] == [{"any": "roles/tool/library/mine"}] * 2


def test_a_plan_in_json_has_modules_beside_it(tmp_path: Path) -> None:
    found = site(
        tmp_path,
        roles__tool__library__mine=SCRIPT,
        roles__tool__tasks__main_DOT_yml="- mine: {b: 2}\n",
        task="import_role: {name: tool}",
    )
    (tmp_path / "plan.json").write_text(json.dumps(write_plan(found.plan)))
    again = load(str(tmp_path / "plan.json"))
    assert own(again) == own(found)
    assert (
        lower(again.plan, files(again.plan, again.base)).program
        == lower(found.plan, files(found.plan, found.base)).program
    )
    task = {"name": "x", "module": "mine", "args": {"a": 1}, "id": "one"}
    (tmp_path / "small.json").write_text(json.dumps({"metadata": {}, "tasks": [task], "inventory": {}}))
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "mine").write_text(SCRIPT)
    assert own(load(str(tmp_path / "small.json"))).files == {"any": "modules/mine"}


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({"library__mine": "echo\n"}, "library/mine is a script without an interpreter line"),
        ({"library__mine": "#!/bin/py\nfrom ansible.module_utils.x import y\n"}, "with Ansible's Python library"),
        ({"library__mine": "#!powershell\n#Requires -Module Ansible\n"}, "with Ansible's PowerShell library"),
        ({"library__mine_DOT_sh": SCRIPT, "library__mine_DOT_py": SCRIPT}, "library/mine.sh are both the module"),
        ({"library__mine_DOT_x86_64_DASH_linux": elf(183)}, "is an executable for aarch64-linux, not for x86_64-linux"),
        ({"library__mine": elf(40)}, "library/mine is an executable for a machine that is no target"),
        ({"library__mine": elf(62), "library__mine_DOT_x86_64_DASH_linux": SCRIPT}, "are of different kinds"),
        ({"library__mine": "#!/bin/sh\n_deploy_tasks_undo <<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"}, "put into its text"),
        ({"library__mine": SCRIPT, "library__mine_DOT_yml": "x: 1"}, "library/mine.yml has no mapping DOCUMENTATION"),
        ({"library__mine": SCRIPT, "library__mine_DOT_yml": "DOCUMENTATION: {options: [a]}"}, "is no mapping of map"),
        ({"library__mine": SCRIPT, "library__mine_DOT_yml": odd("type: [str]")}, "options.a.type is no text"),
        ({"library__mine": SCRIPT, "library__mine_DOT_yml": odd("choices: 5")}, "options.a.choices is no list"),
        ({"library__mine": SCRIPT, "library__mine_DOT_yml": odd("aliases: foo")}, "options.a.aliases is no list"),
        ({"library__mine": SCRIPT, "library__mine_DOT_yml": UNSUPPORTED}, "attributes.undo.support is no text"),
    ],
)  # fmt: skip
def test_what_is_no_module(tmp_path: Path, modules: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError) as refused:
        site(tmp_path, **modules)
    (problem,) = refused.value.problems
    assert message in problem.message
    assert problem.line == 4


def test_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text(SCRIPT)
    folder = tmp_path / "site"
    (folder / "library").mkdir(parents=True)
    os.symlink(tmp_path / "outside", folder / "library" / "mine")
    with pytest.raises(PlanError, match="is a link to outside the plan's folder"):
        site(folder)


def test_names_that_are_taken(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="ping is a module that is there, and also library/ping"):
        site(tmp_path / "one", "ping: {}", library__ping=SCRIPT)
    # A copy of Ansible's own does what ours does, and a folder of that name says nothing.
    copied = "#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\n"
    for folder, modules in (("two", {"library__ping": copied}), ("three", {"modules__ping__main": "x"})):
        found = site(tmp_path / folder, "ping: {}", **modules)
        assert [each.own for each in found.plan.walk()] == [None] * len(list(found.plan.walk()))


def test_an_unknown_module_is_told_the_way_out(tmp_path: Path) -> None:
    ((message, hint),) = problems(site(tmp_path))
    assert message == "there is no module 'mine'"
    assert hint is not None
    assert "modules/ beside the plan (docs/modules.md)" in hint
    assert (ROOT / "docs/modules.md").exists()


def test_a_module_may_be_called_like_a_keyword(tmp_path: Path) -> None:
    found = site(tmp_path, "note: text=x", library__note=SCRIPT)
    assert [each.args for each in found.plan.walk() if each.own] == [{"text": "x"}]


DOC = """DOCUMENTATION:
  options:
    name: {type: str, required: true}
    state: {type: str, choices: ["on", "off"], aliases: [to]}
    times: {type: int}
    rest: {type: json}
  attributes: {check_mode: {support: none}, undo: {support: full}}
"""


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("mine: {name: x, to: 'on', times: 3, rest: {}}", None),
        ("mine: {name: x, to: '{{ later }}'}", None),
        ("mine: {state: 'on'}", "mine needs the argument name"),
        ("mine: {name: x, state: maybe}", "'maybe' is not one of on, off"),
        ("mine: {name: x, times: often}", "must be a whole number"),
        ("mine: {name: x, nmae: y}", "mine has no argument 'nmae'"),
        ("mine: some text", "mine takes no free text"),
        ("mine: '{{ all_of_them }}'", None),
    ],
)
def test_arguments_that_are_described(tmp_path: Path, task: str, message: str | None) -> None:
    found = site(tmp_path, task, library__mine=SCRIPT + "# _ansible_check_mode", library__mine_DOT_yml=DOC)
    assert (own(found).check, own(found).undo) == (False, True)
    told = [text for text, _ in problems(found)]
    assert (not told) if message is None else any(message in text for text in told), told


def test_free_text_is_no_argument(tmp_path: Path) -> None:
    assert [text for text, _ in problems(site(tmp_path, "mine: some text", library__mine=SCRIPT))] == [
        "mine takes no free text"
    ]


def test_the_executable_for_each_target(tmp_path: Path) -> None:
    found = site(tmp_path, library__mine_DOT_x86_64_DASH_linux=elf(62), library__mine_DOT_aarch64_DASH_linux=elf(183))
    program = lower(found.plan, files(found.plan, found.base))
    by_target = {target.triple: [path.name for _, path in program.files_for(target.triple)] for target in (X86, ARM)}
    assert by_target == {"x86_64-linux": ["mine.x86_64-linux"], "aarch64-linux": ["mine.aarch64-linux"]}
    for target in (X86, ARM):
        refuse_foreign(program, target)
    with pytest.raises(CompileError, match="the module mine has no executable for x86_64-windows") as refused:
        refuse_foreign(program, TARGETS[4])
    assert "put it at library/mine.x86_64-windows" in (refused.value.hint or "")


def test_an_executable_for_another_machine_is_refused(tmp_path: Path) -> None:
    found = site(tmp_path / "one", library__mine=elf(62))
    program = lower(found.plan, files(found.plan, found.base))
    refuse_foreign(program, X86)
    with pytest.raises(CompileError, match=r"the module mine \(library/mine\) is an executable for x86_64-linux"):
        refuse_foreign(program, ARM)
    script = site(tmp_path / "two", library__mine=SCRIPT)
    program = lower(script.plan, files(script.plan, script.base))
    refuse_foreign(program, ARM)
    with pytest.raises(CompileError, match="is a script, which no Windows host runs"):
        refuse_foreign(program, TARGETS[4])


def test_the_example_does_what_its_page_says(tmp_path: Path) -> None:
    found = load(str(ROOT / "examples/own/site.yml"))
    assert {each.own.name for each in found.plan.walk() if each.own} == {"feature"}
    assert own_of(found).check
    assert own_of(found).undo
    assert problems(found) == []

    def call(**given: str) -> Any:
        given = {"name": "surveys", "folder": str(tmp_path), "_ansible_check_mode": "False", **given}
        args = tmp_path / "args"
        args.write_text(" ".join(f"{key}='{value}'" for key, value in given.items()))
        ended = subprocess.run(
            [ROOT / "examples/own/library/feature", args], capture_output=True, timeout=60, check=False
        )
        return json.loads(ended.stdout)

    file = tmp_path / "surveys"
    assert call(_deploy_tasks_undo="look") == {"_deploy_tasks_state": None, "_deploy_tasks_thing": "surveys"}
    assert call(state="off", _ansible_check_mode="True")["changed"]
    assert not file.exists()
    assert call(state="off") == {"changed": True, "state": "off", "before": None}
    assert file.read_text() == "off\n"
    assert call(state="off") == {"changed": False, "state": "off"}
    assert call(_deploy_tasks_undo="look")["_deploy_tasks_state"] == "off"
    call(_deploy_tasks_undo="restore", _deploy_tasks_state="on")
    assert file.read_text() == "on\n"
    call(_deploy_tasks_undo="restore")
    assert not file.exists()
    assert call(name="../x")["failed"]
    assert call(state="maybe")["failed"]


def own_of(found: Loaded) -> OwnModule:
    return next(each.own for each in found.plan.walk() if each.own)
