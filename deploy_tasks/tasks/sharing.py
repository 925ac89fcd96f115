"""What hosts of one deployment know of each other: the hosts of their play, and the variables that steps read by
`hostvars`, those of the inventory and those that hosts have told in earlier stages.

What hosts tell lies sealed in Redis until the deployment ends. It is read once for every batch: a batch begins when
those before it have ended, so that nothing of what it may read changes meanwhile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from deploy_tasks.compiler import lower_vars
from deploy_tasks.errors import BadInput, InventoryError
from deploy_tasks.outcome import HostState
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.layers import Layers
from deploy_tasks.plan.patterns import select
from deploy_tasks.plan.texts import texts
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.record import Record
from deploy_tasks.rollout.states import BAD
from deploy_tasks.rollout.views import Grant
from deploy_tasks.secret import is_secret_name, secret_values
from deploy_tasks.tasks.added import missing
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.said import Said, grown, joined, memberships, named, said

#: Names and bytes that one host may tell.
MAX_NAMES, MAX_BYTES = 2000, 8 << 20
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Reads:
    """What the plan reads of other hosts: variables by name, all but secrets (`everything`), the play's hosts."""

    names: frozenset[str] = frozenset()
    everything: bool = False
    players: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Reads:
        """From the options of a bundle."""
        told = options.get("hostvars")
        return cls(
            frozenset(told) if isinstance(told, list) else frozenset(), told == "*", bool(options.get("play_hosts"))
        )

    @property
    def variables(self) -> bool:
        """Whether variables of other hosts are read at all."""
        return self.everything or bool(self.names)

    def to_json(self) -> list[str] | str:
        """The names a host is to tell."""
        return "*" if self.everything else sorted(self.names)


@dataclass
class Others:
    """What the hosts of one batch are told of others."""

    play: dict[str, list[str]] = field(default_factory=dict)
    hostvars: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    said: Mapping[str, Said] = field(default_factory=dict)
    layers: Layers | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()  # hosts that no add_host has added by now
    #: Groups as hosts had them, and with everybody who has come into them: of all hosts of the batch together.
    grouped: list[tuple[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]] = field(
        default_factory=list, repr=False, compare=False
    )

    def request(self, host: str) -> dict[str, Any]:
        """The fields of a host's request."""
        fields: dict[str, Any] = {"play": self.play} if self.play else {}
        if self.hostvars:
            fields["hostvars"] = {name: told for name, told in self.hostvars.items() if name != host}
        if (own := self.said.get(host)) is not None:
            fields |= {"known": dict(own.known), "facts": dict(own.facts)}
        return fields

    def variables(self, host: str, own: Mapping[str, Any]) -> dict[str, Any]:
        """A host's inventory variables, with what has been said of it."""
        if not self.said:
            return dict(own)
        return joined(own, host, self.said, self.layers, self._groups(own["groups"]))

    def _groups(self, groups: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        """Everybody's groups. They are worked out once: all hosts of a batch begin with the same."""
        for before, after in self.grouped:
            if before == groups:
                return after
        made = memberships(groups, self.said, self.layers)
        self.grouped[:] = [(groups, made)]
        return made


def keep(here: Context, grant: Grant, told: Mapping[str, Any]) -> None:
    """Keep what a host told of itself. Raises `BadInput` when it is too much, `StoreError`, `RedisError`."""
    if not told:
        return
    data = json.dumps(dict(told), separators=(",", ":")).encode()
    if len(data) > MAX_BYTES or len(told) > MAX_NAMES:
        raise BadInput(
            f"what other hosts read of {grant.host} takes {len(data)} bytes in {len(told)} variables, "
            f"{MAX_BYTES} in {MAX_NAMES} are possible"
        )
    here.redis.hset(
        keys.shared(grant.deployment), grant.host, here.seal.seal(data, _about(grant.deployment, grant.host))
    )


def others(
    here: Context,
    record: Record,
    inventory: Inventory,
    reads: Reads,
    batch: int,
    patterns: Sequence[tuple[str, ...]] = (),
) -> Others:
    """What the hosts of a batch are told; `patterns` are those of the plays. Raises `StoreError`, `RedisError`."""
    everything = said(here, record.id)
    inventory = grown(inventory, everything.values())
    found = Others(said=everything, layers=inventory.layers)
    found.absent = missing(inventory, found.said, batch)
    told = [part for of in found.said.values() for part in (of.variables, of.known, of.facts)]
    found.secrets = tuple(text for each in told for text in secret_values(each))
    if reads.players:
        chosen = _chosen(record, inventory, found, patterns, batch)
        found.play = _play(here, record, batch, chosen)
    if reads.variables:
        known = _known(here, record)
        found.secrets += tuple(text for each in known.values() for text in secret_values(each))
        for name, of in found.said.items():
            known[name] = {**of.facts, **known.get(name, {}), **of.known}
        added = {name: unbeaten(name, of, inventory.layers) for name, of in found.said.items()}
        for name, host in inventory.hosts.items():
            if name in found.absent:
                continue
            host = _in_its_groups(host, found.said.get(name), inventory.layers)
            found.hostvars[name] = {"inventory": _lowered(host, reads), "known": known.get(name, {})}
            if added.get(name):
                found.hostvars[name]["added"] = added[name]
    return found


def unbeaten(name: str, told: Said, layers: Layers | None) -> dict[str, Any]:
    """What `add_host` has said of a host, where no file of its `host_vars` is stronger."""
    files = layers.of_files(name) if layers else {}
    return {key: value for key, value in told.variables.items() if key not in files}


def _in_its_groups(host: Host, told: Said | None, layers: Layers | None) -> Host:
    """The host with the groups it has come into and their variables."""
    if told is None or not (told.groups or told.added is not None):
        return host
    groups = named(host.groups, told, layers)
    fresh = {**layers.before_host(host.name, groups), **layers.of_files(host.name)} if layers else {}
    return host.model_copy(update={"vars": {**host.vars, **fresh}, "groups": tuple(groups)})


def _chosen(
    record: Record, inventory: Inventory, found: Others, patterns: Sequence[tuple[str, ...]], batch: int
) -> tuple[str, ...]:
    """The hosts of the play that is due: those that it selects now that it is known who is in which group, where that
    can be told for all plays of the stage alike."""
    stage = record.stage(batch)
    here = tuple(name for name in record.hosts_of(stage) if name not in found.absent)
    of_stage = set(patterns[slice(*record.stages[stage].plays)]) if record.stages else set()
    if not inventory.made or len(of_stage) != 1:
        return here
    groups = memberships(inventory.groups, found.said, found.layers)
    with suppress(InventoryError):
        selected = set(select(of_stage.pop(), [name for name in inventory.hosts if name not in found.absent], groups))
        return tuple(name for name in here if name in selected)
    return here


def _play(here: Context, record: Record, batch: int, everyone: Sequence[str]) -> dict[str, list[str]]:
    """The hosts of the play as Ansible names them: all, those that have not failed, those of the batch."""
    states = here.ledger.snapshot(record.id).states
    left = [name for name in everyone if states.get(name) not in BAD | {HostState.CANCELLED}]
    return {"all": list(everyone), "left": left, "batch": [name for name in record.batch(batch) if name in set(left)]}


def _known(here: Context, record: Record) -> dict[str, dict[str, Any]]:
    found = {}
    for name, sealed in here.redis.hgetall(keys.shared(record.id)).items():
        found[str(name)] = json.loads(here.seal.open(str(sealed), _about(record.id, str(name))))
    return found


def as_read(host: Host, told: Said, inventory: Inventory, reads: Reads) -> dict[str, Any]:
    """What others may read of a host of which this has been said."""
    return _lowered(_in_its_groups(host, told, inventory.layers), reads)


def _lowered(host: Host, reads: Reads) -> dict[str, Any]:
    """The variables of another host that may be read, with those that their values need."""
    return lower_vars({name: host.vars[name] for name in _needed(host, reads)}) | {
        "inventory_hostname": host.name,
        "inventory_hostname_short": host.name.split(".")[0],
        "group_names": sorted(group for group in host.groups if group != "all"),
    }


def _needed(host: Host, reads: Reads) -> list[str]:
    wanted = {name for name in host.vars if name in reads.names or (reads.everything and not is_secret_name(name))}
    todo = list(wanted)
    while todo:
        mentioned = {word for text in texts(host.vars[todo.pop()]) if "{{" in text for word in _WORD.findall(text)}
        fresh = mentioned & host.vars.keys() - wanted
        wanted |= fresh
        todo += fresh
    return [name for name in host.vars if name in wanted]


def _about(deployment: str, host: str) -> str:
    return f"shared {deployment} {host}"
