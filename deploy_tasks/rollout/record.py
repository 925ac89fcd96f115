"""What was asked for: the part of a deployment that never changes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """How a deployment is carried out. Durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    verify: bool = False
    check: bool = False
    diff: bool = False
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    timeout_s: float = Field(120.0, description="deadline of one host")
    deployment_timeout_s: float = Field(7200.0, description="deadline of the whole deployment")
    max_fail_percentage: float = Field(0.0, description="share of a batch that may fail before everything is undone")
    undo_failed: bool = Field(True, description="whether failing takes hosts back")
    parallel: int | None = Field(
        None, ge=1, description="hosts of this deployment worked on at once; None: as many as can"
    )
    rebuild: bool = False
    keep: int = Field(5, description="good deployments kept on a host")


class Target(BaseModel):
    """One host of a deployment: its name, what is locked for it, and the platform its artifact is for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: str
    lock: str
    triple: str


class Record(BaseModel):
    """The intent of a deployment, as it stands in the ledger and in the store. It holds no secret."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = 1
    id: str
    name: str
    by: str = Field(description="who asked: user@machine")
    bundle: str = Field(description="digest of the bundle in the store")
    targets: tuple[Target, ...]
    batches: tuple[int, ...] = Field(description="sizes of successive batches of `targets`")
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
        return tuple(dict.fromkeys(target.triple for target in self.targets))

    def batch(self, number: int) -> tuple[str, ...]:
        """Hosts of one batch, counted from 0."""
        start = sum(self.batches[:number])
        return self.hosts[start : start + self.batches[number]]

    def width(self, number: int) -> int:
        """How many hosts of a batch may be worked on at once."""
        size = self.batches[number]
        return size if self.options.parallel is None else min(size, self.options.parallel)

    def numbered(self) -> list[tuple[Target, int]]:
        """Every host with the number of its batch."""
        numbers = [number for number, size in enumerate(self.batches) for _ in range(size)]
        return list(zip(self.targets, numbers, strict=True))

    def triple_of(self, host: str) -> str:
        """The platform of a host; raises `KeyError` for a host that is not part of this deployment."""
        for target in self.targets:
            if target.host == host:
                return target.triple
        raise KeyError(host)

    def dump(self) -> str:
        """As one line of JSON."""
        return self.model_dump_json()

    @classmethod
    def load(cls, text: str | bytes) -> Record:
        """From JSON; raises `pydantic.ValidationError` when it is not a record."""
        return cls.model_validate_json(text)

    def digest(self) -> str:
        """What makes two requests under one id the same request: plan, hosts and options."""
        content: dict[str, Any] = self.model_dump(mode="json", exclude={"by", "validate_s", "format"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
