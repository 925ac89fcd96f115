"""What Ansible did with a case, written down once: for modules of collections, too large to be installed for every run.

    ANSIBLE_COLLECTIONS_PATH=FOLDER python -m tests.twin --record NAME…

runs Ansible alone and writes `recorded.json` beside the case's `site.yml`: recap, files and looks, before the first run
and after each. From then on our side is compared with that. A case that has changed since must be recorded anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from tests.twin.cases import Case
from tests.twin.outcome import Outcome
from tests.twin.tree import Entry

NAME = "recorded.json"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run came to on Ansible's side, and what then lay on its hosts; before the first run nothing has come."""

    outcome: Outcome
    trees: Mapping[str, Mapping[str, Entry]]
    looks: Mapping[str, str]


def write(case: Case, seen: Sequence[Seen]) -> None:
    """Write down what Ansible did: the looks before the first run, and each run."""
    text = json.dumps({"case": digest(case), "runs": [_plain(each) for each in seen]}, indent=1, sort_keys=True)
    (case.folder / NAME).write_text(text + "\n")


def read(case: Case) -> list[Seen]:
    """What was written down. Raises FileNotFoundError when nothing was, AssertionError for a case that has changed."""
    found = json.loads((case.folder / NAME).read_text())
    assert found["case"] == digest(case), f"{case.name} has changed: python -m tests.twin --record {case.name}"
    return [_seen(each) for each in found["runs"]]


def digest(case: Case) -> str:
    """Names one state of the case's files."""
    found = sha256()
    for path in sorted(path for path in case.folder.rglob("*") if path.is_file() and path != case.folder / NAME):
        content = path.read_bytes()
        found.update(f"{path.relative_to(case.folder)} {len(content)}\n".encode() + content)
    return found.hexdigest()


def _plain(seen: Seen) -> dict[str, Any]:
    return {
        "recap": seen.outcome.recap,
        "failed_in": seen.outcome.failed_in,
        "refused": seen.outcome.refused,
        "trees": {host: {path: asdict(one) for path, one in tree.items()} for host, tree in seen.trees.items()},
        "looks": seen.looks,
    }


def _seen(plain: dict[str, Any]) -> Seen:
    trees = {host: {path: Entry(**one) for path, one in tree.items()} for host, tree in plain["trees"].items()}
    outcome = Outcome(plain["recap"], plain["failed_in"], plain["refused"], log=f"as recorded in {NAME}")
    return Seen(outcome, trees, plain["looks"])
