"""A host that shows another key than the one we know gets nothing from us: no login, no file, no secret."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_tasks.fleet import Host
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostOutcome, HostState
from tests.faults.conftest import MakeFaultSite
from tests.faults.hosts import deploy_files
from tests.faults.support import truth
from tests.faults.support.plans import count
from tests.faults.support.site import FaultSite

#: The server notes every request to log in, by whatever method, also those that come to nothing.
LOUD = {"sshd_extra": "LogLevel DEBUG1"}
LOGIN = "userauth-request"


@pytest.fixture
def site(fault_site: MakeFaultSite) -> FaultSite:
    made = fault_site(2, fleet=LOUD)
    made.start()
    return made


def unpinned(site: FaultSite) -> Path:
    """The inventory without keys: what is known stands in known_hosts."""
    text = re.sub(r' deploy_tasks_host_key="[^"]*"', "", site.fleet.inventory_path.read_text())
    path = site.fleet.root / "unpinned.ini"
    path.write_text(text)
    return path


def pinned(site: FaultSite) -> Path:
    """The inventory with the key of each host."""
    return site.fleet.inventory_path


def check_refused(outcome: HostOutcome, host: Host, log_before: str) -> None:
    """Refused before the login: the server saw a key exchange and nothing more, and its disk nothing at all."""
    assert outcome.status is HostState.UNREACHABLE
    assert outcome.error is not None
    assert outcome.error.phase == "connecting"
    assert (outcome.touched, outcome.bytes_sent, outcome.attempt) == (False, 0, 1)
    heard = host.log.removeprefix(log_before)
    assert "Connection from" in heard
    assert LOGIN not in heard
    assert not any(host.state_dir.iterdir())


@pytest.mark.parametrize("known", [pinned, unpinned])
def test_an_impostor_is_refused_before_the_login(
    site: FaultSite, tmp_path: Path, known: Callable[[FaultSite], Path]
) -> None:
    impostor, honest = site.hosts
    old_key = impostor.seat.key
    assert site.finish(deploy_files(site, tmp_path, count(), inventory=known(site))).status is D.SUCCEEDED
    assert LOGIN in impostor.log, "the server's log shows logins"
    impostor.run("rm -rf /var/lib/deploy-tasks/*")
    new_key = impostor.replace_key()
    before = impostor.log
    result = site.finish(deploy_files(site, tmp_path, count(), inventory=known(site), max_fail_percentage=50))
    outcome = result.hosts[impostor.name]
    check_refused(outcome, impostor, before)
    assert outcome.error is not None
    for key in (old_key, new_key):
        assert fingerprint(key) in outcome.error.message
    assert outcome.error.hint
    assert truth.effects([impostor, honest]) == {impostor.name: ["changed"], honest.name: ["changed", "changed"]}


def test_an_unknown_host_is_refused_with_the_command_that_enrols_it(site: FaultSite, tmp_path: Path) -> None:
    stranger, known = site.hosts
    known_hosts = site.fleet.known_hosts_path
    known_hosts.write_text("".join(line for line in lines(known_hosts) if stranger.address not in line))
    before = stranger.log
    result = site.finish(deploy_files(site, tmp_path, count(), inventory=unpinned(site), max_fail_percentage=50))
    outcome = result.hosts[stranger.name]
    check_refused(outcome, stranger, before)
    assert result.hosts[known.name].status is HostState.SUCCEEDED
    assert outcome.error is not None
    hint = re.search(r"(ssh-keyscan [^|]*)\|.* add the line to (\S+)", str(outcome.error.hint))
    assert hint, outcome.error.hint
    assert Path(hint[2]) == known_hosts
    scanned = subprocess.run(shlex.split(hint[1]), check=True, capture_output=True, text=True, timeout=20).stdout
    known_hosts.write_text(known_hosts.read_text() + scanned)
    again = deploy_files(site, tmp_path, count(), inventory=unpinned(site), limit=stranger.name)
    assert site.finish(again).status is D.SUCCEEDED
    assert truth.effects([stranger]) == {stranger.name: ["changed"]}


def lines(path: Path) -> list[str]:
    """The lines of a file with their ends."""
    return path.read_text().splitlines(keepends=True)


def fingerprint(key: str) -> str:
    """As ssh-keygen shows it."""
    done = subprocess.run(["ssh-keygen", "-lf", "-"], input=key, capture_output=True, text=True, check=True)
    return done.stdout.split()[1]
