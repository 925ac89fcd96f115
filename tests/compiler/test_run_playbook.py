"""A playbook is one executable that does what ansible-core does: counts, variables, handlers, jobs, rights."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import time
from pathlib import Path

import pytest

from deploy_tasks.compiler import compile_plan, this_machine
from deploy_tasks.plan.files import files
from deploy_tasks.plan.playbook import load_playbook
from tests.support.compiler import shared_cache
from tests.support.playbooks import load

pytestmark = pytest.mark.timeout(600)
COUNTS = ("ok", "changed", "failed", "skipped", "rescued", "ignored")


class Played:
    """What a run told: its summary, and of each task its name, status and result."""

    def __init__(self, output: str) -> None:
        events = [json.loads(line) for line in output.splitlines()]
        self.summary = events[-1]
        self.tasks = [event for event in events if event["event"] == "task"]

    def counts(self) -> dict[str, int]:
        """The numbers of the recap that are not zero."""
        return {name: self.summary[name] for name in COUNTS if self.summary[name]}

    def said(self) -> list[str]:
        """The messages of the debug tasks, in order."""
        return [task["msg"] for task in self.tasks if task["module"] == "debug" and task["status"] == "ok"]


def play(tmp_path: Path, site: dict[str, str], *options: str, env: dict[str, str] | None = None) -> Played:
    loaded = load(tmp_path / "site", site)
    made = compile_plan(loaded.plan, files(loaded.plan, loaded.base), this_machine(), cache=shared_cache())
    command = [str(made.path), "run", "--json", "--no-undo", "--state-dir", str(tmp_path / "state"), *options]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **(env or {})}
    )
    return Played(ended.stdout)


ROLES = {
    "site.yml": """
- hosts: all
  gather_facts: false
  vars: {v: play, d: play}
  roles: [{role: one, p: given}]
  tasks:
    - debug: msg="play {{ v }} {{ d }} {{ e }}"
    - include_role: {name: "{{ item }}"}
      loop: [one]
      vars: {v: included}
    - include_tasks: "{{ item }}.yml"
      loop: [a, b]
      vars: {x: "x{{ item }}"}
    - include_vars: more.yml
    - debug: msg="{{ more }} {{ v }}"
- hosts: all
  gather_facts: false
  force_handlers: true
  handlers:
    - name: forced
      debug: msg=forced
  tasks:
    - block:
        - command: "false"
      rescue:
        - debug: msg="{{ ansible_failed_task.action }} {{ ansible_failed_result.rc }}"
    - command: "true"
      notify: forced
    - command: "false"
""",
    "a.yml": '- debug: msg="a {{ x }} {{ item }}"',
    "b.yml": '- debug: msg="b {{ x }} {{ item }}"',
    "vars/more.yml": 'more: "{{ v }}-more"',
    "roles/one/defaults/main.yml": "{d: default, e: default}",
    "roles/one/vars/main.yml": "{v: role}",
    "roles/one/tasks/main.yml": """
- debug: msg="{{ role_name }} {{ v }} {{ d }} {{ e }} {{ p | default('-') }} {{ item | default('-') }}"
- command: "true"
  notify: told
""",
    "roles/one/handlers/main.yml": """
- name: told
  debug: msg="handler {{ role_name }} {{ e }}"
""",
}


# What ansible-core 2.18 says of the same site.
def test_roles_includes_and_handlers(tmp_path: Path) -> None:
    played = play(tmp_path, ROLES)
    assert played.said() == [
        "one role play default given -",
        "play role play default",
        "one included play default - one",
        "a xa a",
        "b xb b",
        "role-more role",
        "handler one default",
        "command 1",
        "forced",
    ]
    assert played.counts() == {"ok": 16, "changed": 3, "failed": 1, "rescued": 1}


JOBS = """
- hosts: all
  gather_facts: false
  tasks:
    - shell: sleep 30
      async: 60
      poll: 0
      register: long
    - shell: echo out; exit 3
      async: 60
      poll: 0
      register: short
    - async_status: {jid: "{{ short.ansible_job_id }}"}
      register: looked
      until: looked.finished
      retries: 100
      delay: 0
      failed_when: looked.rc != 3
    - async_status: {jid: "{{ long.ansible_job_id }}"}
      register: still
    - debug: msg="{{ looked.stdout }} {{ still.finished }}"
    - command: sleep 30
      async: 1
      poll: 1
      ignore_errors: true
      register: late
    - debug: msg="{{ late.msg }}"
"""


def test_a_job_outlives_the_run_and_ends_when_it_is_taken_back(tmp_path: Path) -> None:
    played = play(tmp_path, {"site.yml": JOBS}, "--deployment", "d1")
    assert played.said() == ["out 0", "async task did not complete within the requested time - 1s"]
    (noted,) = (tmp_path / "state" / "deployments" / "d1" / "jobs").glob("*.pids")
    groups = [int(line.split()[0]) for line in noted.read_text().splitlines()]
    assert len(groups) == 2
    assert all(alive(group) for group in groups)
    undo = [str(made_by(tmp_path)), "undo", "d1", "--state-dir", str(tmp_path / "state")]
    subprocess.run(undo, capture_output=True, timeout=60, check=False)
    assert not any(alive(group) for group in groups)


def made_by(tmp_path: Path) -> Path:
    loaded = load(tmp_path / "site", {"site.yml": JOBS})
    return compile_plan(loaded.plan, {}, this_machine(), cache=shared_cache()).path


def alive(group: int) -> bool:
    """Whether a process of the group does something; what has ended is given a moment to go."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        stat = Path(f"/proc/{group}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs tasks as another user")
def test_tasks_have_the_rights_they_ask_for(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    site = {
        "site.yml": """
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - command: id -un
      become_user: nobody
      register: who
    - command: id -un
      become: false
      register: login
    - command: id -un
      register: root
    - copy: {content: x, dest: /etc/no-such-file-of-ours}
      become_user: nobody
      ignore_errors: true
      register: refused
    - debug: msg="{{ who.stdout }} {{ login.stdout }} {{ root.stdout }} {{ refused is failed }}"
"""
    }
    played = play(tmp_path, site, env={"SUDO_UID": str(nobody.pw_uid), "SUDO_USER": "nobody"})
    assert played.said() == ["nobody nobody root True"]


def test_the_runner_is_small_and_starts_at_once(tmp_path: Path) -> None:
    loaded = load(tmp_path / "site", {"site.yml": "- hosts: all\n  gather_facts: false\n  tasks: [{ping: }]\n"})
    made = compile_plan(loaded.plan, {}, this_machine(), cache=shared_cache())
    assert made.runner.size < 4_000_000
    best = min(elapsed([str(made.path), "version"]) for _ in range(10))
    assert best < 0.1


def elapsed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, timeout=30)
    return time.perf_counter() - began


def test_the_example_is_checked_deployed_and_taken_back_whole(tmp_path: Path) -> None:
    loaded = load_playbook(Path(__file__).parents[2] / "examples" / "site" / "site.yml")
    made = compile_plan(loaded.plan, files(loaded.plan, loaded.base), this_machine(), cache=shared_cache())
    root = tmp_path / "www" / "site"
    given = {"web_root": str(root), "groups": {"web": ["web-001"]}}
    alone = subprocess.run(
        [str(made.path), "check", "--state-dir", str(tmp_path / "state")], capture_output=True, text=True, check=True
    )
    assert "none of its plays is for this host" in alone.stdout
    groups = ("-e", '{"group_names": ["web"]}')  # as the hint says
    for command in (["check", "--vars", "-", *groups], ["run", "--vars", "-", *groups, "--verify"], ["undo"]):
        ended = subprocess.run(
            [str(made.path), *command, "--state-dir", str(tmp_path / "state")],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "none of its plays" not in ended.stdout
        assert root.exists() == (command[0] == "run"), ended.stdout
