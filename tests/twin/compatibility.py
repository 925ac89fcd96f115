"""Writes `docs/compatibility.md` from the cases: `python -m tests.twin.compatibility`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.twin.cases import Case, load
from tests.twin.constructs import BESIDES, CHAPTERS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compatibility.md"
_PINS = Path(__file__).with_name("constraints.txt")
_INTRODUCTION = """\
# Compatibility with Ansible

Written by `python -m tests.twin.compatibility` from the cases in `tests/twin/cases`; a test keeps it up to date.

Every case is a playbook with what it uses. The tests carry it out twice on each of two equal hosts: with
`ansible-playbook` of ansible-core {version} on one, with `deploy-tasks deploy` on the other. After each run the hosts
must hold the same files, folders and links (content, mode, owner, group, target), and both must tell the same of every
host: ok, changed, failed, skipped, rescued, ignored, unreachable, and the task in which it failed. Many cases also
write down what tasks registered, so that results are compared value by value (without times, inode numbers,
`invocation`, and the `diff` that nobody asked for). Ansible runs with its own settings, and with the Jinja2 extensions
`do` and `loopcontrols`, which templates have here without asking. Cases that say "Recorded" have modules of
collections that ansible-core lacks: what it did with those was written down once and is compared all the same. A host
that fails is left as it is in these runs, as Ansible leaves it; otherwise a deployment takes it back. In cases that end
with "Taken back." the deployments are then rolled back, the newest first, and the host must hold what it held before
the first: bytes, modes, owners, links, times and extended attributes.

Run a case with `python -m tests.twin NAME`.
"""


def page(cases: Sequence[Case]) -> str:
    """The whole page."""
    found = re.search(r"^ansible-core==(\S+)", _PINS.read_text(), re.MULTILINE)
    assert found is not None
    lines = [
        _INTRODUCTION.format(version=found[1]),
        *_constructs(cases),
        *_besides(),
        *_differences(cases),
        *_list(cases),
    ]
    return "\n".join(lines)


def _constructs(cases: Sequence[Case]) -> Iterator[str]:
    yield f"## What is proved, by {len(cases)} cases\n"
    for chapter, names in CHAPTERS.items():
        yield f"### {chapter}\n"
        yield "| construct | proved by |\n| --- | --- |"
        for name in names:
            yield f"| {_code(name)} | {', '.join(case.name for case in cases if name in case.proves)} |"
        yield ""


def _code(name: str) -> str:
    """A name as it is written in a playbook; descriptions stay text."""
    kind, _, rest = name.partition(" ")
    if kind in ("module", "lookup", "statement", "tag", "meta") and rest:
        return f"{kind} `{rest}`"
    return f"`{name}`" if " " not in name else name


def _besides() -> Iterator[str]:
    yield "## What is compared otherwise\n"
    yield "| what | how |\n| --- | --- |"
    for name, how in BESIDES.items():
        yield f"| {name} | {how} |"
    yield ""


def _differences(cases: Sequence[Case]) -> Iterator[str]:
    yield "## What differs on purpose\n"
    yield "| case | what | why |\n| --- | --- | --- |"
    for case in cases:
        for word, why in case.differs:
            yield f"| {case.name} | `{word}` | {why} |"
        if case.refused:
            yield f"| {case.name} | refused before anything is enqueued | {case.about} |"
    yield ""


def _list(cases: Sequence[Case]) -> Iterator[str]:
    yield "## The cases\n"
    yield "| case | what it shows |\n| --- | --- |"
    for case in cases:
        yield f"| {case.name} | {case.about}{_recorded(case)}{' Taken back.' if case.undone else ''} |"
    yield ""


def _recorded(case: Case) -> str:
    return f" Recorded with {case.recorded}." if case.recorded else ""


if __name__ == "__main__":
    PAGE.write_text(page(load()))
