"""The numbers: shares of what compiles, and what is missing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Share:
    """How many of something compile. `language`: how many would if every module, file and role were at hand."""

    total: int
    compiled: int
    language: int

    def to_json(self) -> dict[str, Any]:
        """As a JSON object, with percentages."""
        return asdict(self) | {
            "percent": percent(self.compiled, self.total),
            "language_percent": percent(self.language, self.total),
        }


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is missing, with the number of tasks and of files that want it, and one place of it."""

    kind: str
    name: str
    tasks: int
    files: int
    example: str

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that cannot be read."""

    file: str
    message: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What compiles in a folder."""

    root: str
    tasks: Share
    modules: Share
    task_files: Share
    roles: Share
    plays: Share
    missing: tuple[Missing, ...]
    broken: tuple[Broken, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        shares = ("tasks", "modules", "task_files", "roles", "plays")
        return {
            "root": self.root,
            **{name: getattr(self, name).to_json() for name in shares},
            "missing": [each.to_json() for each in self.missing],
            "broken": [asdict(each) for each in self.broken],
        }


def percent(part: int, whole: int) -> float | None:
    """With one decimal, rounded down so that 100 means all; None of nothing."""
    return int(part * 1000 / whole) / 10 if whole else None
