"""What one run came to, told the same way for both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: What the recap of `ansible-playbook` counts for every host.
COUNTS = ("ok", "changed", "failed", "skipped", "rescued", "ignored", "unreachable")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts by host; the task each host failed in; whether any did. `log` is for whoever reads a failing test,
    `deployment` the identity of ours."""

    recap: Mapping[str, Mapping[str, int]]
    failed_in: Mapping[str, str] = field(default_factory=dict)
    refused: str | None = None
    log: str = field(default="", repr=False)
    deployment: str | None = None

    @property
    def failed(self) -> bool:
        """Whether a host failed or did not answer."""
        return any(counts["failed"] or counts["unreachable"] for counts in self.recap.values())


def differences(wanted: Outcome, got: Outcome) -> list[str]:
    """What the recaps differ in, one line each."""
    nothing = dict.fromkeys(COUNTS, 0)
    told = []
    for host in sorted(wanted.recap.keys() | got.recap.keys()):
        theirs, ours = wanted.recap.get(host, nothing), got.recap.get(host, nothing)
        if theirs != ours:
            told.append(f"recap of {host}: {_words(ours)}; with Ansible {_words(theirs)}")
    for host in sorted(wanted.failed_in.keys() & got.failed_in.keys()):
        if wanted.failed_in[host] != got.failed_in[host]:
            told.append(f"{host} failed in {got.failed_in[host]!r}, with Ansible in {wanted.failed_in[host]!r}")
    return told


def _words(counts: Mapping[str, int]) -> str:
    return " ".join(f"{name}={counts[name]}" for name in COUNTS if counts[name]) or "nothing"
