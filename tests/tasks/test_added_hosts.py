"""Hosts that no inventory has, brought in by `add_host`, from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.fleet import Fleet
from deploy_tasks.fleet import Host as FleetHost
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState as S
from deploy_tasks.producer import Handle, Request, prepare
from deploy_tasks.rollout.record import Options
from tests.support.playbooks import write_site
from tests.support.workers import Site, local_hosts

ADDING = """
- hosts: all
  gather_facts: false
  tasks:
    - name: What is wanted
      command: cat {{ wanted }}
      register: found
      changed_when: false
      check_mode: false
    - name: The wanted ones
      add_host:
        name: "{{ item.name }}"
        groups: [fresh]
        ansible_connection: local
        home: "{{ item.home }}"
        deploy_tasks_state_dir: "{{ item.home }}/state"
      loop: "{{ machines }}"
      when: item.name in found.stdout.split()
"""
FRESH = """
- hosts: fresh
  gather_facts: false
  max_fail_percentage: 40
  tasks:
    - name: Note
      copy:
        content: "{{ inventory_hostname }} of {{ players | join(',') }} by {{ hostvars.host0.found.stdout }}"
        dest: "{{ home }}/out.txt"
      vars: {players: "{{ ansible_play_hosts_all }}"}
    - name: Once
      copy: {content: "{{ inventory_hostname }}", dest: "{{ home }}/once.txt"}
      run_once: true
    - name: Not everywhere
      fail: {msg: no}
      when: inventory_hostname == fails | default('')
"""


@pytest.fixture
def machines(tmp_path: Path) -> list[dict[str, str]]:
    made = [{"name": f"new{number}", "home": str(tmp_path / f"new{number}")} for number in range(3)]
    for each in made:
        Path(each["home"]).mkdir()
    return made


def deploy(site: Site, folder: Path, playbook: str, inventory: Path, given: dict[str, Any], **options: Any) -> Handle:
    where = write_site(folder, {"site.yml": playbook}) / "site.yml"
    return site.producer.submit(prepare(Request(where, inventory, extra_vars=given, options=Options(**options))))


def wanting(tmp_path: Path, machines: list[dict[str, str]], names: str) -> dict[str, Any]:
    (tmp_path / "wanted").write_text(names)
    return {"machines": machines, "wanted": str(tmp_path / "wanted")}


def wrote(machines: list[dict[str, str]], name: str = "out.txt") -> list[str | None]:
    places = [Path(each["home"]) / name for each in machines]
    return [place.read_text() if place.exists() else None for place in places]


def test_only_hosts_that_a_task_has_added_are_touched(
    site: Site, tmp_path: Path, machines: list[dict[str, str]]
) -> None:
    given = wanting(tmp_path, machines, "new2 new1")
    result = deploy(site, tmp_path, ADDING + FRESH, local_hosts(tmp_path, 1), given).wait(60)
    assert result.ok, result.to_json()
    assert wrote(machines) == [None, *(f"new{n} of new1,new2 by new2 new1" for n in (1, 2))]
    assert wrote(machines, "once.txt") == [None, "new1", None]
    assert {name: host.status for name, host in result.hosts.items()} == {
        "host0": S.SUCCEEDED, "new0": S.UNTOUCHED, "new1": S.SUCCEEDED, "new2": S.SUCCEEDED
    }  # fmt: skip
    assert (result.hosts["new0"].left_out, result.hosts["new0"].touched) == (True, False)
    assert not (tmp_path / "new0" / "state").exists()
    assert result.select("failed") == ()


def test_a_host_that_is_not_there_counts_in_no_budget(
    site: Site, tmp_path: Path, machines: list[dict[str, str]]
) -> None:
    """One of two may not fail where 40 % may, though it is one of three that the plan may add."""
    given = wanting(tmp_path, machines, "new0 new2") | {"fails": "new2"}
    handle = deploy(site, tmp_path, ADDING + FRESH, local_hosts(tmp_path, 1), given)
    result = handle.wait(60)
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert wrote(machines) == [None, None, None]
    assert result.hosts["new1"].status is S.UNTOUCHED
    assert {result.hosts[name].status for name in ("host0", "new0", "new2")} == {S.ROLLED_BACK}


def test_a_host_goes_through_stages_from_where_it_was_added(
    site: Site, tmp_path: Path, machines: list[dict[str, str]]
) -> None:
    late = ADDING.replace("found.stdout.split()", "['new1']").replace("hosts: all", "hosts: host0")
    given = wanting(tmp_path, machines, "new0")
    playbook = ADDING + FRESH + late + FRESH.replace("out.txt", "later.txt")
    result = deploy(site, tmp_path, playbook, local_hosts(tmp_path, 1), given).wait(60)
    assert result.ok, result.to_json()
    assert wrote(machines) == ["new0 of new0 by new0", None, None]
    assert wrote(machines, "later.txt") == ["new0 of new0,new1 by new0", "new1 of new0,new1 by new0", None]
    assert [host.ok for host in result.hosts.values()] == [4, 4, 1, 0]


def test_nothing_is_delegated_to_a_host_before_it_is_added(
    site: Site, tmp_path: Path, machines: list[dict[str, str]]
) -> None:
    task = """
    - copy: {content: x, dest: "{{ machines[0].home }}/for"}
      delegate_to: new0
"""
    given = wanting(tmp_path, machines, "new0")
    result = deploy(site, tmp_path, ADDING + task, local_hosts(tmp_path, 1), given).wait(60)
    assert result.ok, result.to_json()
    assert (tmp_path / "new0" / "for").read_text() == "x"
    before = ADDING.replace("  tasks:\n", "  tasks:\n" + task)
    result = deploy(site, tmp_path, before, local_hosts(tmp_path, 1), given, undo_failed=False).wait(60)
    error = result.hosts["host0"].error
    assert error is not None
    assert "'new0' is in no inventory, and no add_host has added it yet" in error.message


def test_only_what_is_known_beforehand_names_new_hosts(
    site: Site, tmp_path: Path, machines: list[dict[str, str]]
) -> None:
    computed = ADDING.replace('name: "{{ item.name }}"', 'name: "{{ found.stdout }}"').replace(
        "item.name in", "true or item.name in"
    )
    literal = "    - add_host: {name: new0, ansible_connection: local}\n      when: false\n"
    given = wanting(tmp_path, machines, "other.example")
    result = deploy(site, tmp_path, computed + literal, local_hosts(tmp_path, 1), given, undo_failed=False).wait(60)
    error = result.hosts["host0"].error
    assert error is not None
    assert "'other.example' is no host of the inventory, and only the run knows its name" in error.message


@pytest.mark.fleet
def test_new_hosts_are_reached_over_ssh_and_taken_back_with_the_others(
    site: Site, tmp_path: Path, fleet: Fleet
) -> None:
    first, second, third, _ = fleet.hosts.values()
    machines = [*map(_machine, (second, third)), {"name": "gone", "port": 9, "key": second.seat.key}]
    playbook = f"""
- hosts: {first.name}
  gather_facts: false
  tasks:
    - add_host:
        name: "{{{{ item.name }}}}:{{{{ item.port }}}}"
        groups: fresh
        ansible_host: "{{{{ item.at | default('127.0.0.1') }}}}"
        ansible_user: root
        ansible_ssh_private_key_file: {fleet.key_path}
        deploy_tasks_host_key: "{{{{ item.key }}}}"
      loop: "{{{{ machines }}}}"
      when: item.name in asked
- hosts: fresh
  tasks:
    - copy: {{content: "{{{{ ansible_hostname }}}}", dest: /srv/added}}
    - fail: {{msg: no}}
      when: inventory_hostname == fails | default('')
- hosts: {first.name}
  gather_facts: false
  tasks:
    - copy: {{content: "{{{{ groups.fresh | join(',') }}}}", dest: /srv/added}}
"""
    given = {"machines": machines, "asked": [second.name, third.name]}
    inventory = tmp_path / "first.ini"
    others = tuple(name for name in fleet.hosts if name != first.name)
    inventory.write_text("".join(line for line in fleet.inventory_path.open() if not line.startswith(others)))

    def run(**more: Any) -> Handle:
        return deploy(site, tmp_path, playbook, inventory, given | more, timeout_s=20)

    failed = run(fails=third.name).wait(90)
    assert failed.status is D.ROLLED_BACK, json.dumps(failed.to_json())
    assert not any(host.path("/srv/added").exists() for host in (first, second, third))
    lost = run(asked=[second.name, "gone"]).wait(90)
    assert (lost.status, lost.hosts["gone"].status) == (D.ROLLED_BACK, S.UNREACHABLE), lost.to_json()
    assert not second.path("/srv/added").exists()
    good = run()
    result = good.wait(90)
    assert result.ok, json.dumps(result.to_json())
    assert first.path("/srv/added").read_text() == f"{second.name},{third.name}"
    assert third.path("/srv/added").exists()
    assert result.hosts["gone"].status is S.UNTOUCHED
    assert good.rollback().wait(90).status is D.ROLLED_BACK
    assert not any(host.path("/srv/added").exists() for host in (first, second, third))


def _machine(host: FleetHost) -> dict[str, Any]:
    return {"name": host.name, "at": host.address, "port": host.port, "key": host.seat.key}
