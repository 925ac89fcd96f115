"""Deployments of several stages: whatever is killed in a stage or between two, each host does its part of each once,
knows afterwards what it and others had learnt before, and can be taken back as a whole."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import Any

import pytest

from deploy_tasks import broker
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState as S
from deploy_tasks.producer import Handle, Request, Result, prepare
from deploy_tasks.rollout.record import Options
from tests.faults.conftest import MakeFaultSite
from tests.faults.hosts import runner_pids
from tests.faults.support import truth
from tests.faults.support.plans import gate, release, shell, verify
from tests.faults.support.site import FaultSite
from workers.allinone import Supervisor

ROUNDS = int(os.environ.get("DEPLOY_TASKS_TEST_ROUNDS", "6"))
SEED = int(os.environ.get("DEPLOY_TASKS_TEST_SEED", "1"))
VICTIMS = ("control", "push", "redis", "push", "redis and push", "build")
SPAN_S = 2.0
FIRST = "web-001"


def play(name: str, hosts: list[str], *tasks: dict[str, Any]) -> dict[str, Any]:
    numbered = [
        {"args": {}, **task, "task_id": f"{name}-{place}", "name": f"{name} {place}", "execution_order": place}
        for place, task in enumerate(tasks)
    ]
    return {"play_id": name, "name": name, "hosts": hosts, "batches": [{"batch_id": name, "tasks": numbered}]}


def note(word: str) -> dict[str, Any]:
    return shell(f"echo {word} >> {truth.EFFECTS}")


def deploy(site: FaultSite, *plays: dict[str, Any], **options: Any) -> Handle:
    """Ask for these plays."""
    request = Request({"metadata": {}, "plays": list(plays)}, site.fleet.inventory_path, options=Options(**options))
    return site.site.producer.submit(prepare(request))


def three(site: FaultSite, *middle: dict[str, Any], version: str = "2") -> tuple[dict[str, Any], ...]:
    """Everybody learns something, all but the first host come to the middle, everybody tells what the others learnt."""
    names = [host.name for host in site.hosts]
    learn = {"module": "set_fact", "args": {"token": "of-{{ inventory_hostname }}"}}
    tell = f"{{% for name in {names} %}}{{{{ hostvars[name].token }}}} {{% endfor %}}{version}"
    return (
        play("one", ["all"], note("one"), learn),
        play("two", names[1:], note("two"), *middle),
        play("three", ["all"], release(tell), note("three"), verify()),
    )


def told(site: FaultSite, version: str = "2") -> str:
    return " ".join([*(f"of-{host.name}" for host in site.hosts), version])


def expected(site: FaultSite) -> dict[str, list[str]]:
    return {host.name: ["one", "three"] if host.name == FIRST else ["one", "two", "three"] for host in site.hosts}


def check_done_once(site: FaultSite, handle: Handle, within_s: float = 45) -> Result:
    """It ends well; each host did every part once, was verified once, and knew what the others had learnt."""
    result = site.finish(handle, within_s)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.effects(site.hosts) == expected(site)
    assert {truth.version(host) for host in site.hosts} == {told(site)}
    assert {host.name: len(truth.lines(host, truth.VERIFIED)) for host in site.hosts} == dict.fromkeys(result.hosts, 1)
    for host in site.hosts:
        kept = [path.name for path in host.state_dir.glob(f"deployments/{handle.id}/*.json")]
        assert not [name for name in kept if name.startswith("state-")]
        assert truth.reports(host)[handle.id]["status"] == "succeeded"
    site.check_hosts()
    return result


def in_the_middle(site: FaultSite, handle: Handle) -> bool:
    """Whether the hosts of the middle stage are at the gate, and the first one waits."""
    row = site.rows(handle).get(FIRST)
    return len(truth.at_gate(site.hosts)) == 2 and row is not None and row.state is S.WAITING


def test_the_push_worker_is_killed_in_a_later_stage(fault_site: MakeFaultSite) -> None:
    site = fault_site(3)
    _, _, first, _ = site.start()
    handle = deploy(site, *three(site, gate()), verify=True)
    site.until(lambda: in_the_middle(site, handle), "two hosts are at the gate, one waits")
    first.kill()
    site.start("push")
    site.until(lambda: len(site.in_flight(handle)) == 2, "another worker has them")
    truth.open_gates(site.hosts)
    result = check_done_once(site, handle)
    assert result.hosts[FIRST].attempt == 1


def test_control_is_away_between_two_stages(fault_site: MakeFaultSite) -> None:
    site = fault_site(3)
    control, *_ = site.start()
    handle = deploy(site, *three(site, gate()), verify=True)
    site.until(lambda: in_the_middle(site, handle), "two hosts are at the gate, one waits")
    control.kill()
    truth.open_gates(site.hosts)
    site.until(lambda: {row.state for row in site.rows(handle).values()} == {S.WAITING}, "all hosts wait")
    assert handle.status().status is D.RUNNING
    site.start("control")
    check_done_once(site, handle)


@pytest.mark.parametrize("keeps", [False, True], ids=["empty", "kept"])
def test_redis_is_killed_in_a_later_stage(fault_site: MakeFaultSite, keeps: bool) -> None:
    """Without its data stages are asked for again from the first one; hosts tell again what they had told."""
    site = fault_site(3)
    site.redis.kill()
    site.redis.options = ("--appendonly", "yes", "--appendfsync", "everysec") if keeps else ()
    site.redis.start()
    with site.supervised():
        handle = deploy(site, *three(site, gate()), verify=True)
        site.until(lambda: in_the_middle(site, handle), "two hosts are at the gate, one waits")
        site.redis.kill()
        site.redis.start()
        site.until(lambda: set(site.rows(handle)) == set(site.fleet.hosts), "the ledger knows the deployment again")
        truth.open_gates(site.hosts)
        check_done_once(site, handle)


def test_a_runner_is_killed_in_a_later_stage(fault_site: MakeFaultSite) -> None:
    """That stage is taken back alone and done anew; afterwards all stages can be taken back."""
    site = fault_site(3)
    site.start()
    assert site.finish(site.deploy(release("0"))).ok
    names = [host.name for host in site.hosts]
    plays = (
        play("one", ["all"], release("1"), note("one")),
        play("two", names[1:], release("2"), gate(), note("two")),
        play("three", ["all"], note("three")),
    )
    handle = deploy(site, *plays)
    site.until(lambda: in_the_middle(site, handle), "two hosts are at the gate, one waits")
    victim = site.hosts[1]
    for pid in runner_pids(victim):
        os.kill(pid, signal.SIGKILL)
    truth.open_gates(site.hosts)
    result = site.finish(handle)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.effects(site.hosts) == expected(site)
    assert [truth.version(host) for host in site.hosts] == ["1", "2", "2"]
    assert site.finish(handle.rollback()).status is D.ROLLED_BACK
    assert {truth.version(host) for host in site.hosts} == {"0"}
    site.check_hosts()


def test_messages_of_every_stage_come_again(fault_site: MakeFaultSite) -> None:
    """Those of earlier stages and those of this one: none is done twice, none hurries the next stage."""
    site = fault_site(3)
    site.start()
    application = broker.make_celery(site.settings)
    handle = deploy(site, *three(site, gate()), verify=True)

    def send_all() -> None:
        for batch in range(3):
            for host in site.hosts:
                names = {"deployment": handle.id, "host": host.name, "attempt": 1, "batch": batch}
                application.send_task(broker.PUSH_HOST, kwargs=names, ignore_result=True)
            conclusion = {"deployment": handle.id, "batch": batch}
            application.send_task(broker.CONCLUDE, kwargs=conclusion, ignore_result=True)

    site.until(lambda: in_the_middle(site, handle), "two hosts are at the gate, one waits")
    send_all()
    site.until(lambda: not site.waiting(broker.PUSH) and site.unacked() == 2, "only the hosts at the gate are left")
    assert in_the_middle(site, handle)
    truth.open_gates(site.hosts)
    check_done_once(site, handle)
    send_all()
    site.until(lambda: not site.waiting(broker.PUSH) and site.unacked() == 0, "late messages are done")
    check_done_once(site, handle)


@pytest.mark.timeout(60 + 40 * ROUNDS)
@pytest.mark.parametrize("good", [True, False], ids=["good plan", "bad plan"])
def test_something_is_killed_in_every_deployment(fault_site: MakeFaultSite, good: bool) -> None:
    site = fault_site(4)
    chance = random.Random(SEED)
    with site.supervised() as tree:
        assert site.finish(site.deploy(release("0"))).ok
        for number in range(1, ROUNDS + 1):
            moment, victim = chance.uniform(0, SPAN_S), VICTIMS[(number - 1) % len(VICTIMS)]
            before = truth.effects(site.hosts)
            plays = list(three(site, shell("sleep 0.1"), version=str(number)))
            if not good:
                plays.append(play("four", [site.hosts[-1].name], shell("false")))
            handle = deploy(site, *plays, verify=True)
            time.sleep(moment)  # the moment is what is tried here, not something waited for
            _kill(site, tree, victim)
            result = site.finish(handle, 60)
            said = f"round {number}: {victim} killed after {moment:.3f} s: {json.dumps(result.to_json())}"
            assert result.status is (D.SUCCEEDED if good else D.ROLLED_BACK), said
            done = {name: lines[len(before[name]) :] for name, lines in truth.effects(site.hosts).items()}
            assert all(len(set(lines)) == len(lines) for lines in done.values()), f"{said}: {done}"
            if good:
                assert done == expected(site), said
            versions = {truth.version(host) for host in site.hosts}
            assert versions == {told(site, str(number)) if good else "0"}, said
            tree.wait_ready()
    site.check_hosts()


def _kill(site: FaultSite, tree: Supervisor, victim: str) -> None:
    for child in tree.children:
        if child.name in victim and child.process is not None:
            os.killpg(child.process.pid, signal.SIGKILL)
    if "redis" in victim:
        site.redis.kill()
        site.redis.start()
