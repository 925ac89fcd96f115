"""Templates of keywords: filled in while the playbook is read, left to the hosts, or refused as nobody can know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.plan.model import Play, Task
from tests.support.playbooks import load, only_play, problems, work

KNOWN = "must be known before anything runs"
SITE = """
- hosts: all
  any_errors_fatal: "{{ fatal | default(true) }}"
  tags: ["{{ stage }}", "{{ others }}", fixed]
  vars: {stage: live, others: [one, "two, three"], seats: 2}
  tasks:
    - name: first
      ping:
    - name: second
      ping:
      any_errors_fatal: "{{ not fatal | default(true) }}"
      tags: "{{ stage }}-2,last"
      serial: "{{ seats * 25 }}%"
      throttle: "{{ ansible_processor_vcpus }}"
      timeout: "{{ patience }}"
    - block:
        - name: third
          ping:
      vars: {stage: inner}
      tags: "{{ stage }}"
      any_errors_fatal: "{{ stage == 'other' }}"
"""


def tasks(play: Play) -> dict[str, Task]:
    return {task.name: task for step in work(play) for task in ([step] if isinstance(step, Task) else step.walk())}


@pytest.mark.parametrize(
    ("extra", "fatal"),
    [({}, (True, False, False)), ({"fatal": "no"}, (False, False, False)), ({"fatal": 0}, (False, True, False))],
)
def test_what_is_known_is_filled_in(tmp_path: Path, extra: dict[str, Any], fatal: tuple[bool, ...]) -> None:
    play = only_play(load(tmp_path, {"site.yml": SITE}, extra_vars=extra))
    found = tasks(play)
    assert [found[name].any_errors_fatal for name in ("first", "second", "third")] == list(fatal)
    assert play.any_errors_fatal is fatal[0]
    assert found["second"].serial == "50%"
    first = work(play)[0]
    assert isinstance(first, Task)
    assert first.tags == ("live", "one", "two, three", "fixed")
    assert found["second"].tags == ("live", "one", "two, three", "fixed", "live-2", "last")
    assert work(play)[2].tags == ("live", "one", "two, three", "fixed", "inner")


def test_what_hosts_may_decide_is_left_to_them(tmp_path: Path) -> None:
    second = tasks(only_play(load(tmp_path, {"site.yml": SITE})))["second"]
    assert (second.throttle, second.timeout_s) == ("{{ ansible_processor_vcpus }}", "{{ patience }}")


@pytest.mark.parametrize(
    ("line", "path", "message"),
    [
        ('tags: "{{ from_inventory }}"', "tags", f"{KNOWN}: 'from_inventory' is not known before the deployment"),
        ('any_errors_fatal: "{{ ansible_check_mode }}"', "any_errors_fatal", f"{KNOWN}: 'ansible_check_mode' is"),
        ('any_errors_fatal: "{{ 5 }}"', "any_errors_fatal", "must be true or false"),
        ('serial: "{{ 0 }}"', "serial", "must be a count of hosts or a percentage of them, from 1"),
        ('serial: "{{ groups.web | length }}"', "serial", f"{KNOWN}: 'groups' is not known"),
        ("serial: [1, 2]", "serial", "must be a count of hosts or a percentage"),
        ('tags: [[{a: 1}], "{{ [[1], true] }}"]', "tags", "must be texts, but one is"),
    ],
)  # fmt: skip
def test_what_nobody_can_know_is_refused(tmp_path: Path, line: str, path: str, message: str) -> None:
    (found, *_) = problems(tmp_path, {"site.yml": f"- hosts: all\n  tasks:\n    - ping:\n      {line}\n"})
    assert found.path == f"site.yml[0].tasks[0].{path}"
    assert found.message.startswith(message)


def test_serial_is_for_tasks_and_handlers(tmp_path: Path) -> None:
    site = """
- hosts: all
  tasks:
    - import_tasks: more.yml
      serial: 1
    - include_tasks: more.yml
      serial: 1
    - block: [{ping: }]
      serial: 1
    - ping:
      serial: 1
      run_once: true
  handlers: [{name: Restart, ping: , serial: 1}]
"""
    found = problems(tmp_path, {"site.yml": site, "more.yml": "- ping:\n"})
    assert [each.path.rpartition(".")[0] for each in found] == [f"site.yml[0].tasks[{n}]" for n in range(4)]
    assert {each.path.rpartition(".")[2] for each in found} == {"serial"}


def test_delegate_facts_is_known_when_the_playbook_is_read(tmp_path: Path) -> None:
    task = "{setup: , delegate_to: b, delegate_facts: '{{ theirs }}'}"
    text = f"- hosts: all\n  vars: {{theirs: true}}\n  tasks:\n  - {task}\n"
    [found] = [task for task in load(tmp_path, {"site.yml": text}).plan.walk() if task.module == "setup"]
    assert found.delegate_facts is True
