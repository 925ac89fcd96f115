"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Sequence

_STEPS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def size(count: float) -> str:
    """Bytes with a unit of powers of ten: `3.1 MB`."""
    for step, unit in _STEPS:
        if count >= step:
            value = count / step
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{count:.0f} B"


def seconds(value: float) -> str:
    """A duration: `0.4 s`, `31.4 s`, `2:05 min`, `1:02 h`."""
    if value < 99.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def clock(value: float) -> str:
    """Time passed on a live line: `00:12`."""
    return f"{int(value) // 60:02d}:{int(value) % 60:02d}"


def count(number: int, noun: str) -> str:
    """`1 host`, `2 hosts`, `3 batches`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith(('ch', 's')) else 's'}"


def names(values: Sequence[str], most: int = 4) -> str:
    """A few names and how many more there are."""
    shown = " ".join(values[:most])
    return shown if len(values) <= most else f"{shown} and {len(values) - most} more"
