"""A deployment asked for by any Celery client: one message that names a plan by its path."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from deploy_tasks.errors import BadInput, NotFound
from deploy_tasks.fleet import Fleet
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.settings import load
from deploy_tasks.tasks.requested import inside, submit
from tests.support.fleet import MakeFleet
from tests.support.playbooks import write_site
from tests.support.workers import MakeSite, Site, await_until, local_hosts, plan, write

#: Told to two hosts: to the first by a message, to the second by the schedule.
PLAYBOOK = {
    "site.yml": "- hosts: all\n  roles: [note]\n",
    "roles/note/tasks/main.yml": """
- template: {src: note.j2, dest: /srv/note}
  notify: Handled
- shell: echo once >> /srv/deployed
""",
    "roles/note/templates/note.j2": "{{ inventory_hostname }} is {{ ansible_distribution }}\n",
    "roles/note/handlers/main.yml": """
- name: Handled
  shell: echo handled >> /srv/handled
""",
    "schedules.yml": """
schedules:
  often: {plan: site.yml, inventory: hosts.ini, every_s: 5, limit: web-002}
""",
}


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    folder = tmp_path / "plans"
    folder.mkdir()
    (folder / "web.json").write_text(json.dumps(plan(write("by message"))))
    (folder / "bad.json").write_text('{"plays": 7}')
    return folder


@pytest.fixture
def served(make_site: MakeSite, plans: Path) -> Site:
    site = make_site(plans_dir=plans)
    site.start()
    return site


def ask(site: Site, **names: Any) -> Any:
    """What a client without this package does."""
    client = Celery(broker=site.redis.url, backend=site.redis.url, set_as_current=False)
    where = {"queue": "control", "exchange": "deploy_tasks", "routing_key": "control"}
    return client.send_task("deploy_tasks.start", kwargs=names, **where)


def ended(site: Site, deployment: str) -> bool:
    try:
        return site.producer.status(deployment).status.final
    except NotFound:
        return False


@pytest.fixture
def far(make_site: MakeSite, make_fleet: MakeFleet, plans: Path) -> tuple[Site, Fleet]:
    """Workers with a beat, two hosts, and a playbook with a role that is asked for by message and by schedule."""
    fleet = make_fleet(2)
    shutil.copyfile(fleet.inventory_path, plans / "hosts.ini")
    write_site(plans, PLAYBOOK)
    site = make_site(plans_dir=plans, schedules=plans / "schedules.yml", known_hosts=fleet.known_hosts_path)
    site.start("control", "build", "push", "beat")
    return site, fleet


@pytest.mark.fleet
def test_a_playbook_is_deployed_by_a_bare_message_once_and_by_a_schedule(far: tuple[Site, Fleet]) -> None:
    site, fleet = far
    by_message, by_schedule = fleet.hosts.values()
    asked = {"deployment": "by-message", "plan": "site.yml", "inventory": "hosts.ini", "limit": by_message.name}
    answers = [ask(site, **asked, options={"verify": True}) for _ in range(2)]
    await_until(lambda: ended(site, "by-message"), what="the deployment asked for by message")
    await_until(lambda: any(ended(site, name) for name in scheduled(site)), what="the scheduled deployment")
    for answer in answers:
        assert answer.get(timeout=20) in {"queued", "running", "succeeded"}
    for name in ("by-message", scheduled(site)[0]):
        result = site.producer.status(name)
        assert result.status is D.SUCCEEDED, result.to_json()
    for host in (by_message, by_schedule):
        assert host.path("/srv/note").read_text() == f"{host.name} is Debian\n"
        assert host.path("/srv/handled").read_text() == "handled\n"
    assert by_message.path("/srv/deployed").read_text() == "once\n"


def scheduled(site: Site) -> list[str]:
    """The deployments of the schedule, the first one first."""
    names = [each.deployment_id for each in site.producer.deployments()]
    return sorted(name for name in names if name.startswith("often-"))


def test_a_bad_plan_is_told_to_the_client_and_nothing_is_recorded(served: Site, plans: Path) -> None:
    answer = ask(served, deployment="bad", plan="bad.json", inventory=local_hosts(plans, 1).name)
    with pytest.raises(Exception, match=r"plays: must be a list"):
        answer.get(timeout=20)
    assert not ended(served, "bad")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "link/passwd", "a/../../b"])
def test_no_path_leads_out_of_the_plans_folder(tmp_path: Path, name: str) -> None:
    root = (tmp_path / "plans").resolve()
    root.mkdir()
    (root / "link").symlink_to("/etc")
    with pytest.raises(BadInput, match="lies outside"):
        inside(root, name)


def test_messages_name_plans_only_where_that_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="may not name plans"):
        submit(load(state_dir=tmp_path), "x", "web.json", None, None, None)


def test_options_are_those_of_the_document(tmp_path: Path) -> None:
    settings = load(state_dir=tmp_path, plans_dir=tmp_path)
    with pytest.raises(BadInput, match="unknown options: keep, nonsense"):
        submit(settings, "x", "web.json", None, None, {"nonsense": 1, "keep": 3})
    with pytest.raises(BadInput, match=r"options\.parallel"):
        submit(settings, "x", "web.json", None, None, {"parallel": 0})
