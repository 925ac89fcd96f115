"""What an inventory says of a variable on any of its hosts, for what must be found before a host is reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from typing import Any

from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.vault import secret_texts
from deploy_tasks.plan.yaml_values import untemplated

_MAX_VALUES = 1000
_SHORTEST = 4


class Said:
    """The values that variables have on the hosts of an inventory; without one nothing is known."""

    def __init__(self, inventory: Inventory | None = None, unsure: Set[str] = frozenset()) -> None:
        """`unsure` are variables that may have other values when they are used."""
        self._unsure = unsure
        #: The variables whose values something was found by.
        self.relied: set[str] = set()
        self._hosts = tuple(inventory.variables()) if inventory else ()
        #: The groups of the inventory, each with its hosts.
        self.groups = {name: list(hosts) for name, hosts in inventory.groups.items()} if inventory else {}
        self._secrets = frozenset(_written(inventory.secrets)) if inventory else frozenset()
        self._found: dict[str, tuple[Any, ...] | None] = {}

    @property
    def known(self) -> bool:
        """Whether there is an inventory at all."""
        return bool(self._hosts)

    def values(self, name: str) -> tuple[Any, ...] | None:
        """The distinct values of a variable, as written, empty where no host has it; None where some are not told: one
        is secret, they are too many or unsure."""
        if name not in self._found:
            self._found[name] = self._values(name)
        return self._found[name]

    def _values(self, name: str) -> tuple[Any, ...] | None:
        if name in self._unsure:
            return None
        found: dict[str, Any] = {}
        for variables in self._hosts:
            if name in variables:
                value = variables[name]
                if self._secrets and self._is_secret(value):
                    return None
                found.setdefault(repr(value), value)
        return tuple(found.values()) if len(found) <= _MAX_VALUES else None

    def _is_secret(self, value: Any) -> bool:
        """Whether a value is, or has in it, what was encrypted. A number of few digits is any number."""
        if isinstance(value, str):
            return value in self._secrets
        return any(len(text) >= _SHORTEST and text in self._secrets for text in secret_texts({"": value}))


def _written(secrets: Iterable[str]) -> Iterator[str]:
    """Texts that were encrypted, each also as it stands among variables: kept from templating."""
    for text in secrets:
        yield text
        with suppress(ValueError):
            yield untemplated(text)
