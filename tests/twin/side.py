"""One of the twin sides: its hosts, the folder its cases lie in, and what can be seen of the hosts from outside."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy_tasks import fleet as local_fleet
from deploy_tasks.fleet import Fleet, Host
from tests.support import janitor
from tests.twin import tree, undo
from tests.twin.cases import Case
from tests.twin.tree import Entry
from tests.twin.undo import Kept

NAMES = ("alpha", "beta", "gamma")
#: An account that cases may become, and that may become root itself.
USER = "app"


@dataclass
class Side:
    """Its hosts, and the folder on this machine in which cases and their controller files lie."""

    fleet: Fleet
    folder: Path
    _leave: list[tuple[Host, str]] = field(default_factory=list)

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
        groups = _groups(case)
        spoken = "".join(path.read_text() for path in [copied / "site.yml", *copied.glob("*_vars/*.yml")])
        lines = [*self._connections(groups), *groups.splitlines(), *self._ways(groups, spoken)]
        hosts.write_text("".join(f"{line}\n" for line in lines))
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

    def _ways(self, groups: str, spoken: str) -> Iterator[str]:
        """Variables of all hosts with the ways to those that the inventory leaves out, for cases that add them."""
        left = [host for host in self.fleet.hosts.values() if host.name not in groups and f"{host.name}_at" in spoken]
        if left:
            yield "[all:vars]"
            yield f"key_file={self.fleet.key_path}"
        for host in left:
            yield f"{host.name}_at={host.address}"
            yield f"{host.name}_port={host.port}"
            yield f'{host.name}_key="{host.seat.key}"'

    def _used(self, case: Case) -> list[Host]:
        """The hosts that the case says anything of: what the others cost is not paid."""
        said = _groups(case) + (case.folder / "site.yml").read_text()
        return [host for host in self.fleet.hosts.values() if host.name in said]

    def lacks(self, case: Case) -> list[str]:
        """What the case needs and a host does not have."""
        used = self._used(case) if case.needs else []
        return [need for need in case.needs if any(host.run(need, check=False).returncode for host in used)]

    def leave(self) -> None:
        """End what the last case has left running."""
        while self._leave:
            host, command = self._leave.pop(0)
            host.run(command)

    def _clean(self, case: Case) -> None:
        self.leave()
        self._leave[:] = [(host, command) for command in case.after for host in self._used(case)]
        for host in self._used(case):
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
            for host in self._used(case)
        }
        return {**found, "controller": tree.read(self.controller, "/")}

    def looks(self, case: Case) -> dict[str, str]:
        """What the case's commands tell on every host, by host and command."""
        found = {}
        for host in self._used(case):
            for command in case.looks:
                done = host.run(command, check=False)
                found[f"{host.name}: {command}"] = f"status {done.returncode}\n{done.stdout}{done.stderr}"
        return found

    def kept(self, case: Case) -> dict[str, Kept]:
        """All that an undo promises of what lies on every host, by host and path."""
        return {
            f"{host.name}: {path}": kept
            for host in self._used(case)
            for name in case.trees
            for path, kept in undo.read(host.root, name).items()
        }


def _groups(case: Case) -> str:
    """The inventory of the case, as it lies there."""
    hosts = case.folder / "hosts.ini"
    return hosts.read_text() if hosts.exists() else "[web]\nalpha\n"


def make_side(folder: Path, after: contextlib.ExitStack) -> Side:
    """Hosts of the twins' names, each with the cases' account."""
    janitor.watch_fleet(folder / "fleet")
    made = Side(local_fleet.up(len(NAMES), folder / "fleet", names=NAMES), folder)
    after.callback(made.fleet.down)
    after.callback(made.leave)
    for host in made.fleet.hosts.values():
        host.add_user(USER, sudo=True)
    return made
