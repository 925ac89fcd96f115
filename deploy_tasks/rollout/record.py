"""What was asked for: the part of a deployment that never changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy_tasks.errors import BadInput

#: The longest time that anything may take: 30 days.
LONGEST_S = 2_592_000.0


class Options(BaseModel):
    """How a deployment is carried out. Durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    verify: bool = False
    check: bool = False
    diff: bool = False
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    timeout_s: float = Field(120.0, gt=0, le=LONGEST_S, description="deadline of one host")
    deployment_timeout_s: float = Field(7200.0, gt=0, le=LONGEST_S, description="deadline of the whole deployment")
    max_fail_percentage: float = Field(
        0.0, ge=0, le=100, description="share of a batch that may fail before everything is undone"
    )
    undo_failed: bool = Field(True, description="whether failing takes hosts back")
    parallel: int | None = Field(
        None, ge=1, description="hosts of this deployment worked on at once; None: as many as can"
    )
    rebuild: bool = False
    confirm_within: float | None = Field(
        None,
        gt=0,
        le=86400,
        description="seconds in which a new connection must reach the host after its success, or it takes itself back",
    )
    keep: int = Field(5, description="good deployments kept on a host")

    @classmethod
    def checked(cls, **fields: Any) -> Options:
        """The options with these fields. Raises `BadInput` that names the first wrong one."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise BadInput(f"options.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


class Target(BaseModel):
    """One host of a deployment: its name, what is locked for it, and the platform its artifact is for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: str
    lock: str
    triple: str


class Stage(BaseModel):
    """Plays that each of its hosts goes through in one trip, and the batches in which the hosts do."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(description="of its plays")
    plays: tuple[int, int] = Field(description="the first play, and the first one after it")
    hosts: tuple[tuple[int, int], ...] = Field(description="ranges of the record's targets: the first, and after it")
    batches: tuple[int, ...] = Field(description="sizes of its successive batches")
    max_fail_percentage: float = Field(description="share of a batch that may fail before everything is undone")


class Record(BaseModel):
    """The intent of a deployment, as it stands in the ledger and in the store. It holds no secret."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = 1
    id: str
    name: str
    by: str = Field(description="who asked: user@machine")
    bundle: str = Field(description="digest of the bundle in the store")
    targets: tuple[Target, ...]
    batches: tuple[int, ...] = Field(description="sizes of successive batches of `targets`, or of all stages' hosts")
    stages: tuple[Stage, ...] = Field((), description="none: every host goes through the whole plan in one trip")
    helpers: tuple[str, ...] = Field((), description="platforms of hosts that only perform tasks for others")
    options: Options = Options()
    validate_s: float = 0.0

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names of all hosts, in the order they are deployed."""
        return tuple(target.host for target in self.targets)

    @property
    def locks(self) -> list[str]:
        """What must be held, each once."""
        return list(dict.fromkeys(target.lock for target in self.targets))

    @property
    def triples(self) -> tuple[str, ...]:
        """The platforms to compile for, each once."""
        return tuple(dict.fromkeys([*(target.triple for target in self.targets), *self.helpers]))

    def batch(self, number: int) -> tuple[str, ...]:
        """Hosts of one batch, counted from 0."""
        return self._batches[number]

    def stage(self, number: int) -> int:
        """The stage that a batch belongs to, counted from 0."""
        for place, stage in enumerate(self.stages):
            number -= len(stage.batches)
            if number < 0:
                return place
        return 0

    def part(self, number: int) -> str:
        """What a batch is a part of: its stage's name, empty in a deployment of one stage."""
        return self.stages[self.stage(number)].name if self.stages else ""

    def hosts_of(self, stage: int) -> tuple[str, ...]:
        """The hosts of a stage; of the whole deployment when it has no stages."""
        if not self.stages:
            return self.hosts
        names = self.hosts
        return tuple(name for start, end in self.stages[stage].hosts for name in names[start:end])

    def later(self, host: str, number: int) -> int | None:
        """The next batch that a host is in after this one; None when this is its last."""
        return next((batch for batch in self._places.get(host, ()) if batch > number), None)

    def earlier(self, host: str, number: int) -> int | None:
        """The last batch that a host was in before this one; None when this is its first."""
        return next((batch for batch in reversed(self._places.get(host, ())) if batch < number), None)

    def budget(self, number: int) -> float:
        """The share of a batch that may fail, percent."""
        return self.stages[self.stage(number)].max_fail_percentage if self.stages else self.options.max_fail_percentage

    def width(self, number: int) -> int:
        """How many hosts of a batch may be worked on at once."""
        size = self.batches[number]
        return size if self.options.parallel is None else min(size, self.options.parallel)

    def numbered(self) -> list[tuple[Target, int]]:
        """Every host with the number of its first batch."""
        return [(target, self._places[target.host][0]) for target in self.targets]

    @cached_property
    def _batches(self) -> tuple[tuple[str, ...], ...]:
        found = []
        for place, sizes in enumerate([stage.batches for stage in self.stages] or [self.batches]):
            names, start = self.hosts_of(place), 0
            for size in sizes:
                found.append(names[start : start + size])
                start += size
        return tuple(found)

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, ...]]:
        """The batches of every host, in order."""
        found: dict[str, list[int]] = {}
        for number, hosts in enumerate(self._batches):
            for host in hosts:
                found.setdefault(host, []).append(number)
        return {host: tuple(numbers) for host, numbers in found.items()}

    def triple_of(self, host: str) -> str:
        """The platform of a host; raises `KeyError` for a host that is not part of this deployment."""
        for target in self.targets:
            if target.host == host:
                return target.triple
        raise KeyError(host)

    def dump(self) -> str:
        """As one line of JSON."""
        return self.model_dump_json(exclude=self._absent())

    @classmethod
    def load(cls, text: str | bytes) -> Record:
        """From JSON; raises `pydantic.ValidationError` when it is not a record."""
        return cls.model_validate_json(text)

    def digest(self) -> str:
        """What makes two requests under one id the same request: plan, hosts and options."""
        left_out = {"by", "validate_s", "format"} | self._absent()
        content: dict[str, Any] = self.model_dump(mode="json", exclude=left_out)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _absent(self) -> set[str]:
        """Fields that are not written: a deployment of one stage says nothing of stages."""
        return {name for name in ("stages", "helpers") if not getattr(self, name)}
