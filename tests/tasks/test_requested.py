"""A deployment asked for by any Celery client: one message that names a plan by its path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from deploy_tasks.errors import BadInput, NotFound
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.settings import load
from deploy_tasks.tasks.requested import inside, submit
from tests.support.workers import MakeSite, Site, await_until, local_hosts, plan, write


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


def test_a_bare_message_deploys_once_however_often_it_comes(served: Site, plans: Path) -> None:
    inventory = local_hosts(plans, 2)
    for _ in range(2):
        ask(served, deployment="by-message", plan="web.json", inventory=inventory.name, options={"verify": True})
    await_until(lambda: ended(served, "by-message"), what="the deployment asked for by message")
    result = served.producer.status("by-message")
    assert result.status is D.SUCCEEDED, result.to_json()
    assert (plans / "host0" / "out.txt").read_text() == "by message"
    assert len(served.producer.deployments()) == 1


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
