"""The final table of a deployment, made from the document that `--json` prints: failed hosts first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rich.text import Text

from deploy_tasks.cli import render, undoing, units
from deploy_tasks.cli.render import row

Document = Mapping[str, Any]
_TAIL = 10
_FAILED = ("failed", "unreachable", "undo_failed")
_ENDS = ("undo_failed", "unreachable", "failed", "cancelled", "rolled_back", "untouched", "succeeded")


class Failure(NamedTuple):
    """What went wrong, the same for every host that shares it."""

    label: str
    phase: str
    what: str
    tail: tuple[str, ...]
    hint: str | None


def table(document: Document) -> list[Text]:
    """The lines of the final table."""
    hosts: Mapping[str, Document] = document["hosts"]
    done = list(undoing.lasting(hosts, document["deployment_id"])) if document["status"] == "succeeded" else []
    return [
        *_failures(hosts),
        *_reason(document),
        *undoing.left(hosts),
        *undoing.summed(hosts),
        *done,
        *_ends(document),
    ]


def _reason(document: Document) -> Iterator[Text]:
    """Why it ended badly when no host is to blame: the runner does not build, time ran out."""
    why = document.get("reason")
    if why and document["status"] == "failed" and not any(failure(host) for host in document["hosts"].values()):
        yield row("failed", str(why))


def verdict(document: Document, redo: str, wanted: str = "succeeded") -> tuple[str, str] | None:
    """The sentence and the next command after a deployment that did not end as `wanted`, `None` after one that did.

    `redo` is the command that deploys to a part of the hosts when `--limit` is added.
    """
    hosts: Mapping[str, Document] = document["hosts"]
    identity, total = document["deployment_id"], len(hosts)
    status = document["status"]
    if status == wanted:
        return None
    wrong = [name for name, host in hosts.items() if host["status"] not in (wanted, "untouched")]
    blamed = next((name for name, host in hosts.items() if failure(host)), None)
    logs = f"deploy-tasks logs {identity}{f' {blamed}' if blamed else ''}"
    if status == "rolled_back":
        failed = sum(1 for host in hosts.values() if failure(host))
        return f"{failed} of {units.count(total, 'host')} failed; every host that was touched was rolled back", logs
    if status == "cancelled":
        return f"{identity} was cancelled; {len(wrong)} of {units.count(total, 'host')} not on it", logs
    if any(host["status"] == "undo_failed" for host in hosts.values()):
        return f"{units.count(len(wrong), 'host')} of {total} could not be taken back completely", logs
    are = "is" if len(wrong) == 1 else "are"
    if wanted != "succeeded":
        return f"{len(wrong)} of {units.count(total, 'host')} {are} still on {identity}", logs
    return f"{len(wrong)} of {units.count(total, 'host')} {are} not on {identity}", f"{redo} --limit @{identity}.failed"


def failure(host: Document) -> Failure | None:
    """What went wrong on a host, from its entry in the document."""
    error = host.get("error")
    if not error or host["status"] == "cancelled":
        return None
    if isinstance(error, str):
        error = {"message": error}
    label = "unreachable" if host.get("unreachable") or host["status"] == "unreachable" else "failed"
    line = f" ({error['line']})" if error.get("line") else ""
    task = f'task "{error["task"]}"{line}: ' if error.get("task") else ""
    tail = tuple(error.get("tail") or ())[-_TAIL:]
    return Failure(label, error.get("phase") or "", task + str(error.get("message", "")), tail, error.get("hint"))


def _failures(hosts: Mapping[str, Document]) -> Iterator[Text]:
    groups: dict[Failure, list[str]] = {}
    for name, host in hosts.items():
        found = failure(host)
        if found:
            groups.setdefault(found, []).append(name)
    printed: set[tuple[str, ...]] = set()
    for found, names in groups.items():
        yield row(found.label, units.names(names), found.phase.ljust(10), found.what)
        shown = tuple(line for line in found.tail if line.strip() and line.strip() not in found.what)
        if shown and shown not in printed:
            printed.add(shown)
            yield from _tail(shown)
        if found.hint:
            yield row("", f"hint: {found.hint}")


def _tail(lines: tuple[str, ...]) -> Iterator[Text]:
    if len(lines) == 1:
        yield row("", f"last line: {lines[0]}")
        return
    yield row("", "last lines:")
    for line in lines:
        yield row("", f"  {line}")


def _ends(document: Document) -> Iterator[Text]:
    hosts: Mapping[str, Document] = document["hosts"]
    for end in _ENDS:
        names = [name for name, host in hosts.items() if host["status"] == end]
        if names and (end not in _FAILED or any(not failure(hosts[name]) for name in names)):
            yield row(end.replace("_", " "), *_end_cells(document, end, names))
    others = [name for name, host in hosts.items() if host["status"] not in _ENDS]
    if others:
        yield row("unfinished", units.names(others))
    if not any(host["status"] == "succeeded" for host in hosts.values()):
        yield row("total", f"{units.count(len(hosts), 'host')}, {_cost(document, hosts.values())}", _identity(document))


def _end_cells(document: Document, end: str, names: list[str]) -> Iterator[str]:
    if end != "succeeded":
        yield from (units.count(len(names), "host"), units.names(names))
        if end == "untouched":
            yield "in no inventory, and added by no add_host"
        return
    done = [document["hosts"][name] for name in names]
    changes = sum(int(host.get("changed", 0)) for host in done)
    cost = _cost(document, document["hosts"].values())
    yield f"{units.count(len(names), 'host')}, {units.count(changes, 'change')}, {cost}"
    yield _identity(document)


def _cost(document: Document, hosts: Iterable[Document]) -> str:
    sent = sum(int(host.get("bytes_sent", 0)) for host in hosts)
    return f"{units.seconds(float(document.get('timings', {}).get('total') or 0))}, {units.size(sent)} sent"


def _identity(document: Document) -> str:
    return f"deployment {document['deployment_id']}"


def host_rows(document: Document) -> list[Text]:
    """One line for every host: its state, counts of tasks, time and bytes; failed ones first."""
    hosts: Mapping[str, Document] = document["hosts"]
    order = {state: place for place, state in enumerate(_ENDS)}
    names = sorted(hosts, key=lambda name: order.get(hosts[name]["status"], len(order)))
    width = max(map(len, names), default=0)
    return [row(hosts[name]["status"].replace("_", " "), name.ljust(width), _counts(hosts[name])) for name in names]


def _counts(host: Document) -> str:
    words = [f"{host.get(word, 0)} {word}" for word in ("ok", "changed", "failed", "skipped")]
    took = units.seconds(float(host.get("duration_s") or 0))
    return "  ".join([*words, took, f"{units.size(float(host.get('bytes_sent') or 0))} sent"])


def show(document: Document, redo: str, wanted: str = "succeeded") -> None:
    """Print the table on standard output and the verdict on standard error."""
    out = render.out()
    for line in table(document):
        out.print(line)
    found = verdict(document, redo, wanted)
    if found:
        render.error(*found)
