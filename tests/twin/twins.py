"""Twin hosts: two fleets that look the same from inside, one for Ansible and one for deploy-tasks."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy_tasks import fleet as local_fleet
from deploy_tasks.fleet import Fleet
from deploy_tasks.producer import Producer
from tests.support.redis import RedisProcess, free_port
from tests.support.workers import Site
from tests.twin import ours, tree
from tests.twin.cases import Case
from tests.twin.outcome import Outcome
from tests.twin.theirs import Ansible
from tests.twin.tree import Entry

NAMES = ("alpha", "beta", "gamma")
#: An account that cases may become, and that may become root itself.
USER = "app"
#: What lookups of the environment find, on the machine that deploys.
ENVIRONMENT = {"TWIN_SEASON": "autumn"}


@dataclass
class Side:
    """One of the two: its hosts, and the folder on this machine in which cases and their controller files lie."""

    fleet: Fleet
    folder: Path

    @property
    def controller(self) -> Path:
        """What tasks on the controller itself may write to."""
        return self.folder / "controller"

    def lay_out(self, case: Case) -> Path:
        """A copy of the case with an inventory that reaches these hosts; hosts and controller are cleaned."""
        for folder in (self.folder / case.name, self.controller):
            shutil.rmtree(folder, ignore_errors=True)
        self.controller.mkdir()
        copied = shutil.copytree(case.folder, self.folder / case.name, symlinks=True)
        hosts = copied / "hosts.ini"
        groups = hosts.read_text() if hosts.exists() else "[web]\nalpha\n"
        hosts.write_text("".join(f"{line}\n" for line in self._connections(groups)) + groups)
        self._clean(case)
        return copied

    def _connections(self, groups: str) -> Iterator[str]:
        for host in self.fleet.hosts.values():
            if host.name in groups:
                yield (
                    f"{host.name} ansible_host={host.address} ansible_port={host.port} ansible_user=root "
                    f'deploy_tasks_host_key="{host.seat.key}" ansible_ssh_private_key_file={self.fleet.key_path} '
                    f"ansible_python_interpreter=/usr/bin/python3 controller={self.controller}"
                )

    def _clean(self, case: Case) -> None:
        for host in self.fleet.hosts.values():
            for name in case.trees:
                path = host.path(name)
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            host.path("/srv/t").mkdir(parents=True, exist_ok=True)
            for command in case.before:
                host.run(command)

    def trees(self, case: Case) -> dict[str, dict[str, Entry]]:
        """What lies on every host, and on the controller, by host."""
        found = {
            host.name: {path: entry for name in case.trees for path, entry in tree.read(host.root, name).items()}
            for host in self.fleet.hosts.values()
        }
        return {**found, "controller": tree.read(self.controller, "/")}


@dataclass
class Twins:
    """Both sides, and what runs on each."""

    theirs: Side
    ours: Side
    ansible: Ansible
    producer: Producer

    def play(self, case: Case) -> Iterator[Step]:
        """Run the case on both sides, run for run; the caller looks at each before the next."""
        wanted, got = self.theirs.lay_out(case), self.ours.lay_out(case)
        for number, options in enumerate(case.runs):
            self.ansible.begin(wanted, ["-i", "hosts.ini", "site.yml", *options], ENVIRONMENT)
            mine = ours.deployed(self.producer, got, options)
            answer = self.ansible.finish()
            yield Step(
                number,
                number == len(case.runs) - 1,
                answer,
                mine,
                self.theirs.trees(case),
                self.ours.trees(case),
            )


@dataclass(frozen=True)
class Step:
    """One run on both sides, and what then lay on the hosts."""

    number: int
    last: bool
    wanted: Outcome
    got: Outcome
    wanted_trees: dict[str, dict[str, Entry]]
    got_trees: dict[str, dict[str, Entry]]

    def tree_differences(self) -> list[str]:
        """What the hosts' files differ in."""
        return [
            f"{host} {line}"
            for host in self.wanted_trees
            for line in tree.differences(self.wanted_trees[host], self.got_trees[host])
        ]


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


def make_side(folder: Path, after: contextlib.ExitStack) -> Side:
    """Hosts of the twins' names, each with the cases' account."""
    made = Side(local_fleet.up(len(NAMES), folder / "fleet", names=NAMES), folder)
    after.callback(made.fleet.down)
    for host in made.fleet.hosts.values():
        host.add_user(USER, sudo=True)
    return made
