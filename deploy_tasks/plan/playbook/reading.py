"""What is shared while one playbook is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.playbook.places import Places
from deploy_tasks.plan.playbook.source import Sources
from deploy_tasks.plan.vault import Vault


@dataclass(slots=True)
class Reading:
    """The problems found, the documents read and where things stand in them, the vault, the caller's variables, and the
    names of the modules that lie beside what was read so far."""

    vault: Vault = field(default_factory=Vault)
    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    places: Places = field(default_factory=Places)
    own: set[str] = field(default_factory=set)
    sources: Sources = field(init=False)
    _ids: int = 0

    def __post_init__(self) -> None:
        self.sources = Sources(self.vault, self.places)

    def fresh_id(self) -> str:
        """An id that no other task or include of the plan has."""
        self._ids += 1
        return f"t{self._ids}"
