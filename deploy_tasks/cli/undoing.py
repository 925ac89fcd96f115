"""What was undone, what would be, and what cannot: the same on many hosts is told once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text

from deploy_tasks.cli import units
from deploy_tasks.cli.render import row

Document = Mapping[str, Any]
_KINDS = ("undone", "conflicted", "irreversible")


def counts(undo: Document) -> dict[str, int]:
    """How many of each: as told, else as listed."""
    told = undo.get("counts") or {}
    return {name: int(told.get(name, len(undo.get(name) or ()))) for name in _KINDS}


def summed(hosts: Mapping[str, Document]) -> Iterator[Text]:
    """After an undo, one line: how many things came back on how many hosts, and what did not."""
    undone = {name: counts(host["undo"]) for name, host in hosts.items() if host.get("undo")}
    if undone:
        total = {kind: sum(each[kind] for each in undone.values()) for kind in _KINDS}
        words = f"{total['undone']} undone, {total['conflicted']} conflicted, {total['irreversible']} irreversible"
        yield row("undo", units.count(len(undone), "host"), words)


def lasting(hosts: Mapping[str, Document], identity: str) -> Iterator[Text]:
    """After a success: how many steps cannot be undone."""
    found = {name: int(host.get("irreversible") or 0) for name, host in hosts.items()}
    names = [name for name, number in found.items() if number]
    if names:
        steps = units.count(sum(found.values()), "step")
        yield row(
            "irreversible",
            f"{steps} on {units.count(len(names), 'host')}",
            f"deploy-tasks rollback --dry-run {identity}",
        )


def left(hosts: Mapping[str, Document]) -> Iterator[Text]:
    """What a host could not restore: nothing of it is hidden."""
    yield from _grouped("not undone", {name: _left(host.get("undo") or {}) for name, host in hosts.items()})


def restored(hosts: Mapping[str, Document]) -> Iterator[Text]:
    """Everything that came back."""
    yield from _grouped("undone", {name: (host.get("undo") or {}).get("undone") or () for name, host in hosts.items()})


def foreseen(document: Document, *, verbose: bool) -> Iterator[Text]:
    """The lines of a dry run: hosts that cannot say, what would stay, what would come back, and one line a host."""
    hosts: Mapping[str, Document] = document["hosts"]
    silent = {name: [_why(host["error"])] for name, host in hosts.items() if host.get("error")}
    yield from _grouped("unreachable", silent)
    parts = {name: _parts(host) for name, host in hosts.items() if name not in silent}
    stays = {name: [text for part in each for text in _conflicts(part)] for name, each in parts.items()}
    yield from _grouped("conflict", stays)
    yield from _grouped("stays", {name: [t for part in each for t in _lasts(part)] for name, each in parts.items()})
    back = {
        name: list(dict.fromkeys(p for part in each for p in part.get("undone") or ())) for name, each in parts.items()
    }
    yield from _grouped("would undo", back, most=None if verbose else 20)
    for name, each in parts.items():
        total = {kind: sum(counts(part)[kind] for part in each) for kind in _KINDS}
        first = [str(item["deployment"]) for item in hosts[name].get("later") or ()]
        words = (
            f"{total['undone']} would be undone, {total['conflicted']} conflicts, {total['irreversible']} irreversible"
        )
        yield row("dry run", name, words, f"after {', '.join(first)}" if first else "")


def incomplete(document: Document) -> str:
    """The hosts of a dry run that cannot say, or that would keep something; empty when there is none."""
    hosts: Mapping[str, Document] = document["hosts"]
    wrong = [n for n, host in hosts.items() if host.get("error") or any(counts(p)["conflicted"] for p in _parts(host))]
    return f"{len(wrong)} of {units.count(len(hosts), 'host')} would not come back completely" if wrong else ""


def _parts(host: Document) -> list[Document]:
    """What is undone on a host, in order: later deployments first."""
    return [*((item.get("undo") or {}) for item in host.get("later") or ()), host.get("undo") or {}]


def _why(error: Document) -> str:
    return f"{error.get('message')}" + (f" ({error['hint']})" if error.get("hint") else "")


def _left(undo: Document) -> list[str]:
    return [*_conflicts(undo), *_lasts(undo)]


def _conflicts(undo: Document) -> list[str]:
    return [f"{item.get('path')}: {item.get('why')}" for item in undo.get("conflicted") or ()]


def _lasts(undo: Document) -> list[str]:
    return [f'task "{item.get("task")}": {item.get("what")}' for item in undo.get("irreversible") or ()]


def _grouped(label: str, found: Mapping[str, Iterable[str]], most: int | None = None) -> Iterator[Text]:
    groups: dict[str, list[str]] = {}
    for name, texts in found.items():
        for text in texts:
            groups.setdefault(str(text), []).append(name)
    for place, (text, names) in enumerate(groups.items()):
        if place == most:
            yield row("", f"and {len(groups) - place} more; -v shows all")
            return
        yield row(label, units.names(names), text)
