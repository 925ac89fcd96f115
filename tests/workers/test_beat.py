"""Schedules: read, refused with the place, used once per slot however many beat."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from redis import Redis

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Request, prepare
from deploy_tasks.rollout import schedules
from deploy_tasks.rollout.schedules import ScheduleError
from deploy_tasks.tasks import scheduled
from tests.support.workers import MakeSite, Site, await_until, local_hosts, plan, shell
from workers import beat

GOOD = """
schedules:
  nightly: {plan: web.json, inventory: hosts.ini, cron: "30 3 * * 1-5"}
  drift: {plan: web.json, every_s: 900, check: true}
  off: {plan: web.json, every_s: 60, enabled: false}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "schedules.yml"
    path.write_text(text)
    return path


def test_schedules_become_entries_of_beat(tmp_path: Path) -> None:
    found = schedules.load(written(tmp_path, GOOD))
    entries = beat.entries(found)
    assert set(entries) == {"nightly", "drift"}
    assert entries["drift"]["kwargs"] == {"name": "drift"}
    assert entries["nightly"]["schedule"].hour == {3}
    assert entries["nightly"]["schedule"].day_of_week == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("schedules: [a]", "schedules: is not a table"),
        ("schedules: {x: {plan: p}}", "write either every_s"),
        ("schedules: {x: {plan: p, every_s: 60, cron: '* * * * *'}}", "write either every_s"),
        ("schedules: {x: {plan: p, cron: '61 * * * *'}}", "schedules.x"),
        ("schedules: {x: {plan: p, cron: '* * *'}}", "3 fields instead of 5"),
        ("schedules: {x: {plan: p, every_s: 1}}", "schedules.x.every_s"),
        ("schedules: {x: {plan: p, every_s: 60, vrify: true}}", "schedules.x.vrify"),
        ("schedules: {'a b': {plan: p, every_s: 60}}", "is not a name"),
        ("schedules: {x: {every_s: 60}}", "schedules.x.plan"),
        ("schedules: [", "schedules.yml:"),
    ],
)
def test_a_bad_schedule_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ScheduleError, match="schedules") as error:
        schedules.load(written(tmp_path, text))
    assert told in str(error.value)
    assert error.value.exit_status == 2


def test_the_shipped_schedules_are_valid() -> None:
    assert schedules.load(scheduled.DEFAULT) == {}


def test_a_slot_is_given_out_once(redis: Redis) -> None:
    each = schedules.Schedule(plan="p", every_s=600)
    assert each.slot(1_700_000_399) == each.slot(1_699_999_800)
    assert each.slot(1_700_000_400) != each.slot(1_700_000_399)
    assert [schedules.claim(redis, "x", "1"), schedules.claim(redis, "x", "1")] == [True, False]
    assert schedules.deployment_id("nightly", "1700000400") == "nightly-20231114T222000"


@pytest.fixture
def scheduled_site(make_site: MakeSite, tmp_path: Path) -> Site:
    import json

    inventory = local_hosts(tmp_path, 1)
    (tmp_path / "p.json").write_text(json.dumps(plan(shell("echo ran >> {{ home }}/marks"))))
    text = f"schedules: {{often: {{plan: p.json, inventory: {inventory.name}, every_s: 5, verify: false}}}}"
    return make_site(schedules=written(tmp_path, text))


def test_two_beats_make_one_deployment_per_slot_and_one_may_die(scheduled_site: Site, tmp_path: Path) -> None:
    site = scheduled_site
    site.start("control", "build", "push")
    first, _ = site.start("beat", "beat")
    producer = site.producer
    await_until(lambda: len(producer.deployments()) >= 2, 40, "two slots")
    first.signal(signal.SIGKILL)
    seen = len(producer.deployments())
    await_until(lambda: len(producer.deployments()) >= seen + 1, 60, "a slot after the kill")
    names = [each.deployment_id for each in producer.deployments()]
    assert len(names) == len(set(names))
    for name in names:
        await_until(lambda name=name: producer.status(name).status is D.SUCCEEDED, 30, name)  # type: ignore[misc]
    assert len((tmp_path / "host0" / "marks").read_text().split()) == len(producer.deployments())


def test_messages_that_piled_up_make_one_deployment(scheduled_site: Site) -> None:
    settings = scheduled_site.settings
    answers = [scheduled.run(settings, "often") for _ in range(4)]
    assert len([answer for answer in answers if "deployment" in answer]) in (1, 2)  # 2 when a slot began in between
    assert all("used already" in answer["skipped"] or "held" in answer["skipped"] for answer in answers[2:])


def test_what_was_rolled_back_is_not_deployed_again(scheduled_site: Site, tmp_path: Path) -> None:
    site = scheduled_site
    site.start("control", "build", "push")
    producer = site.producer
    request = Request(str(tmp_path / "p.json"), str(tmp_path / "hosts.ini"))
    handle = producer.submit(prepare(request))
    assert handle.wait(60).ok
    assert handle.rollback().wait(30).status is D.ROLLED_BACK
    assert handle.id in scheduled.run(site.settings, "often")["skipped"]
