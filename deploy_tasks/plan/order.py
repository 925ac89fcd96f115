"""Putting things in the order of their dependencies: stable, with the cycle named when there is one."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence


def stable_order(count: int, needs: Mapping[int, Iterable[int]]) -> list[int] | None:
    """The numbers 0 … count-1 such that each comes after those it needs, otherwise in their own order.

    None when there is a cycle; `find_cycle` then names it.
    """
    waiting = {number: set(needs.get(number, ())) for number in range(count)}
    wanted_by: dict[int, list[int]] = {}
    for number, wanted in waiting.items():
        for other in wanted:
            wanted_by.setdefault(other, []).append(number)
    ready = [number for number, wanted in waiting.items() if not wanted]
    done: list[int] = []
    while ready:
        number = heapq.heappop(ready)
        done.append(number)
        for other in wanted_by.get(number, ()):
            waiting[other].discard(number)
            if not waiting[other]:
                heapq.heappush(ready, other)
    return done if len(done) == count else None


def name_cycle(names: Sequence[str], needs: Mapping[int, Iterable[int]]) -> str:
    """The cycle that kept `stable_order` from an answer, in words: `a → b → a`."""
    cycle = find_cycle({str(number): [str(other) for other in needs.get(number, ())] for number in range(len(names))})
    return " → ".join(names[int(number)][:80] for number in cycle or ())


def find_cycle(needs: Mapping[str, Sequence[str]]) -> list[str] | None:
    """One cycle as `[a, b, a]` (a needs b, b needs a), or None. Iterative: depth is the input's, not Python's."""
    finished: set[str] = set()
    for start in needs:
        trail: list[str] = []
        on_trail: set[str] = set()
        stack: list[tuple[str, bool]] = [(start, True)]
        while stack:
            name, entering = stack.pop()
            if not entering:
                trail.pop()
                on_trail.discard(name)
                finished.add(name)
            elif name in on_trail:
                return [*trail[trail.index(name) :], name]
            elif name not in finished and name in needs:
                trail.append(name)
                on_trail.add(name)
                stack.append((name, False))
                stack.extend((other, True) for other in reversed(needs[name]))
    return None
