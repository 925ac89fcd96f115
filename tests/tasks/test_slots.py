"""`throttle` and `serial` of a task from end to end: how many hosts are at it at a time, in which order, until when.

The hosts share a disk. A task fails when more are at it than may be: each takes one of so many folders, and holds it
until all hosts have come as far as the task.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Handle, Request, prepare
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.record import Options
from tests.support.workers import Site, local_hosts

SEATS = "mkdir {dir}/seat1 && seat=1 || mkdir {dir}/seat2 && seat=2"
HELD = "while [ $(ls {dir}/came | wc -l) -lt 4 ]; do sleep 0.02; done; rmdir {dir}/seat$seat"


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    (tmp_path / "came").mkdir()
    return local_hosts(tmp_path, 4)


def deploy(site: Site, hosts: Path, playbook: str, **options: Any) -> Handle:
    file = hosts.parent / "site.yml"
    file.write_text(playbook.replace("{dir}", str(hosts.parent)))
    return site.producer.submit(prepare(Request(file, hosts, options=Options(**options))))


def order(hosts: Path, name: str = "order") -> list[str]:
    found = hosts.parent / name
    return found.read_text().split() if found.exists() else []


def test_no_more_are_at_it_than_may_be(site: Site, hosts: Path) -> None:
    seats = SEATS.replace("&& seat=1 || mkdir", "&& seat=1 || { mkdir").replace("&& seat=2", "&& seat=2; } || exit 9")
    handle = deploy(
        site,
        hosts,
        f"""
- hosts: all
  gather_facts: false
  tasks:
    - shell: touch {{dir}}/came/{{{{ inventory_hostname }}}}
    - name: Two at most
      shell: "{seats}; {HELD}; echo {{{{ inventory_hostname }}}} >> {{dir}}/order"
      throttle: "{{{{ 1 + 1 }}}}"
""",
    )
    result = handle.wait(40)
    assert result.ok, result.to_json()
    assert sorted(order(hosts)) == ["host0", "host1", "host2", "host3"]
    redis = site.producer.redis
    assert redis.hgetall(keys.slots(handle.id)) == {}, "nobody holds anything any more"


ROLLING = """
- hosts: all
  gather_facts: false
  tasks:
    - shell: echo {{ inventory_hostname }} >> {dir}/changed
      notify: Restart
  handlers:
    - name: Restart
      shell: "mkdir {dir}/restarting && echo {{ inventory_hostname }} >> {dir}/order && rmdir {dir}/restarting && FAILS"
      serial: SERIAL
"""


@pytest.mark.parametrize("serial", ["1", "25%"])
def test_a_handler_restarts_one_by_one_in_order(site: Site, hosts: Path, serial: str) -> None:
    playbook = ROLLING.replace("FAILS", "true").replace("SERIAL", serial)
    assert deploy(site, hosts, playbook).wait(40).ok
    assert order(hosts) == ["host0", "host1", "host2", "host3"]


def test_a_restart_that_fails_is_the_last_one(site: Site, hosts: Path) -> None:
    playbook = ROLLING.replace("FAILS", "test {{ inventory_hostname }} != host1").replace("SERIAL", "1")
    result = deploy(site, hosts, playbook, undo_failed=False).wait(40)
    assert result.status is D.FAILED, result.to_json()
    assert order(hosts) == ["host0", "host1"]
    assert sorted(order(hosts, "changed")) == ["host0", "host1", "host2", "host3"]
    told = {name: host.error.message for name, host in result.hosts.items() if host.error}
    assert told.keys() == {"host1", "host2", "host3"}
    assert told["host2"] == told["host3"] == "serial: not begun on this host: it failed on host1"
    assert {host.error.task for host in result.hosts.values() if host.error} == {"Restart"}


def test_so_many_restarts_may_fail(site: Site, hosts: Path) -> None:
    playbook = ROLLING.replace("FAILS", "test {{ inventory_hostname }} = host1").replace("SERIAL", "1")
    result = deploy(site, hosts, playbook, undo_failed=False, max_fail_percentage=25).wait(40)
    assert order(hosts) == ["host0", "host1", "host2"]
    error = result.hosts["host3"].error
    assert error is not None
    assert error.message.endswith("it failed on host0, host2, and may fail on 1 of the batch at most")


def test_a_host_whose_handler_is_not_due_holds_nobody_up(site: Site, hosts: Path) -> None:
    """Nor one that comes to another end: the last host waits at a gate until the others have restarted."""
    gate = hosts.parent / "order"
    playbook = (
        ROLLING.replace("FAILS", "true")
        .replace("SERIAL", "1")
        .replace("      notify", "      changed_when: inventory_hostname != 'host0'\n      notify")
        .replace(
            "  handlers",
            f"  post_tasks:\n    - shell: while ! grep -q host3 {gate}; do sleep 0.02; done\n"
            "      when: inventory_hostname == 'host0'\n  handlers",
        )
    )
    result = deploy(site, hosts, playbook, timeout_s=20).wait(40)
    assert result.ok, result.to_json()
    assert order(hosts) == ["host1", "host2", "host3"]


def test_a_single_host_asks_nobody(site: Site, tmp_path: Path) -> None:
    hosts = local_hosts(tmp_path, 1)
    handle = deploy(site, hosts, ROLLING.replace("FAILS", "true").replace("SERIAL", "1"))
    assert handle.wait(40).ok
    assert order(hosts) == ["host0"]
    assert not site.producer.redis.exists(keys.slots(handle.id))
