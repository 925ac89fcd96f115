"""Files that only the inventory names: found before a host is reached, and nothing else of the folder with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.plan.files import files
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.load import Given, Loaded, load
from deploy_tasks.plan.model import Task
from deploy_tasks.plan.said import Said
from tests.support.playbooks import work, write_site

SITE = {
    "site.yml": "- hosts: all\n  tasks:\n    - TASK\n",
    "files/a": "a",
    "files/b": "b",
    "files/unused": "",
    "keys/one": "1",
    "keys/two": "2",
}


def inventory(**both: list[object]) -> Inventory:
    """Two hosts with one value each."""
    hosts = [Host(name=f"h{n}", vars={name: values[n] for name, values in both.items()}) for n in (0, 1)]
    return Inventory(hosts={host.name: host for host in hosts})


def loaded(folder: Path, task: str, said: Inventory | None) -> Loaded:
    write_site(folder, {**SITE, "site.yml": SITE["site.yml"].replace("TASK", task)})
    return load(str(folder / "site.yml"), Given().beside(said))


@pytest.mark.parametrize(
    ("task", "said", "found"),
    [
        ('copy: {src: "{{ x }}", dest: /x}', {"x": ["a", "b"]}, ["files/a", "files/b"]),
        ('copy: {src: "{{ x }}", dest: /x}', {"x": ["keys/one", "files/b"]}, ["files/b", "keys/one"]),
        ('copy: {src: "{{ x }}/one", dest: /x}', {"x": ["keys", "{{ playbook_dir }}/keys"]}, ["keys/one"]),
        ("copy: {content: \"{{ lookup('file', x) }}\", dest: /x}", {"x": ["a", "keys/one"]}, ["files/a", "keys/one"]),
        (
            '{copy: {src: "{{ item.k }}", dest: /x}, loop: "{{ x }}"}',
            {"x": [[{"k": "a"}], [{"k": "keys/two"}]]},
            ["files/a", "keys/two"],
        ),
        (
            '{copy: {content: "{{ lookup(\'file\', item.value.k) }}", dest: /x}, loop: "{{ x | dict2items }}"}',
            {"x": [{"u": {"k": "a"}}, {}]},
            ["files/a"],
        ),
        # What one host names is not there: the folder travels, as without an inventory.
        ('copy: {src: "{{ x }}", dest: /x}', {"x": ["a", "none"]}, ["files/a", "files/b", "files/unused"]),
        ("copy: {content: \"{{ lookup('file', fact) }}\", dest: /x}", {}, ["files/a", "files/b", "files/unused"]),
    ],
)
def test_what_travels(tmp_path: Path, task: str, said: dict[str, list[object]], found: list[str]) -> None:
    hosts = inventory(**said)
    plan = loaded(tmp_path, task, hosts)
    assert list(files(plan.plan, plan.base, hosts)) == found


def test_a_host_finds_its_file_by_the_name_as_it_is_written(tmp_path: Path) -> None:
    (task,) = work(loaded(tmp_path, 'copy: {src: "{{ x }}", dest: /x}', inventory(x=["a", "keys/one"])).plan.plays[0])
    assert isinstance(task, Task)
    assert task.args["src"] == "{{ {'a': 'files/a', 'keys/one': 'keys/one'}.get(x, x) }}"
    assert task.brings == ("files/a", "keys/one")


SET = 'set_fact: {x: "{{ cmd.stdout }}"}'
REGISTERED = "{command: x, register: x}"


@pytest.mark.parametrize("before", [SET, REGISTERED, "include_vars: more.yml", "add_host: {name: h, x: b}"])
@pytest.mark.parametrize(
    ("task", "found"),
    [
        ('copy: {src: "keys/{{ x }}", dest: /x}', ["keys/one", "keys/two"]),
        ('copy: {src: "{{ x }}", dest: /x}', ["files/a", "files/b", "files/unused"]),
        ("copy: {content: \"{{ lookup('file', x) }}\", dest: /x}", ["files/a", "files/b"]),
    ],
)
def test_what_tasks_set_is_not_the_inventorys_alone(tmp_path: Path, before: str, task: str, found: list[str]) -> None:
    write_site(tmp_path, {"keys/a": "", "more.yml": "x: b"})
    hosts = inventory(x=["a", "a"])
    both = loaded(tmp_path, f"{task}\n    - {before}", hosts)
    assert set(files(both.plan, both.base, hosts)) >= set(found)
    alone = loaded(tmp_path, task, hosts)
    assert len(files(alone.plan, alone.base, hosts)) == 1


@pytest.mark.parametrize("task", ['synchronize: "{{ o }}"', '{synchronize: {dest: /y}, args: "{{ o }}"}'])
def test_what_a_mapping_of_the_inventory_leaves_out_does_not_travel(tmp_path: Path, task: str) -> None:
    write_site(tmp_path, {"trees/one/a": "", "trees/one/key": "s", "trees/two/sub/b": "", "trees/two/key": "s"})
    said = [
        {"src": "trees/one", "dest": "/x", "rsync_opts": ["--exclude=key"]},
        {"src": "trees/two/", "dest": "/x", "rsync_opts": "--exclude=/key"},
    ]
    hosts = inventory(o=list(said))
    plan = loaded(tmp_path, task, hosts)
    assert list(files(plan.plan, plan.base, hosts)) == ["trees/one/a", "trees/two/sub/b"]


@pytest.mark.parametrize(
    ("values", "secret"),
    [
        (["a", "b"], "a"),
        (["{% raw %}{{ a }}{% endraw %}", "b"], "{{ a }}"),
        ([{"k": ["s3cret"]}, {}], "s3cret"),
        ([51966, 1], "51966"),
    ],
)
def test_values_of_which_one_is_secret_are_not_known(values: list[object], secret: str) -> None:
    hosts = inventory(x=values, y=[7, 8]).model_copy(update={"secrets": (secret, "7")})
    assert Said(hosts).values("x") is None
    assert Said(hosts).values("y") == (7, 8)  # too short to be told from any other 7


def test_a_secret_of_the_inventory_is_no_name(tmp_path: Path) -> None:
    secret = inventory(x=["a", "keys/one"]).model_copy(update={"secrets": ("a",)})
    (task,) = work(loaded(tmp_path, 'copy: {src: "{{ x }}", dest: /x}', secret).plan.plays[0])
    assert isinstance(task, Task)
    assert task.args["src"] == "files/{{ x }}"
    assert not task.brings
