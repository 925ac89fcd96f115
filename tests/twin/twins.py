"""Twin hosts: two fleets that look the same from inside, one for Ansible and one for deploy-tasks."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy_tasks.producer import Producer
from tests.support.redis import RedisProcess, free_port
from tests.support.workers import Site
from tests.twin import ours, outcome, recorded, tree, undo
from tests.twin.cases import Case
from tests.twin.outcome import Outcome
from tests.twin.recorded import Seen
from tests.twin.side import Side, make_side
from tests.twin.theirs import Ansible
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
        wanted = None if case.recorded else self.theirs.lay_out(case)
        return Play(self, case, wanted, self.ours.lay_out(case))


@dataclass
class Play:
    """One case on both sides: `runs`, then `undone`. `wanted` and `got` are the folders it lies in; None where
    Ansible's side is recorded."""

    twins: Twins
    case: Case
    wanted: Path | None
    got: Path
    deployments: list[str] = field(default_factory=list)
    _looks: dict[str, str] = field(default_factory=dict)
    _kept: dict[str, Kept] = field(default_factory=dict)

    def runs(self) -> Iterator[Step]:
        """Run it on both sides, run for run; the caller looks at each before the next."""
        mine, case = self.twins.ours, self.case
        self._looks, self._kept = mine.looks(case), mine.kept(case) if case.undone else {}
        known = iter(recorded.read(case)) if case.recorded else None
        before = next(known) if known else Seen(Outcome({}), {}, self.twins.theirs.looks(case))
        yield Step(0, False, before, Seen(Outcome({}), {}, self._looks))
        for number, options in enumerate(case.runs, 1):
            wanted, got = (next(known), self._ours(options)) if known else self._both(options)
            yield Step(number, number == len(case.runs), wanted, got)

    def _both(self, options: tuple[str, ...]) -> tuple[Seen, Seen]:
        """One run, at the same time on both sides."""
        theirs, case = self.twins.theirs, self.case
        assert self.wanted is not None
        self.twins.ansible.begin(self.wanted, ["-i", "hosts.ini", "site.yml", *options], ENVIRONMENT)
        try:
            got = self._ours(options)
        finally:
            wanted = self.twins.ansible.finish()
        return Seen(wanted, theirs.trees(case), theirs.looks(case)), got

    def _ours(self, options: tuple[str, ...]) -> Seen:
        got = ours.deployed(self.twins.producer, self.got, options)
        self.deployments += [got.deployment] if got.deployment else []
        return Seen(got, self.twins.ours.trees(self.case), self.twins.ours.looks(self.case))

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
    theirs: Seen
    ours: Seen

    @property
    def wanted(self) -> Outcome:
        """What it came to with Ansible."""
        return self.theirs.outcome

    @property
    def got(self) -> Outcome:
        """What it came to with us."""
        return self.ours.outcome

    def differences(self) -> list[str]:
        """What the recaps, the hosts' files and the looks differ in."""
        trees = [
            f"{host} {line}"
            for host in self.theirs.trees
            for line in tree.differences(self.theirs.trees[host], self.ours.trees[host])
        ]
        looks = [
            f"{what}\n    Ansible:      {told!r}\n    deploy-tasks: {self.ours.looks[what]!r}"
            for what, told in self.theirs.looks.items()
            if told != self.ours.looks[what]
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
        ansible = Ansible(interpreter, folder / "ansible", sides[0].fleet)
        after.callback(ansible.close)
        site.start()
        yield Twins(sides[0], sides[1], ansible, site.producer)


@contextlib.contextmanager
def environment() -> Iterator[None]:
    """What both sides find in the environment, for the block."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    yield
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
