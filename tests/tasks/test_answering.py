"""What a host may ask: tasks of the plan, of the kind it asks for, under their own names; nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis import Redis

from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.inventory import load_inventory
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.hostbook import HostBook
from deploy_tasks.rollout.ledger import Ledger
from deploy_tasks.rollout.pulse import Held
from deploy_tasks.rollout.slots import Limit, SlotBook
from deploy_tasks.rollout.views import Grant
from deploy_tasks.settings import load
from deploy_tasks.store import open_store
from deploy_tasks.tasks.answering import Answers
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.delegated import forbidden, place
from deploy_tasks.tasks.errands import Errand
from deploy_tasks.tasks.material import Material
from deploy_tasks.tasks.seal import Seal
from deploy_tasks.tasks.slots import Asked
from deploy_tasks.transport import BadOutput
from tests.support.stepping import make_record
from tests.support.workers import local_hosts

ERRANDS = {
    "once": Errand(0, "command", run_once=True, delegates=False),
    "db": Errand(0, "command", run_once=False, delegates=True, delegate_to="db1"),
    "any": Errand(0, "command", run_once=False, delegates=True),
    "two": Errand(0, "command", run_once=False, delegates=False, throttle=2),
    "some": Errand(0, "command", run_once=False, delegates=False, throttle={"$": ["var", "n"]}),
    "roll": Errand(0, "command", run_once=False, delegates=False, serial="50%"),
    "add": Errand(0, "add_host", run_once=True, delegates=False),
    "by": Errand(0, "group_by", run_once=False, delegates=False),
    "facts": Errand(0, "setup", run_once=False, delegates=True, delegate_to="db1", delegate_facts=True),
}


@pytest.fixture
def grant(redis: Redis) -> Grant:
    ledger = Ledger(redis)
    record = make_record(hosts=2)
    assert ledger.create(record)
    assert ledger.claim("d1", "status", "queued", "running")
    assert ledger.launch(record, 0, 10)
    found = HostBook(redis).grant("d1", "web 0", 1, "w", 60)
    assert isinstance(found, Grant)
    return found


@pytest.fixture
def answers(redis: Redis, tmp_path: Path, grant: Grant) -> Iterator[Answers]:
    store = open_store(str(tmp_path / "store"))
    here = SimpleNamespace(redis=redis, store=store, seal=Seal(store, redis), settings=load(state_dir=tmp_path))
    material = SimpleNamespace(
        errands=lambda _: ERRANDS,
        peers=lambda *_: ("web 0", "web 1"),
        absent=lambda *_: frozenset(),
        tolerance=lambda *_: 0.0,
        foreign_facts=lambda *_: (),
        lifetime_s=60,
        inventory=Inventory(hosts={"new1": Host(name="new1", vars={"ansible_host": "10.0.0.7"})}, added={"new1": 0}),
        lowered_extra={},
    )
    made = Answers(cast(Context, here), cast(Material, material), Held(grant, "t"), 30)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ({"kind": "secrets"}, "asks for 'secrets', which no program does"),
        ({}, "asks for None"),
        (
            {"kind": "once", "task": "other", "key": "other"},
            "the turn of the task 'other', which the plan does not have",
        ),
        ({"kind": "once", "task": "db", "key": "db"}, "the turn of the task 'db', which the plan does not have"),
        ({"kind": "once", "task": ["once"], "key": "once"}, "which the plan does not have"),
        ({"kind": "once", "task": "once", "key": "db/1"}, "the turn of once under the key 'db/1'"),
        ({"kind": "once", "task": "once", "key": "once" + "/1" * 600}, "under the key"),
        ({"kind": "performed", "task": "once", "key": "once", "outcome": "fine"}, "without an outcome"),
        ({"kind": "delegate", "task": "once", "to": "db1", "given": {}}, "delegation of the task 'once'"),
        (
            {"kind": "delegate", "task": "db", "to": "db2", "given": {}, "run": "1a"},
            "delegates db to 'db2', which is for db1",
        ),
        ({"kind": "delegate", "task": "any", "to": "db2", "given": {}}, "delegates any in the run None"),
        ({"kind": "delegate", "task": "any", "to": "db2", "given": {}, "run": "../x"}, "in the run '../x'"),
        ({"kind": "others", "task": "once", "host": "web 0"}, "what is said of the task 'once'"),
        (
            {"kind": "others", "task": "by", "host": "web 1", "groups": ["db"]},
            "says of 'web 1' in by what no task says",
        ),
        (
            {"kind": "others", "task": "by", "host": "web 0", "groups": ["a b"]},
            "says of 'web 0' in by what no task says",
        ),
        ({"kind": "others", "task": "by", "host": "web 0", "groups": "db"}, "what no task says"),
        ({"kind": "others", "task": "by", "host": "web 0", "groups": ["g"], "under": {"g": ["db"]}}, "no task says"),
        ({"kind": "others", "task": "by", "host": "web 0", "groups": ["g"], "under": {"g": "all"}}, "no task says"),
        ({"kind": "others", "task": "facts", "host": "db1", "facts": [1]}, "what no task says"),
        ({"kind": "others", "task": "facts", "host": ["db1"], "facts": {}}, "what no task says"),
        ({"kind": "others", "task": "facts", "host": "web 1", "facts": {}}, "what is for db1"),
        ({"kind": "slot", "task": "once", "key": "once"}, "a slot of the task 'once', which the plan does not have"),
        ({"kind": "slot", "task": "two", "key": "two" + "/1" * 600}, "a slot of two under the key"),
        ({"kind": "slot", "task": "some", "key": "some"}, "to perform some beside None hosts"),
        ({"kind": "slot", "task": "some", "key": "some", "most": True}, "to perform some beside True hosts"),
        ({"kind": "slot", "task": "some", "key": "some", "most": 10**9}, "to perform some beside 1000000000 hosts"),
        ({"kind": "done", "task": "db", "key": "db"}, "a slot of the task 'db'"),
        ({"kind": "passed", "task": "roll", "key": "other"}, "a slot of roll under the key 'other'"),
        ({"kind": "hostvars"}, "the facts of other hosts, which the plan does not read"),
        ({"kind": "delegate", "task": "any", "to": 7, "given": {}}, "without saying to whom"),
        ({"kind": "delegate", "task": "any", "to": "db2", "given": []}, "without saying to whom and with what"),
    ],
)
def test_what_no_program_of_ours_asks_is_refused(answers: Answers, question: Mapping[str, Any], why: str) -> None:
    with pytest.raises(BadOutput, match=why):
        answers.ask(question)


def answered(answers: Answers, question: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = answers.ask(question)
    until = time.monotonic() + 10
    while (known := answer()) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    return known


def test_a_host_that_is_none_of_the_inventory_is_not_asked(answers: Answers) -> None:
    told = answered(answers, {"kind": "delegate", "task": "any", "to": "evil.example", "given": {}, "run": "1a"})
    assert told == {"error": "'evil.example' is no host of the inventory"}


def test_a_host_that_nothing_has_added_is_not_asked(answers: Answers) -> None:
    told = answered(answers, {"kind": "delegate", "task": "any", "to": "new1", "given": {}, "run": "1a"})
    assert told == {"error": "'new1' is in no inventory, and no add_host has added it yet"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"ansible_host": "10.8.8.8"}, "ansible_host of 'new1' is said otherwise by another add_host"),
        ({"ansible_port": 29, "ansible_user": "x"}, "ansible_port, ansible_user of 'new1' are said otherwise"),
        ({"ansible_connection": "local"}, "ansible_connection of 'new1' is said otherwise"),
        ({"ansible_ssh_private_key_file": "/etc/key"}, "ansible_ssh_private_key_file of 'new1' is said otherwise"),
    ],
)
def test_no_host_says_where_workers_connect_to(answers: Answers, said: dict[str, Any], why: str) -> None:
    """What a program that lies, or an output that is taken for an address, says of a host that the plan may add."""
    told = answered(answers, {"kind": "others", "task": "add", "host": "new1", "groups": ["g"], "vars": said})
    assert why in told["error"]
    for other in ("evil.example", "10.8.8.8", "localhost"):
        told = answered(answers, {"kind": "others", "task": "add", "host": other, "groups": ["g"], "vars": said})
        assert "is no host of the inventory, and only the run knows its name" in told["error"]


def test_a_result_that_nobody_was_to_make_is_not_kept(answers: Answers, redis: Redis) -> None:
    """A host that tells a result without having had the turn changes nothing for the others."""
    question = {"kind": "performed", "task": "once", "key": "once", "outcome": {"result": {"stdout": "forged"}}}
    assert answered(answers, question) == {}
    assert answered(answers, {"kind": "once", "task": "once", "key": "once"}) == {"do": "perform"}


def test_closing_gives_up_what_is_waited_for(answers: Answers, redis: Redis, grant: Grant) -> None:
    other = HostBook(redis).grant("d1", "web 1", 1, "w1", 60)
    assert isinstance(other, Grant)
    answers._held.grant = other
    answer = answers.ask({"kind": "once", "task": "once", "key": "once"})
    assert answer() is None
    began = time.monotonic()
    answers.close()
    assert time.monotonic() - began < 3
    assert answer() == {"error": "the conversation is over"}


def test_what_the_program_says_of_a_limit_beats_the_host(answers: Answers, redis: Redis, grant: Grant) -> None:
    question = {"task": "two", "key": "two", "most": 100_000}
    assert answered(answers, {"kind": "slot", **question}) == {"do": "perform"}
    for other in ("x", "y"):
        redis.hset(keys.hosts("d1"), other, "running 1 0 w")
        SlotBook(redis, "d1", other, 1, 60).ask("0 two", Limit(2), ())
    answered(answers, {"kind": "done", **question})
    SlotBook(redis, "d1", "y", 1, 60).ask("0 two", Limit(2), ())
    answer = answers.ask({"kind": "slot", **question})
    time.sleep(0.1)
    assert answer() is None, "two others are at it"


def test_a_share_is_of_the_hosts_of_the_play_in_the_batch(answers: Answers) -> None:
    slots, asked = answers._slots, Asked("roll", "roll/1", 0)
    assert slots.limit(asked, ERRANDS["roll"], None) == (Limit(1, "0 roll/1", 0), ("web 0", "web 1"))
    both = replace(ERRANDS["roll"], serial=5, throttle={"$": ["var", "n"]})
    assert slots.limit(asked, both, 1)[0].most == 1


@pytest.mark.parametrize(
    ("errand", "allowed"),
    [
        ({}, True),
        ({"become": False, "become_user": "nobody"}, True),
        ({"become": True, "become_user": "nobody"}, False),
        ({"become_user": "nobody"}, False),
        ({"become": {"$": ["var", "x"]}, "become_user": {"$": ["var", "y"]}}, False),
    ],
)
def test_the_workers_machine_acts_as_nobody_but_the_worker(
    tmp_path: Path, errand: dict[str, Any], allowed: bool
) -> None:
    inventory = load_inventory(local_hosts(tmp_path, 1))
    here = SimpleNamespace(settings=load(state_dir=tmp_path / "own"))
    material = SimpleNamespace(inventory=inventory, triple=lambda _: "x86_64-linux")
    to = place(cast(Context, here), cast(Material, material), "localhost")
    assert (to.endpoint.connection, to.endpoint.become) == ("local", False)
    assert to.endpoint.state_dir == str(tmp_path / "own" / "localhost")
    assert (forbidden(Errand(0, "command", False, True, **errand), to) is None) == allowed
    there = place(cast(Context, here), cast(Material, material), "host0")
    assert forbidden(Errand(0, "command", False, True, **errand), there) is None
