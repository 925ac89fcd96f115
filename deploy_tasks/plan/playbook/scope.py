"""Where a step stands: what it inherits, which variables are known there, and in which folders its files lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deploy_tasks.plan.playbook.common import Common, Inherited
from deploy_tasks.plan.playbook.paths import Folders


@dataclass(frozen=True, slots=True)
class Scope:
    """The surroundings of a list of steps.

    `weak` are known values that an inventory may overrule (role defaults), `firm` those it may not; both low to high.
    `within` are the files and roles that are being included, to find what includes itself; `dynamic`: whether one of
    them is only included when a host reaches it; `included` are those, with what was known where each began.
    """

    folders: Folders
    inherited: Inherited
    weak: tuple[Mapping[str, Any], ...] = ()
    firm: tuple[Mapping[str, Any], ...] = ()
    role: str | None = None
    handlers: bool = False
    within: tuple[str, ...] = ()
    dynamic: bool = False
    included: tuple[tuple[str, Inherited, tuple[tuple[str, str], ...]], ...] = ()

    def layers(self, *more: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """Every variable known here, low to high."""
        return (*self.weak, *self.firm, *more)

    def under(self, own: Common) -> Scope:
        """Inside an element that says `own`."""
        firm = (*self.firm, own.vars) if own.vars else self.firm
        return replace(self, inherited=self.inherited.under(own), firm=firm)

    def knowing(self, variables: Mapping[str, Any]) -> Scope:
        """With more variables, stronger than the others."""
        return replace(self, firm=(*self.firm, variables)) if variables else self

    def reached(self) -> Scope:
        """Inside something that is only included when a host reaches it."""
        return replace(self, dynamic=True)

    def again(self, place: str) -> bool:
        """Whether a file or role is being included already with all that is known here: its tasks are the same."""
        return self._state(place) in self.included

    def including(self, place: str) -> Scope:
        """Inside a file of tasks that is included when the step is reached."""
        return replace(self.file(place), included=(*self.included, self._state(place)))

    def entering(self, role: str) -> Scope:
        """Inside a role that is included when the step is reached."""
        return replace(self, included=(*self.included, self._state(role)))

    def _state(self, place: str) -> tuple[str, Inherited, tuple[tuple[str, str], ...]]:
        known = {name: repr(value) for layer in self.firm for name, value in layer.items()}
        return place, self.inherited, tuple(sorted(known.items()))

    def file(self, place: str) -> Scope:
        """Inside a file of tasks."""
        folder = place.rpartition("/")[0]
        folders = replace(self.folders, files=(folder, *self.folders.files))
        return replace(self, folders=folders, within=(*self.within, place))
