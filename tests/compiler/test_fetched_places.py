"""Where files of hosts may go: what plan, inventory and extra variables make, and nothing that a host makes up."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_tasks.compiler.asking import Document
from deploy_tasks.compiler.expressions import lower_value
from deploy_tasks.compiler.fetched_places import Places, Refused, refused
from deploy_tasks.plan.fetched import NoPlace, place

HOST = {"inventory_hostname": "web1", "backups": "/srv/backups", "kinds": ["app", "db"], "own": "{{ backups }}/own"}


def program(dest: Any, src: Any = "/etc/{{ ansible_hostname }}", folder: str = "", **task: Any) -> dict[str, Any]:
    """A program of one task that fetches."""
    step = {"id": "t1", "module": "fetch", "args": {"src": src, "dest": dest}, "where": "tasks[1]", **task}
    first = {"id": "t0", "module": "command", "args": {"_raw_params": "x"}, "register": "result"}
    inner = {"block": [first, {"include": "tasks", "choices": {"a.yml": [step]}}]}
    found: dict[str, Any] = lower_value({"plays": [{"vars": {"said": "files/of"}, "tasks": [inner]}]}, where="test")
    return found | ({"playbook_dir": folder} if folder else {})


def find(document: dict[str, Any], dest: str, src: str = "/etc/x", *, flat: bool = True, **extra: Any) -> str:
    host = lower_value(HOST, where="host")
    return Places(Document().read(document), host, extra).find("t1", dest, src, flat=flat)


@pytest.mark.parametrize(
    ("said", "dest"),
    [
        ("out", "out"),
        ("../out/x", "../out/x"),
        ("/srv/x", "/srv/x"),
        ("{{ backups }}/{{ inventory_hostname }}", "/srv/backups/web1"),
        ("{{ own }}", "/srv/backups/own"),
        ("{{ said }}/{{ kinds[1] }}", "files/of/db"),
        ("{{ inventory_hostname }}.txt", "web1.txt"),
        ("{{ late }}/x", "there/x"),
        ("{{ missing | default('here') }}/x", "here/x"),
        ("out/{{ ansible_hostname }}", "out/whatever"),
        ("{{ inventory_hostname }}/{{ result.stdout }}/x", "web1/a.b-c/x"),
        ("{{ backups }}/{{ ansible_hostname }}.log", "/srv/backups/w.log"),
    ],
)
def test_what_the_plan_says(said: str, dest: str) -> None:
    assert refused(program(said)) == []
    assert find(program(said), dest, late="there") == dest


@pytest.mark.parametrize(
    ("said", "dest"),
    [
        ("out", "other"),
        ("out", "/out"),
        ("out", "out/../site.yml"),
        ("{{ backups }}/x", "/srv/backups/y"),
        ("out/{{ ansible_hostname }}", "out/.."),
        ("out/{{ ansible_hostname }}", "out/a/b"),
        ("out/{{ ansible_hostname }}", "outside"),
        ("out/{{ ansible_hostname }}/x", "out/../x"),
        ("{{ inventory_hostname }}/x", "web2/x"),
        ("{{ late }}/x", "/etc/x"),
        ("out/{{ item }}", "out/c"),
    ],
)
def test_a_host_that_says_something_else_is_refused(said: str, dest: str) -> None:
    document = program(said, loop=["app", "db"])
    with pytest.raises(Refused, match="is none that the plan and the inventory say for web1; begin dest with a folder"):
        find(document, dest)


def test_loops_say_what_their_items_are() -> None:
    document = program("out/{{ item }}", loop=["app", "{{ kinds[1] }}"])
    assert find(document, "out/db") == "out/db"


@pytest.mark.parametrize(
    "said",
    [
        "{{ ansible_hostname }}",
        "{{ ansible_hostname }}/x",
        "x-{{ ansible_hostname }}",
        "./{{ ansible_hostname }}",
        "/{{ ansible_hostname }}",
        "~/{{ ansible_hostname }}",
        "out/../{{ ansible_hostname }}",
        "../{{ result.stdout }}",
        "{{ result.stdout }}/{{ inventory_hostname }}",
    ],
)
def test_a_plan_whose_dest_only_the_host_knows_is_refused(said: str) -> None:
    (problem,) = refused(program(said))
    assert (problem.path, problem.hint) == (
        "tasks[1].args.dest",
        "begin dest with a folder that is written out: fetched/{{ … }}",
    )
    with pytest.raises(Refused):
        find(program(said), "x")


@pytest.mark.parametrize(
    ("said", "dest"),
    [
        ("{{ playbook_dir }}/{{ ansible_hostname }}", "sub/play/site.yml"),
        ("sub/play/{{ ansible_hostname }}", "sub/play/site.yml"),
        ("../play/{{ ansible_hostname }}", "../play/site.yml"),
        ("out/../x-{{ ansible_hostname }}", "out/../x-site.yml"),
        ("../{{ ansible_hostname }}", "../main.yml"),
    ],
)
def test_no_host_chooses_a_name_beside_a_playbook_in_a_folder_of_the_plan(said: str, dest: str) -> None:
    document = program(said, folder="sub/play")
    assert len(refused(document)) == 1
    with pytest.raises(Refused, match="begin dest with a folder"):
        find(document, dest)
    below = said.replace("{{ ansible_hostname }}", "out/{{ ansible_hostname }}")
    assert refused(program(below, folder="sub/play")) == []


def test_arguments_that_are_one_variable_say_no_place() -> None:
    document = program("x")
    document["plays"][0]["tasks"][0]["block"][1]["choices"]["a.yml"][0]["args"] = {
        "_variable_params": {"$": ["var", "x"]}
    }
    assert len(refused(document)) == 1


@pytest.mark.parametrize("dest", ["./", "../", "/", "play/", "../play/", "out/../"])
def test_beside_the_plan_the_name_is_the_plans_too(dest: str) -> None:
    assert find(program(dest, "/etc/motd", "play"), dest, "/etc/motd").endswith("motd")
    with pytest.raises(Refused, match=r"src '/tmp/site.yml' is only known on the host"):
        find(program(dest, folder="play"), dest, "/tmp/site.yml")
    assert find(program("out/"), "out/", "/tmp/site.yml") == "out/site.yml"


@pytest.mark.parametrize(
    ("dest", "src", "flat", "found"),
    [
        ("out", "/etc/motd", False, "out/web1/etc/motd"),
        ("out/", "/a/../../../etc/./motd", False, "out/web1/etc/motd"),
        ("", "/etc/motd", False, "web1/etc/motd"),
        ("/", "log", False, "/web1/log"),
        ("~/x", "C:/log", False, "~/x/web1/C:/log"),
        ("out//x/../y", "/etc/motd", True, "out/y"),
        ("out/", "/etc/motd", True, "out/motd"),
        ("/out/", "motd", True, "/out/motd"),
    ],
)
def test_place(dest: str, src: str, flat: bool, found: str) -> None:
    assert place(dest, src, flat=flat, host="web1") == found


def test_a_relative_dest_counts_from_the_playbook() -> None:
    assert place("out", "/x", flat=True, host="h", folder="play") == "play/out"
    assert place("play/out", "/x", flat=True, host="h", folder="play") == "play/out"  # made of playbook_dir
    assert place("/out", "/x", flat=True, host="h", folder="play") == "/out"
    assert find(program("out", folder="play"), "out") == "play/out"


def test_folders_of_playbook_and_role_are_the_plans() -> None:
    document = program("{{ playbook_dir }}/x", folder="play")
    assert find(document, "play/x") == "play/x"
    document = program("{{ role_path }}/x", folder="play")
    document["plays"][0]["tasks"][0]["role_path"] = "roles/r"
    assert refused(document) == []
    assert find(document, "roles/r/x") == "roles/r/x"
    with pytest.raises(Refused):
        find(document, "roles/s/x")


@pytest.mark.parametrize(
    ("dest", "src", "flat", "host"),
    [
        ("out", "../x", False, "h"),
        ("out", "a/../../x", False, "h"),
        ("out", "/", False, "h"),
        ("out", ".", False, "h"),
        ("out", "/x", False, ".."),
        ("out", "/x", False, "a/b"),
        ("out/", "/x/..", True, "h"),
        ("out/", "/x/", True, "h"),
        ("", "/x", True, "h"),
        ("out\0", "/x", True, "h"),
        ("o" * 5000, "/x", True, "h"),
    ],
)
def test_words_that_name_no_place(dest: str, src: str, flat: bool, host: str) -> None:
    with pytest.raises(NoPlace):
        place(dest, src, flat=flat, host=host)
