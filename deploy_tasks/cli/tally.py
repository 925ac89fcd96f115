"""How far a batch is: a fold over host states, and the words for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from deploy_tasks.cli import units

_BAD = ("failed", "unreachable", "undo_failed")
# A host that waits has done its part of this stage.
_GOOD = ("succeeded", "waiting")
_DONE = (*_GOOD, "untouched", "failed", "unreachable", "cancelled", "rolled_back", "undo_failed")
_AT_WORK = ("connecting", "sending", "running", "verifying", "undoing")


@dataclass
class Tally:
    """The hosts of one batch (or of one rollback) by state. `started` is a moment of the caller's clock, in seconds.

    A host of a batch that is taken back has failed; in a rollback that is what is wanted.
    """

    expected: int
    started: float
    rollback: bool = False
    states: dict[str, str] = field(default_factory=dict)
    blamed: set[str] = field(default_factory=set)

    def move(self, host: str, state: str) -> None:
        """A host is in this state now."""
        self.states[host] = state
        if state in _BAD or (state == "rolled_back" and not self.rollback):
            self.blamed.add(host)

    @property
    def done(self) -> int:
        """Hosts nobody works on any more."""
        return sum(1 for state in self.states.values() if state in _DONE)

    def live(self, now: float) -> str:
        """`[00:12] 146/228 hosts  1 failed  3 connecting  12 running`."""
        counts = Counter(self.states.values())
        failed = [f"{len(self.blamed)} failed"] if self.blamed else []
        at_work = [f"{counts[state]} {state}" for state in _AT_WORK if counts[state]]
        place = f"[{units.clock(now - self.started)}] {self.done}/{units.count(self.expected, 'host')}"
        return "  ".join([place, *failed, *at_work])

    def ended(self, now: float) -> str:
        """`12 hosts   11 ok, 1 failed (1.8 s)`."""
        counts = Counter(self.states.values())
        words = [
            (sum(counts[state] for state in _GOOD), "ok"),
            (len(self.blamed), "failed"),
            (counts["cancelled"], "cancelled"),
            (counts["untouched"], "not added"),
        ]
        back = counts["rolled_back"] + counts["undo_failed"]
        words.append((back, "rolled back"))
        said = ", ".join(f"{number} {word}" for number, word in words if number)
        return (
            f"{units.count(self.expected, 'host')}   {said or 'none was touched'} ({units.seconds(now - self.started)})"
        )
