"""What the roles of one play add to it: variables that the whole play sees, and handlers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from deploy_tasks.plan.model import Block

#: The conditions on the way to a use of a role, outermost first, and the tags of those that led to it.
Way = tuple[tuple[Hashable, ...], frozenset[str]]


class PlayRoles:
    """Collected while the steps of a play are read."""

    def __init__(self) -> None:
        self.defaults: dict[str, Any] = {}
        self.role_vars: dict[str, Any] = {}
        self._handlers: dict[int, Block] = {}
        self._keys: dict[str, list[Hashable]] = {}
        self._listed: set[int] = set()
        self._built: dict[Hashable, tuple[Block, ...]] = {}
        self._uses: dict[Hashable, list[Way]] = {}

    def export(self, defaults: Mapping[str, Any], role_vars: Mapping[str, Any]) -> None:
        """Let the whole play see a role's variables; later roles are stronger."""
        self.defaults.update(defaults)
        self.role_vars.update(role_vars)

    def first_use(self, key: Hashable, way: Way) -> bool:
        """Whether a role is used for the first time where it runs whenever this use does.

        A use below other conditions or tags may run without the earlier one, so it counts as a first.
        """
        conditions, tags = way
        earlier = self._uses.setdefault(key, [])
        if any(other == conditions[: len(other)] and same == tags for other, same in earlier):
            return False
        earlier.append(way)
        return True

    def key_text(self, place: str, key: Hashable) -> str:
        """A short text for the key of a use: the role's folder, numbered when it is used in several ways."""
        known = self._keys.setdefault(place, [])
        if key not in known:
            known.append(key)
        number = known.index(key)
        return place if number == 0 else f"{place}#{number + 1}"

    def handlers_of(self, key: Hashable, build: Callable[[], tuple[Block, ...]]) -> tuple[Block, ...]:
        """The handlers of a role, built once for each way in which it is used."""
        if key not in self._built:
            self._built[key] = build()
        return self._built[key]

    def add_handlers(self, blocks: Iterable[Block], *, listed: bool = False) -> None:
        """Add handlers, `listed` those of the play's `roles`.

        Those that are there already move to the end, since the last of a name is the one meant.
        """
        for block in blocks:
            self._handlers.pop(id(block), None)
            self._handlers[id(block)] = block
            (self._listed.add if listed else self._listed.discard)(id(block))

    def handlers_around(self) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """The handlers of the play's `roles`, and those of imported and included ones, each in running order."""
        found = self._handlers.items()
        before = tuple(block for key, block in found if key in self._listed)
        return before, tuple(block for key, block in found if key not in self._listed)
