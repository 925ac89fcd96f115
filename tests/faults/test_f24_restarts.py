"""A host that restarts in the middle of its run (`reboot`): whoever dies meanwhile, it goes on where it stood and does
nothing twice; one that does not come back says so, and is taken back once it is there again."""

from __future__ import annotations

import os
import signal
from typing import Any

from deploy_tasks.fleet import Host
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.outcome import HostState as S
from deploy_tasks.plan.model import Plan, Play, Task
from deploy_tasks.producer import Handle, Request, prepare
from deploy_tasks.rollout.record import Options
from tests.faults.conftest import MakeFaultSite
from tests.faults.hosts import runner_pids
from tests.faults.support import truth
from tests.faults.support.plans import count, gate, release, shell
from tests.faults.support.site import FaultSite

BOOT, GOING = "/etc/boot", "/srv/anybody/going-down"
#: Whose command restarts the host; what the run leaves is root's all the same.
NOBODY: dict[str, Any] = {"become": True, "become_user": "nobody"}


def reboot(timeout_s: int = 60, **more: Any) -> dict[str, Any]:
    """Says that it goes down, and waits for the plug to be pulled."""
    command = f"/bin/touch {GOING}; sleep 120"
    args = {"reboot_command": command, "boot_time_command": f"cat {BOOT}", "reboot_timeout": timeout_s}
    return {"module": "reboot", "args": {**args, "connect_timeout": 2}, **more}


def boots(host: Host, number: int) -> None:
    folder = host.path(GOING).parent
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    host.path(BOOT).write_text(f"{number}\n")


def go_down(site: FaultSite, host: Host) -> None:
    """The host is away, as soon as it wants to."""
    site.until(lambda: host.path(GOING).exists(), "the host goes down")
    boots(host, 2)
    host.path(GOING).unlink()
    host.stop()


def deploy(site: FaultSite, *plays: tuple[str, list[dict[str, Any]]]) -> Handle:
    """Plays for these hosts, verified at the end."""
    made = [
        Play(
            id=f"p{n}",
            hosts=(hosts,),
            tasks=tuple(Task.model_validate({"id": f"p{n}-{i}", "name": f"{n} {i}", **t}) for i, t in enumerate(tasks)),
        )
        for n, (hosts, tasks) in enumerate(plays)
    ]
    plan = Plan(name="plays", format="playbook", plays=tuple(made))
    request = Request(plan, site.fleet.inventory_path, options=Options(verify=True))
    return site.site.producer.submit(prepare(request))


def test_the_worker_is_killed_while_the_host_restarts(fault_site: MakeFaultSite) -> None:
    """In the second of three stages; and then the runner, which begins again after the restart."""
    site = fault_site(2, lease_s=2)
    host, other = site.hosts
    boots(host, 1)
    _, _, first, *_ = site.start()
    assert site.finish(site.deploy(release("0"))).ok
    told = {"register": "said", **shell("echo of-before")}
    middle = [release("1"), count(), told, reboot(**NOBODY), release("{{ said.stdout }}"), gate(), count()]
    handle = deploy(site, ("all", [count()]), (host.name, middle), ("all", [count()]))
    go_down(site, host)
    first.kill()
    site.start("push")
    site.until(lambda: (row := site.rows(handle).get(host.name)) and row.attempt == 2 and row.owner, "another worker")
    host.start()
    site.until(lambda: truth.at_gate([host]), "it went on")
    for pid in runner_pids(host):
        os.kill(pid, signal.SIGKILL)
    truth.open_gates([host])
    result = site.finish(handle, 60)
    assert not host.path(GOING).exists()  # it did not restart again
    assert result.status is D.SUCCEEDED, result.to_json()
    assert truth.effects(site.hosts) == {host.name: ["changed"] * 4, other.name: ["changed"] * 2}
    assert truth.version(host) == "of-before"
    outcome = result.hosts[host.name]
    assert (outcome.changed, outcome.failed, outcome.irreversible >= 1) == (9, 0, True), outcome
    assert not list(host.state_dir.glob(f"deployments/{handle.id}/state-*"))
    back = site.finish(handle.rollback())
    assert back.status is D.ROLLED_BACK, back.to_json()
    assert {truth.version(each) for each in site.hosts} == {"0"}
    site.check_hosts()


def test_a_host_that_is_away_when_all_is_over_is_taken_back(fault_site: MakeFaultSite) -> None:
    """By cancelling it meanwhile, as soon as the host is there; and by hand when it came too late."""
    site = fault_site(1)
    (host,) = site.hosts
    boots(host, 1)
    site.start()
    assert site.finish(site.deploy(release("0"))).ok
    handle = site.play(release("1"), reboot(), release("2"))
    go_down(site, host)
    handle.cancel()
    site.until(lambda: site.rows(handle)[host.name].state is S.UNDOING, "it is to be taken back")
    host.start()
    result = site.finish(handle)
    assert (result.status, result.hosts[host.name].status) == (D.CANCELLED, S.ROLLED_BACK), result.to_json()
    assert truth.version(host) == "0"

    handle = site.play(release("1"), reboot(1), release("2"))
    go_down(site, host)
    result = site.finish(handle)
    assert (result.status, result.hosts[host.name].status) == (D.FAILED, S.UNDO_FAILED), result.to_json()
    error = result.hosts[host.name].error
    assert error is not None
    assert (error.phase, error.task) == ("undoing", "task 1")
    assert error.message.endswith("; before that: Timed out waiting for last boot time check (timeout=1)")
    host.start()
    assert truth.version(host) == "1"
    back = site.finish(handle.rollback())
    assert back.status is D.ROLLED_BACK, back.to_json()
    assert truth.version(host) == "0"
    site.check_hosts()
