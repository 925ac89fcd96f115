"""What a beat of a schedule does: deploy once per slot, unless something stands against it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from deploy_tasks.errors import Refused
from deploy_tasks.outcome import DeploymentStatus
from deploy_tasks.producer import Prepared, Producer, Request, prepare
from deploy_tasks.rollout import schedules
from deploy_tasks.rollout.record import Options
from deploy_tasks.settings import Settings

log = logging.getLogger(__name__)
DEFAULT = Path(__file__).resolve().parents[2] / "config" / "schedules.yml"


def run(settings: Settings, name: str) -> dict[str, Any]:
    """Deploy a schedule's plan for the slot that is now, by Redis's clock. Messages that piled up make one run."""
    path = settings.schedules or DEFAULT
    schedule = schedules.get(path, name)
    producer = Producer(settings)
    slot = schedule.slot(producer.ledger.now_ms() / 1000)
    if not schedules.claim(producer.redis, name, slot):
        return _skipped(name, slot, "this slot is used already")
    prepared = prepare(_request(schedule, settings, schedules.deployment_id(name, slot), path.parent))
    broken = _rolled_back(producer, prepared)
    if broken is not None:
        return _skipped(name, slot, f"the same plan was rolled back as {broken}")
    try:
        handle = producer.submit(prepared)
    except Refused as error:
        return _skipped(name, slot, str(error))
    return {"schedule": name, "slot": slot, "deployment": handle.id}


def _request(schedule: schedules.Schedule, settings: Settings, deployment: str, base: Path) -> Request:
    options = Options(
        verify=schedule.verify,
        check=schedule.check,
        tags=schedule.tags,
        skip_tags=schedule.skip_tags,
        timeout_s=settings.timeout_s,
        deployment_timeout_s=settings.deployment_timeout_s,
        max_fail_percentage=schedule.max_fail_percentage,
        keep=settings.keep,
    )
    inventory = str(base / schedule.inventory) if schedule.inventory else None
    return Request(
        str(base / schedule.plan),
        inventory,
        schedule.limit,
        deployment_id=deployment,
        options=options,
        vault_password_files=settings.vault_password_files,
    )


def _rolled_back(producer: Producer, prepared: Prepared) -> str | None:
    """The deployment that had the same content, was the last of its plan, and was taken back."""
    digest = producer.store.put(prepared.bundle)
    for name in producer.ledger.ids(200):
        head = producer.ledger.head(name)
        if head.record.name == prepared.record.name and not head.record.options.check:
            same = head.record.bundle == digest and head.status is DeploymentStatus.ROLLED_BACK
            return name if same else None
    return None


def _skipped(name: str, slot: str, why: str) -> dict[str, Any]:
    log.info("schedule %s, slot %s: skipped, %s", name, slot, why)
    return {"schedule": name, "slot": slot, "skipped": why}
