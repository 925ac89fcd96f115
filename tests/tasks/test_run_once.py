"""`run_once` from end to end: one host of the batch performs it, all have its result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.plan.model import Plan, Play, Task
from deploy_tasks.producer import Handle, Request, prepare
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.record import Options
from tests.support.workers import Site, local_hosts


def play(*tasks: dict[str, Any], **more: Any) -> Plan:
    made = tuple(
        Task.model_validate({"id": f"t{number}", "name": f"task {number}", **task}) for number, task in enumerate(tasks)
    )
    fields = {"gather_facts": False, **more}
    return Plan(name="once", format="playbook", plays=(Play(id="p", name="p", tasks=made, **fields),))


def shell(command: str, **more: Any) -> dict[str, Any]:
    return {"module": "shell", "args": {"_raw_params": command}, **more}


def note(text: str, **more: Any) -> dict[str, Any]:
    return {"module": "copy", "args": {"content": text, "dest": "{{ home }}/out.txt"}, **more}


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    return local_hosts(tmp_path, 3)


def deploy(site: Site, plan: Plan, inventory: Path, **options: Any) -> Handle:
    serial = options.pop("serial", ())
    return site.producer.submit(prepare(Request(plan, inventory, options=Options(**options), serial=serial)))


def content(hosts: Path) -> list[str | None]:
    places = [hosts.parent / f"host{number}" / "out.txt" for number in range(3)]
    return [place.read_text() if place.exists() else None for place in places]


def test_one_host_performs_it_and_all_have_its_result(site: Site, hosts: Path) -> None:
    marks = hosts.parent / "marks"
    handle = deploy(
        site,
        play(
            shell(f"echo {{{{ inventory_hostname }}}} | tee -a {marks}", run_once=True, register="told"),
            note("{{ told.stdout }} {{ told is changed }}"),
        ),
        hosts,
    )
    result = handle.wait(40)
    assert result.ok, result.to_json()
    assert marks.read_text() == "host0\n"
    assert content(hosts) == ["host0 True"] * 3
    counts = {name: (host.ok, host.changed) for name, host in result.hosts.items()}
    assert counts == {"host0": (2, 2), "host1": (1, 1), "host2": (1, 1)}


@pytest.mark.parametrize(
    ("wanted", "lines"), [("{{ groups.all | length > 1 }}", 1), ("{{ many | default(false) }}", 3)]
)
def test_a_template_may_decide_whether_one_performs_it_for_all(
    site: Site, hosts: Path, wanted: str, lines: int
) -> None:
    marks = hosts.parent / "marks"
    task = shell(f"echo {{{{ inventory_hostname }}}} >> {marks}", run_once=wanted)
    assert deploy(site, play(task), hosts).wait(40).ok
    assert len(marks.read_text().splitlines()) == lines


def test_what_is_kept_for_the_others_is_sealed_and_ends(site: Site, hosts: Path) -> None:
    secret = "s3cret-result-of-one"
    handle = deploy(
        site, play(shell(f"echo {secret}", run_once=True, register="told"), note("{{ told.stdout }}")), hosts
    )
    assert handle.wait(40).ok
    assert content(hosts) == [secret] * 3
    redis = site.producer.redis
    kept = redis.hgetall(keys.once(handle.id))
    assert kept
    assert secret not in repr(kept)
    assert 0 < redis.ttl(keys.once(handle.id)) < 4 * 3600


def test_conditions_are_the_performers_and_a_skip_is_everybodys(site: Site, hosts: Path) -> None:
    result = deploy(
        site,
        play(
            shell("true", run_once=True, when=["inventory_hostname == 'host1'"], register="told"),
            note("{{ told is skipped }}"),
        ),
        hosts,
    ).wait(40)
    assert result.ok, result.to_json()
    assert content(hosts) == ["True"] * 3
    assert [result.hosts[f"host{n}"].skipped for n in range(3)] == [1, 0, 0]


def test_facts_that_are_set_once_are_everybodys(site: Site, hosts: Path) -> None:
    result = deploy(
        site,
        play(
            {"module": "set_fact", "args": {"leader": "{{ inventory_hostname }}"}, "run_once": True},
            note("{{ leader }}"),
        ),
        hosts,
    ).wait(40)
    assert result.ok, result.to_json()
    assert content(hosts) == ["host0"] * 3


def test_a_loop_runs_on_the_one_host(site: Site, hosts: Path) -> None:
    marks = hosts.parent / "marks"
    result = deploy(
        site,
        play(
            shell(
                f"echo {{{{ item }}}} {{{{ inventory_hostname }}}} | tee -a {marks}",
                loop=["a", "b"],
                run_once=True,
                register="told",
            ),
            note("{{ told.results | map(attribute='stdout') | join(',') }} {{ told.results[1].item }}"),
        ),
        hosts,
    ).wait(40)
    assert result.ok, result.to_json()
    assert marks.read_text() == "a host0\nb host0\n"
    assert content(hosts) == ["a host0,b host0 b"] * 3


def test_every_batch_performs_it(site: Site, hosts: Path) -> None:
    marks = hosts.parent / "marks"
    tasks = [shell(f"echo {{{{ inventory_hostname }}}} >> {marks}", run_once=True)]
    assert deploy(site, play(*tasks, serial=(1, 2)), hosts).wait(40).ok
    assert marks.read_text() == "host0\nhost1\n"


def test_its_failure_is_everybodys(site: Site, hosts: Path) -> None:
    result = deploy(site, play(note("before"), shell("exit 3", run_once=True), note("after")), hosts).wait(40)
    assert result.status is D.ROLLED_BACK, result.to_json()
    assert content(hosts) == [None] * 3
    errors = [result.hosts[f"host{n}"].error for n in range(3)]
    assert [error.task for error in errors if error] == ["task 1"] * 3
    assert [result.hosts[f"host{n}"].failed for n in range(3)] == [1, 0, 0]
    assert errors[1] is not None
    assert errors[1].message.startswith("failed on the host that performed it for all: ")


def test_an_ignored_failure_is_everybodys_result(site: Site, hosts: Path) -> None:
    plan = play(
        shell("exit 3", run_once=True, ignore_errors=True, register="told"), note("{{ told is failed }} {{ told.rc }}")
    )
    assert deploy(site, plan, hosts).wait(40).ok
    assert content(hosts) == ["True 3"] * 3


def test_a_host_that_cannot_be_reached_is_not_waited_for(site: Site, tmp_path: Path) -> None:
    hosts = local_hosts(tmp_path, 3)
    lines = hosts.read_text().splitlines()
    lines.insert(1, "gone ansible_host=127.0.0.1 ansible_port=1")
    hosts.write_text("\n".join(lines) + "\n")
    result = deploy(
        site,
        play(shell("echo {{ inventory_hostname }}", run_once=True, register="told"), note("{{ told.stdout }}")),
        hosts,
        max_fail_percentage=30,
    ).wait(60)
    assert result.status is D.FAILED, result.to_json()
    assert result.hosts["gone"].status.value == "unreachable"
    assert content(hosts) == ["host0"] * 3


def test_plays_of_other_hosts_are_not_waited_for(site: Site, hosts: Path) -> None:
    """The first host of the batch is no host of the play: the second performs it without waiting for its end."""
    gate = hosts.parent / "gate"
    first = Play(
        id="a",
        hosts=("host0",),
        tasks=(
            Task.model_validate({"id": "a0", "name": "w", **shell(f"while ! test -e {gate}; do sleep 0.02; done")}),
        ),
    )
    second = play(shell(f"touch {gate}; echo x", run_once=True), hosts=("host1", "host2"))
    plan = second.model_copy(update={"plays": (second.plays[0], first)})
    assert deploy(site, plan, hosts, timeout_s=20).wait(40).ok


def test_without_a_second_host_nobody_is_asked(site: Site, tmp_path: Path) -> None:
    hosts = local_hosts(tmp_path, 1)
    handle = deploy(site, play(note("x", run_once=True)), hosts)
    assert handle.wait(40).ok
    assert not site.producer.redis.exists(keys.once(handle.id))


def test_a_check_asks_too_and_changes_nothing(site: Site, hosts: Path) -> None:
    result = deploy(site, play(note("x", run_once=True)), hosts, check=True).wait(40)
    assert result.ok, result.to_json()
    assert content(hosts) == [None] * 3
    assert [result.hosts[f"host{n}"].changed for n in range(3)] == [1, 0, 0]


def test_verifying_does_not_perform_it_everywhere(site: Site, hosts: Path) -> None:
    result = deploy(site, play(note("x", run_once=True)), hosts, verify=True).wait(40)
    assert result.ok, result.to_json()
    assert content(hosts) == ["x", None, None]
