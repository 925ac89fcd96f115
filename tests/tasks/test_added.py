"""Which hosts that no inventory has are there when a batch begins, and whether what was said of them is whole."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import MagicMock

import pytest
from redis import Redis

from deploy_tasks.errors import BadInput
from deploy_tasks.plan import layers as layers_module
from deploy_tasks.plan.hosts import PLAN_BECOME, Host, Inventory
from deploy_tasks.plan.layers import GroupLayer, HostLayer, Layers
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.views import Grant
from deploy_tasks.tasks import said as said_module
from deploy_tasks.tasks.added import missing, refuse_forgotten, refuse_half_said
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.said import Said, foreseen, grown, joined
from deploy_tasks.tasks.sharing import Others

KNOWN = Inventory(
    hosts={
        "web": Host(name="web"),
        "new1": Host(name="new1", vars={"ansible_host": "10.0.0.7", "ansible_user": "g", "size": 1, PLAN_BECOME: True}),
        "new2": Host(name="new2", groups=("ungrouped",)),
    },
    groups={"all": ("web",), "ungrouped": ("web",)},
    added={"new1": 0, "new2": 1},
    layers=Layers(
        groups={
            "all": GroupLayer(vars={"size": 1}),
            "g": GroupLayer(vars={"ansible_user": "g"}),
            "ungrouped": GroupLayer(vars={"alone": True}),
        },
        hosts={"new2": HostLayer(files={"own": 1})},
    ),
)


def test_hosts_are_there_in_the_batches_after_they_were_added() -> None:
    said = {"web": Said(batch=0), "new1": Said(batch=0, added=1), "new2": Said(facts={"x": 1})}
    assert missing(KNOWN, said, 1) == {"new1", "new2"}  # facts that are delegated to a host do not bring it in
    assert missing(KNOWN, said, 2) == missing(KNOWN, said, None) == {"new2"}
    assert missing(KNOWN, {}, None) == {"new1", "new2"}


@pytest.mark.parametrize(
    ("host", "told", "why"),
    [
        ("new1", Said(groups=("g",), variables={"ansible_host": "10.0.0.7"}, added=0), None),
        ("new1", Said(groups=("g",), variables={"size": 2}, added=0), "ansible_host of 'new1' is said otherwise"),
        ("new1", Said(variables={"ansible_host": "10.0.0.7"}, added=0), "ansible_user of 'new1' is said otherwise"),
        ("new2", Said(added=0), None),
        ("web", Said(variables={"size": 2}), None),
    ],
)
def test_a_way_to_a_host_of_which_a_part_was_not_said_is_refused(host: str, told: Said, why: str | None) -> None:
    if why is None:
        refuse_half_said(host, KNOWN, {host: told})
        return
    with pytest.raises(BadInput, match=why):
        refuse_half_said(host, KNOWN, {host: told})


def test_nobody_guesses_whether_a_host_was_added_once_redis_has_lost_what_was_said(redis: Redis) -> None:
    here, grant = (
        cast(Context, SimpleNamespace(redis=redis)),
        cast(Grant, SimpleNamespace(deployment="d1", host="new1")),
    )
    refuse_forgotten(here, grant)
    redis.hset(keys.head("d1"), "recreated", "1")
    with pytest.raises(BadInput, match="whether add_host has added new1"):
        refuse_forgotten(here, grant)


def test_a_host_says_only_so_much_in_one_deployment(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(said_module, "_MOST_BYTES_OF_ONE", 1000)
    seal = SimpleNamespace(seal=lambda content, name: content)
    ledger = SimpleNamespace(now_ms=lambda: 1)
    here = cast(Context, SimpleNamespace(redis=redis, seal=seal, ledger=ledger))

    def says(who: str, size: int) -> None:
        grant = cast(Grant, SimpleNamespace(deployment="d1", host=who, batch=0, attempt=1))
        said_module.say(here, grant, "t0", "web", Said(variables={"x": "x" * size}), 60)

    says("web", 500)
    with pytest.raises(BadInput, match="web says more than 1000 bytes of hosts in one deployment"):
        says("web", 501)
    says("other", 500)
    assert len(redis.hgetall(keys.said("d1"))) == 2
    assert 0 < redis.ttl(keys.sayings("d1")) <= 60


def test_only_groups_that_the_plan_makes_are_put_below_others() -> None:
    """A host cannot bring others into a group by a word about theirs."""
    inventory = KNOWN.model_copy(update={"below": (("of_*", "kinds"), ("*", "made"))})
    under = {"of_x": ["kinds", "all"], "ungrouped": ["made"], "y": ["all"]}
    told = foreseen(Said(groups=("of_x",), under=under), inventory)
    assert told is not None
    assert told.under == {"of_x": ["kinds"]}
    assert foreseen(Said(under={"other": ["kinds"]}), inventory) is None
    assert grown(inventory, [Said()]) is inventory
    layers = grown(inventory, [told, Said(under={"kinds": ["top"], "z": ["of_x"]}), Said(under={"top": ["z"]})]).layers
    assert layers is not None
    assert set(layers.with_above(["z"])) == {"z", "of_x", "kinds", "top"}


def test_what_groups_say_that_are_below_others_is_stronger() -> None:
    layers = Layers(groups={"a": GroupLayer(vars={"x": "a"}), "z": GroupLayer(vars={"x": "z"})})
    assert layers.before_host("h", ["a", "z"]) == {"x": "z"}
    assert layers.with_below({"a": ["z"]}).before_host("h", ["a", "z"]) == {"x": "a"}
    deep = layers.with_below({"b": ["z"], "a": ["b"]})
    assert [deep.group(name).depth for name in ("z", "b", "a")] == [1, 2, 3]


@pytest.mark.parametrize("below", [{"a": ["b"], "b": ["a"]}, {f"k{n}": [f"k{n + 1}"] for n in range(40)}])
def test_circles_and_long_chains_of_groups_are_followed_only_so_far(
    monkeypatch: pytest.MonkeyPatch, below: dict[str, list[str]]
) -> None:
    settled = MagicMock(wraps=layers_module._settled)
    monkeypatch.setattr(layers_module, "_settled", settled)
    found = Layers(groups={f"g{n}": GroupLayer() for n in range(500)}).with_below(below)
    assert 0 < settled.call_count <= 20 * len(below)
    first, *_, last = found.with_above([next(iter(below))])
    assert [first, last] in (["a", "b"], ["k0", "k40"])


def test_a_host_says_of_one_group_at_a_time_what_it_is_below() -> None:
    assert Said.of({"groups": ["a"], "under": {"a": ["b", "c"]}}) == Said(("a",), under={"a": ["b", "c"]})
    assert Said.of({"groups": ["a"], "under": {"a": ["b"], "c": ["d"]}}) is None
    assert (Said(under={"a": ["b"]}) | Said(under={"a": ["b", "c"]})).under == {"a": ["b", "c"]}


def test_added_hosts_come_first_among_all_and_are_ungrouped_unless_they_join_a_group() -> None:
    said = {"new2": Said(added=1, batch=1), "new1": Said(groups=("g",), added=0)}
    base: dict[str, Any] = {"groups": KNOWN.groups, "group_names": ["ungrouped"], "size": 1}
    found = joined(base, "new2", said, KNOWN.layers)
    assert found["groups"] == {"all": ["new1", "new2", "web"], "ungrouped": ["web", "new2"], "g": ["new1"]}
    assert found["group_names"] == ["ungrouped"]
    assert (found["alone"], found["own"]) == (True, 1)
    assert joined(base, "new1", said, KNOWN.layers)["group_names"] == ["g"]
    others = Others(said=said, layers=KNOWN.layers)
    assert others.variables("new2", base) == found
    assert others.variables("new2", {**base, "groups": {"all": ["new2"]}})["groups"]["all"] != found["groups"]["all"]


def test_groups_of_a_thousand_hosts_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [f"web{number}" for number in range(1000)]
    others = Others(said={name: Said(groups=("made", f"of_{name[-1]}")) for name in hosts})
    reads: list[str] = []

    def counted(groups: Iterable[str], layers: Layers | None) -> tuple[str, ...]:
        reads.append("")
        return tuple(groups)

    monkeypatch.setattr(said_module, "with_above", counted)
    for name in hosts:
        found = others.variables(name, {"groups": {"all": list(hosts), "ungrouped": list(hosts)}, "group_names": []})
        assert found["group_names"] == ["made", f"of_{name[-1]}"]
    assert found["groups"]["made"] == hosts
    assert found["groups"]["ungrouped"] == []
    assert len(reads) == 2 * len(hosts)  # each host's own, and everybody's together
