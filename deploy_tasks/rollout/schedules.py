"""Schedules: what is deployed again and again. A slot of a schedule is used once, whoever asks and how often."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from redis import Redis

from deploy_tasks.errors import DocumentError, NotFound, Problem
from deploy_tasks.rollout import keys

MAX_BYTES = 1 << 20
_SLOT_KEPT_S = 40 * 86400


class ScheduleError(DocumentError):
    """The schedules are not valid."""

    noun = "schedules"


class Schedule(BaseModel):
    """One schedule. Exactly one of `every_s` (seconds) and `cron` (five fields, UTC) says when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str
    inventory: str | None = None
    every_s: int | None = Field(None, ge=5)
    cron: str | None = None
    enabled: bool = True
    limit: str | None = None
    verify: bool = True
    check: bool = Field(False, description="report what would change, change nothing: drift detection")
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    max_fail_percentage: float = Field(0, ge=0, le=100)

    @model_validator(mode="after")
    def _one_rhythm(self) -> Schedule:
        if (self.every_s is None) == (self.cron is None):
            raise ValueError("write either every_s: SECONDS or cron: 'MIN HOUR DAY MONTH WEEKDAY'")
        if self.cron is not None:
            self.crontab()
        return self

    def crontab(self) -> Any:
        """The cron expression as Celery's `crontab`; raises `ValueError`."""
        from celery.schedules import ParseException, crontab

        fields = (self.cron or "").split()
        if len(fields) != 5:
            raise ValueError(f"cron: {self.cron!r} has {len(fields)} fields instead of 5, e.g. '30 3 * * 1-5'")
        minute, hour, day, month, weekday = fields
        try:
            return crontab(minute, hour, weekday, day, month)
        except (ParseException, ValueError) as error:
            raise ValueError(f"cron: {self.cron!r}: {error}") from None

    def slot(self, now_s: float) -> str:
        """The slot that `now_s` (seconds since 1970) belongs to: the last moment the schedule was due."""
        if self.every_s is not None:
            return str(int(now_s // self.every_s) * self.every_s)
        return str(int(now_s // 60) * 60)


def load(path: Path) -> dict[str, Schedule]:
    """The schedules in a YAML file, by name. Raises `ScheduleError` with every problem."""
    try:
        text = path.read_bytes()[: MAX_BYTES + 1]
        if len(text) > MAX_BYTES:
            raise ScheduleError([Problem("", f"larger than {MAX_BYTES} bytes", file=str(path))])
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}  # noqa: S506
    except OSError as error:
        raise ScheduleError([Problem("", f"cannot be read: {error.strerror}", file=str(path))]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise ScheduleError([Problem("", str(getattr(error, "problem", error)), file=str(path), line=line)]) from None
    entries = data.get("schedules") if isinstance(data, dict) else None
    if not isinstance(entries, dict):
        raise ScheduleError([Problem("schedules", "is not a table of schedules by name", file=str(path))])
    return _parse(entries, path)


def _parse(entries: dict[Any, Any], path: Path) -> dict[str, Schedule]:
    found: dict[str, Schedule] = {}
    problems: list[Problem] = []
    for name, entry in entries.items():
        where = f"schedules.{name}"
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", str(name)):
            problems.append(Problem(where, "is not a name: letters, digits, _ and -, at most 40", file=str(path)))
            continue
        try:
            found[str(name)] = Schedule.model_validate(entry)
        except ValidationError as error:
            for item in error.errors():
                place = ".".join([where, *map(str, item["loc"])])
                problems.append(Problem(place, item["msg"].removeprefix("Value error, "), file=str(path)))
    if problems:
        raise ScheduleError(problems)
    return found


def get(path: Path, name: str) -> Schedule:
    """One schedule. Raises `NotFound`, `ScheduleError`."""
    found = load(path).get(name)
    if found is None:
        raise NotFound(f"no schedule {name} in {path}")
    return found


def claim(redis: Redis, name: str, slot: str) -> bool:
    """Whether this slot of the schedule is ours to use; only one of all callers hears yes, ever."""
    return bool(redis.set(f"{keys.SLOT}{name}:{slot}", "1", nx=True, ex=_SLOT_KEPT_S))


def deployment_id(name: str, slot: str) -> str:
    """The id of a slot's deployment, readable: `nightly-20261120T0330`."""
    return f"{name}-{datetime.fromtimestamp(int(slot), UTC):%Y%m%dT%H%M%S}"
