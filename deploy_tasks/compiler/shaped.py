"""Texts that a worker knows in part: which pieces only a host knows, and which are the host's own name."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

# What a host may fill in: one name in a path, and neither an option nor a way out.
_FILLED = r"(?!\.{1,2}(?:[/ ]|$))[\w.@+:-]{1,255}"


class Mark(enum.Enum):
    """A piece that is no text: HOLE is what only the host knows, OWN is `inventory_hostname`, LATER is what a worker
    will know, with the inventory and extra variables."""

    HOLE = enum.auto()
    OWN = enum.auto()
    LATER = enum.auto()


@dataclass(frozen=True, slots=True)
class Shaped:
    """A text of known pieces and marks."""

    parts: tuple[str | Mark, ...]

    def __add__(self, more: Shaped) -> Shaped:
        """One text after the other."""
        return Shaped(self.parts + more.parts)

    @property
    def whole(self) -> bool:
        """Whether all of it is known."""
        return Mark.HOLE not in self.parts

    def text(self, own: str) -> str:
        """The text of one that is known whole and now, on the host of that name."""
        return "".join(own if part is Mark.OWN else str(part) for part in self.parts)

    def has_own_folder(self) -> bool:
        """Whether a whole name in the path is known and holds the host's own, so that no host gets at another's."""
        segments: list[list[str | Mark]] = [[]]
        for part in self.parts:
            first, *rest = part.split("/") if isinstance(part, str) else [part]
            segments[-1].append(first)
            segments += [[piece] for piece in rest]
        return any(Mark.OWN in segment and Mark.HOLE not in segment for segment in segments)

    def pattern(self, own: str) -> re.Pattern[str]:
        """What the text may be when the host fills the holes in."""
        pieces = {Mark.HOLE: _FILLED, Mark.OWN: re.escape(own), Mark.LATER: _FILLED}
        return re.compile("".join(pieces[part] if isinstance(part, Mark) else re.escape(part) for part in self.parts))


UNKNOWN = Shaped((Mark.HOLE,))
LATER = Shaped((Mark.LATER,))
OWN_NAME = Shaped((Mark.OWN,))
