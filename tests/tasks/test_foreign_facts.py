"""`hostvars` of other hosts' facts: gathered when a host reads them, only what the plan reads, once for all hosts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.plan.model import Plan, Play
from deploy_tasks.rollout import keys
from tests.support.workers import Site, local_hosts
from tests.tasks import test_run_once
from tests.tasks.test_run_once import content, deploy, note, shell

KERNELS = "{{ groups['all'] | map('extract', hostvars, 'ansible_kernel') | list | length }}"


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    return local_hosts(tmp_path, 3)


def play(*tasks: dict[str, Any], **more: Any) -> Plan:
    """A plan of one play that gathers facts."""
    return test_run_once.play(*tasks, **{"gather_facts": True, **more})


def other(expression: str) -> str:
    """An expression over the variables of the next host."""
    following = "{'host0': 'host1', 'host1': 'host2', 'host2': 'host0'}[inventory_hostname]"
    return f"{{{{ hostvars[{following}]{expression} }}}}"


def test_facts_of_another_host_are_there_when_they_are_read(site: Site, hosts: Path) -> None:
    plan = play(note(other(".ansible_kernel") + " " + other("['ansible_facts'].kernel")))
    handle = deploy(site, plan, hosts)
    result = handle.wait(60)
    assert result.ok, result.to_json()
    assert content(hosts) == [f"{os.uname().release} {os.uname().release}"] * 3
    kept = site.producer.redis.hgetall(keys.facts(handle.id))
    assert set(kept) == {"host0", "host1", "host2"}
    assert os.uname().release not in repr(kept)
    assert site.producer.redis.ttl(keys.facts(handle.id)) > 0


def test_only_the_facts_that_are_read_are_kept(site: Site, hosts: Path) -> None:
    handle = deploy(site, play(note(other(".ansible_kernel"))), hosts)
    assert handle.wait(60).ok
    here = site.producer.redis.hgetall(keys.facts(handle.id))
    assert max(len(sealed) for sealed in here.values()) < 300


def test_all_hosts_of_a_group_can_be_gone_through(site: Site, hosts: Path) -> None:
    result = deploy(site, play(note(KERNELS)), hosts).wait(60)
    assert result.ok, result.to_json()
    assert content(hosts) == ["3"] * 3


def test_without_gathering_there_are_none(site: Site, hosts: Path) -> None:
    plan = play(note(other(".ansible_kernel").replace(" }}", " | default('none') }}")), gather_facts=False)
    handle = deploy(site, plan, hosts)
    assert handle.wait(60).ok
    assert content(hosts) == ["none"] * 3
    assert not site.producer.redis.exists(keys.facts(handle.id))


def test_a_host_that_does_not_answer_has_none(site: Site, hosts: Path) -> None:
    with hosts.open("a") as file:
        file.write("gone ansible_host=127.0.0.1 ansible_port=1\n")
    text = "{{ hostvars['gone'].ansible_kernel | default('none') }} {{ hostvars['gone'].ansible_port }}"
    result = deploy(site, play(note(text)), hosts, max_fail_percentage=30).wait(90)
    assert content(hosts) == ["none 1"] * 3, result.to_json()


def test_nobody_asks_for_facts_that_nobody_reads(site: Site, hosts: Path) -> None:
    handle = deploy(site, play(note("{{ ansible_kernel }} {{ hostvars['host1'].home }}")), hosts)
    assert handle.wait(60).ok
    assert not site.producer.redis.exists(keys.facts(handle.id))


def test_what_a_host_sets_goes_before_its_facts(site: Site, hosts: Path) -> None:
    tasks: list[dict[str, Any]] = [
        {"module": "set_fact", "args": {"ansible_kernel": "mine-{{ inventory_hostname }}"}},
        note(other(".ansible_kernel")),
    ]
    result = deploy(site, play(*tasks), hosts).wait(60)
    assert result.ok, result.to_json()
    assert content(hosts) == ["mine-host1", "mine-host2", "mine-host0"]


def test_facts_are_read_across_plays(site: Site, hosts: Path) -> None:
    first = play(shell("true"), hosts=("host0",)).plays[0]
    second = play(note("{{ hostvars['host0'].ansible_kernel | length > 0 }}"), hosts=("host1", "host2")).plays[0]
    plan = play(shell("true")).model_copy(update={"plays": (first, Play.model_validate(second.model_dump()))})
    result = deploy(site, plan, hosts).wait(60)
    assert result.ok, result.to_json()
    assert content(hosts)[1:] == ["True", "True"]
