"""Twin hosts: two fleets that look the same from inside, one for Ansible and one for deploy-tasks."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy_tasks.producer import Producer
from tests.support.redis import RedisProcess, free_port
from tests.support.workers import Site
from tests.twin import ours, outcome, tree, undo
from tests.twin.cases import Case
from tests.twin.outcome import Outcome
from tests.twin.side import Side, make_side
from tests.twin.theirs import Ansible
from tests.twin.tree import Entry
from tests.twin.undo import Kept

#: What lookups of the environment find, on the machine that deploys.
ENVIRONMENT = {"TWIN_SEASON": "autumn"}


@dataclass
class Twins:
    """Both sides, and what runs on each."""

    theirs: Side
    ours: Side
    ansible: Ansible
    producer: Producer

    def play(self, case: Case) -> Play:
        """The case, laid out on both sides: its runs are yet to come."""
        return Play(self, case, self.theirs.lay_out(case), self.ours.lay_out(case))


@dataclass
class Play:
    """One case on both sides: `runs`, then `undone`. `wanted` and `got` are the folders it lies in."""

    twins: Twins
    case: Case
    wanted: Path
    got: Path
    deployments: list[str] = field(default_factory=list)
    _looks: dict[str, str] = field(default_factory=dict)
    _kept: dict[str, Kept] = field(default_factory=dict)

    def runs(self) -> Iterator[Step]:
        """Run it on both sides, run for run; the caller looks at each before the next."""
        theirs, mine, case = self.twins.theirs, self.twins.ours, self.case
        self._looks, self._kept = mine.looks(case), mine.kept(case) if case.undone else {}
        yield Step(0, False, Outcome({}), Outcome({}), {}, {}, theirs.looks(case), self._looks)
        for number, options in enumerate(case.runs, 1):
            wanted, got = self._run(options)
            yield Step(
                number,
                number == len(case.runs),
                wanted,
                got,
                theirs.trees(case),
                mine.trees(case),
                theirs.looks(case),
                mine.looks(case),
            )

    def _run(self, options: tuple[str, ...]) -> tuple[Outcome, Outcome]:
        self.twins.ansible.begin(self.wanted, ["-i", "hosts.ini", "site.yml", *options], ENVIRONMENT)
        got = ours.deployed(self.twins.producer, self.got, options)
        self.deployments += [got.deployment] if got.deployment else []
        return self.twins.ansible.finish(), got

    def undone(self) -> list[str]:
        """Take our side's runs back; returns what is not as it was before the first of them."""
        side = self.twins.ours
        told = list(undo.roll_back(self.twins.producer, self.deployments))
        told += undo.differences(self._kept, side.kept(self.case))
        looks = side.looks(self.case)
        return told + [
            f"{what} told\n{was}now tells\n{looks[what]}" for what, was in self._looks.items() if was != looks[what]
        ]


@dataclass(frozen=True)
class Step:
    """One run on both sides, and what then lay on the hosts; number 0 is before the first run."""

    number: int
    last: bool
    wanted: Outcome
    got: Outcome
    wanted_trees: Mapping[str, Mapping[str, Entry]]
    got_trees: Mapping[str, Mapping[str, Entry]]
    wanted_looks: Mapping[str, str]
    got_looks: Mapping[str, str]

    def differences(self) -> list[str]:
        """What the recaps, the hosts' files and the looks differ in."""
        trees = [
            f"{host} {line}"
            for host in self.wanted_trees
            for line in tree.differences(self.wanted_trees[host], self.got_trees[host])
        ]
        looks = [
            f"{what}\n    Ansible:      {told!r}\n    deploy-tasks: {self.got_looks[what]!r}"
            for what, told in self.wanted_looks.items()
            if told != self.got_looks[what]
        ]
        return outcome.differences(self.wanted, self.got) + trees + looks


@contextlib.contextmanager
def running(interpreter: Path) -> Iterator[Twins]:
    """Three pairs of hosts, a loaded Ansible and a site of workers, all gone afterwards."""
    # Sockets of SSH's shared connections lie in here, and their paths must be short.
    folder = Path(tempfile.mkdtemp(prefix="twin-"))
    with contextlib.ExitStack() as after:
        after.callback(shutil.rmtree, folder, ignore_errors=True)
        after.enter_context(environment())
        server = RedisProcess(folder / "redis", free_port())
        server.start()
        after.callback(server.kill)
        sides = [make_side(folder / name, after) for name in ("a", "d")]
        site = Site(server, folder, {"known_hosts": sides[1].fleet.known_hosts_path})
        after.callback(site.close)
        ansible = Ansible(interpreter, folder / "ansible", sides[0].fleet.known_hosts_path)
        after.callback(ansible.close)
        site.start()
        yield Twins(*sides, ansible, site.producer)


@contextlib.contextmanager
def environment() -> Iterator[None]:
    """What both sides find in the environment, for the block."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    yield
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
