"""The cases: a folder each, with a playbook `site.yml`, an inventory `hosts.ini` and whatever they use.

The comment at the head of `site.yml` says what the case is about, in a sentence or two, and then:

    # proves: loop, loop_control.label      constructs of `constructs.py`, as many lines as needed
    # run: --tags web                       one run with these options, as many lines as runs (`--check`, `--diff` and
                                            `-e` are options too); two runs without any when there is no such line
    # fails: configure                      Ansible ends with a failure in this task
    # refused: no such variable             deploy-tasks refuses the playbook with these words in its message
    # differs: /srv/t/x: why                what differs on purpose: a word that the difference tells, and the reason
    # trees: /srv/t /etc/motd               what is compared; /srv/t when nothing is said
    # before: useradd -m app                a command that both hosts get before the first run
    # look: getent passwd app               a command whose exit status and output are compared: before the first run
                                            and after every run; what they tell of time or place must be left out
    # needs: test -x /sbin/openrc           where this fails on a host the case is skipped; in CI it runs all the same
    # after: pkill -F /run/app.pid          a command that both hosts get once the next case begins
    # recorded: ansible.posix 1.6.2         what Ansible did with it lies in `recorded.json` (recorded.py), and
                                            nothing of Ansible runs
    # undone: yes                           after the last run our deployments are rolled back, the newest first; then
                                            trees (bytes, modes, owners, links, times of change, extended attributes)
                                            and looks must be what they were before the first run

Hosts that the case names get the commands of `before`, `after` and `look` as root, by `sh -c`, without SSH.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "cases"
_KEYS = (
    "proves",
    "run",
    "fails",
    "refused",
    "differs",
    "trees",
    "needs",
    "before",
    "after",
    "look",
    "recorded",
    "undone",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `runs` are the options of successive runs; `fails` the task that fails in the last of them."""

    name: str
    about: str
    proves: tuple[str, ...]
    runs: tuple[tuple[str, ...], ...]
    fails: str | None
    refused: str | None
    differs: tuple[tuple[str, str], ...]
    trees: tuple[str, ...]
    needs: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    looks: tuple[str, ...]
    recorded: str | None
    undone: bool

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return FOLDER / self.name


def load() -> list[Case]:
    """Every case, by name. Raises ValueError for a header that cannot be read."""
    return [read(path.parent) for path in sorted(FOLDER.glob("*/site.yml"))]


def read(folder: Path) -> Case:
    """The case in this folder."""
    about, found = _header(folder / "site.yml")
    runs = tuple(tuple(shlex.split(line)) for line in found["run"]) or ((), ())
    return Case(
        name=folder.name,
        about=about,
        proves=tuple(name.strip() for line in found["proves"] for name in line.split(",") if name.strip()),
        runs=runs,
        fails=" ".join(found["fails"]) or None,
        refused=" ".join(found["refused"]) or None,
        differs=tuple(_difference(line) for line in found["differs"]),
        trees=tuple(word for line in found["trees"] for word in line.split()) or ("/srv/t",),
        needs=tuple(found["needs"]),
        before=tuple(found["before"]),
        after=tuple(found["after"]),
        looks=tuple(found["look"]),
        recorded=" ".join(found["recorded"]) or None,
        undone=_yes(folder, found["undone"]),
    )


def _yes(folder: Path, said: list[str]) -> bool:
    if said not in ([], ["yes"]):
        raise ValueError(f"{folder / 'site.yml'}: undone is 'yes' or not said at all, not {said}")
    return bool(said)


def _difference(line: str) -> tuple[str, str]:
    word, _, why = line.partition(": ")
    return word, why


def _header(path: Path) -> tuple[str, dict[str, list[str]]]:
    about: list[str] = []
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text().splitlines():
        if not line.startswith("# "):
            break
        key, colon, rest = line[2:].partition(": ")
        if colon and key in _KEYS:
            found[key].append(rest.strip())
        elif line.rstrip().endswith(":") and line[2:].rstrip(" :") in _KEYS:
            found[line[2:].rstrip(" :")].append("")
        else:
            about.append(line[2:].strip())
    if not about or not found["proves"]:
        raise ValueError(f"{path} must begin with comments that say what it is about and what it proves")
    return " ".join(about), found
