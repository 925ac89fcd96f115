"""What an inventory says of a variable on any of its hosts, for what must be found before a host is reached."""

from __future__ import annotations

from typing import Any

from deploy_tasks.plan.hosts import Inventory

_MAX_VALUES = 1000


class Said:
    """The values that variables have on the hosts of an inventory; without one nothing is known."""

    def __init__(self, inventory: Inventory | None = None) -> None:
        self._hosts = tuple(inventory.variables()) if inventory else ()
        self._secrets = frozenset(inventory.secrets) if inventory else frozenset()
        self._found: dict[str, tuple[Any, ...] | None] = {}

    @property
    def known(self) -> bool:
        """Whether there is an inventory at all."""
        return bool(self._hosts)

    def values(self, name: str) -> tuple[Any, ...] | None:
        """The distinct values of a variable, as written, empty where no host has it; None where some are not told: one
        is secret, or they are too many."""
        if name not in self._found:
            self._found[name] = self._values(name)
        return self._found[name]

    def _values(self, name: str) -> tuple[Any, ...] | None:
        found: dict[str, Any] = {}
        for variables in self._hosts:
            if name in variables:
                value = variables[name]
                if isinstance(value, str) and value in self._secrets:
                    return None
                found.setdefault(repr(value), value)
        return tuple(found.values()) if len(found) <= _MAX_VALUES else None
