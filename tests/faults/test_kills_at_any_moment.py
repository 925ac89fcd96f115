"""Whatever is killed, whenever: a good deployment ends well, a bad one is taken back, no host is changed twice by one.

`DEPLOY_TASKS_TEST_ROUNDS` and `DEPLOY_TASKS_TEST_SEED` make it longer and other.
"""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from deploy_tasks.outcome import DeploymentStatus as D
from tests.faults.conftest import MakeFaultSite
from tests.faults.support import truth
from tests.faults.support.plans import count, release, shell, verify
from tests.faults.support.site import FaultSite
from workers.allinone import Supervisor

ROUNDS = int(os.environ.get("DEPLOY_TASKS_TEST_ROUNDS", "6"))
SEED = int(os.environ.get("DEPLOY_TASKS_TEST_SEED", "1"))
VICTIMS = ("control", "build", "push", "undo", "redis", "redis and push")
#: Seconds after the request within which something is killed: compiling, sending, running, verifying, concluding.
SPAN_S = 1.2


@pytest.mark.timeout(60 + 40 * ROUNDS)
@pytest.mark.parametrize("good", [True, False], ids=["good plan", "bad plan"])
def test_something_is_killed_in_every_deployment(fault_site: MakeFaultSite, good: bool) -> None:
    site = fault_site(6, parallel=3)
    chance = random.Random(SEED)
    check = verify() if good else verify("test {{ inventory_hostname }} != web-006")
    with site.supervised() as tree:
        assert site.finish(site.deploy(release("0"))).ok
        for number in range(1, ROUNDS + 1):
            moment, victim = chance.uniform(0, SPAN_S), VICTIMS[(number - 1) % len(VICTIMS)]
            before = _counts(site)
            handle = site.deploy(count(), shell("sleep 0.1"), release(str(number)), check, verify=True)
            time.sleep(moment)  # the moment is what is tried here, not something waited for
            _kill(site, tree, victim)
            result = site.finish(handle, 60)
            told = f"round {number}: {victim} killed after {moment:.3f} s: {result.to_json()}"
            changes = {now - then for now, then in zip(_counts(site), before, strict=True)}
            versions = {truth.version(host) for host in site.hosts}
            assert result.status is (D.SUCCEEDED if good else D.ROLLED_BACK), told
            assert changes == {1} if good else changes <= {0, 1}, told
            assert versions == {str(number) if good else "0"}, told
            tree.wait_ready()
    site.check_hosts()


def _counts(site: FaultSite) -> list[int]:
    return [len(lines) for lines in truth.effects(site.hosts).values()]


def _kill(site: FaultSite, tree: Supervisor, victim: str) -> None:
    for child in tree.children:
        if child.name in victim and child.process is not None:
            os.killpg(child.process.pid, signal.SIGKILL)
    if "redis" in victim:
        site.redis.kill()
        site.redis.start()
