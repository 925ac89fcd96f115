"""Beat: sends a message per due schedule. RedBeat keeps its state in Redis under a lock, so that several may run; a
slot is used once even if two of them beat.
"""

from __future__ import annotations

import sys
from typing import Any

from celery import Celery
from celery.schedules import schedule as interval

from deploy_tasks import broker
from deploy_tasks.rollout import schedules
from deploy_tasks.rollout.schedules import Schedule
from deploy_tasks.settings import Settings
from deploy_tasks.tasks.scheduled import DEFAULT
from workers import logs, process

#: Seconds after which another beat takes over from one that was killed.
LOCK_S = 20
_LOOP_S = 4


def entries(found: dict[str, Schedule]) -> dict[str, dict[str, Any]]:
    """The schedules as Celery's beat knows them. Messages name the schedule; the slot is found when they arrive."""
    return {
        name: {
            "task": broker.SCHEDULED,
            "schedule": each.crontab() if each.cron else interval(each.every_s),
            "kwargs": {"name": name},
            "options": {"queue": broker.CONTROL, "ignore_result": True},
        }
        for name, each in found.items()
        if each.enabled
    }


def application(settings: Settings) -> Celery:
    """The Celery application of beat. Raises `ScheduleError` when the schedules are not valid."""
    url = broker.redis_url(settings)
    made = broker.make_celery(settings, url)
    made.conf.update(
        beat_schedule=entries(schedules.load(settings.schedules or DEFAULT)),
        beat_scheduler="redbeat.RedBeatScheduler",
        beat_max_loop_interval=_LOOP_S,
        redbeat_redis_url=url,
        redbeat_lock_timeout=LOCK_S,
        redbeat_key_prefix="dt:beat:",
    )
    return made


def serve(settings: Settings) -> int:
    """Beat until told to stop. Raises `ScheduleError`."""
    from celery import signals

    made = application(settings)
    made.set_default()

    @signals.beat_init.connect(weak=False)
    def _ready(**_: Any) -> None:
        process.tell_ready()

    logs.set_up(settings)
    made.Beat(loglevel=settings.log_level, quiet=True, schedule=str(settings.state_dir / "beat")).run()
    return 0


if __name__ == "__main__":
    from workers.run import main

    sys.exit(main(["beat", *sys.argv[1:]]))
