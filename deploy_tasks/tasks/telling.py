"""What a host says of hosts while a plan runs, heard: it is kept for the plays to come, and what it means for the play
that runs is answered. What would have a host reached otherwise than workers go is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from deploy_tasks.errors import BadInput
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.layers import Layers
from deploy_tasks.plan.reach import otherwise, refusal
from deploy_tasks.rollout.pulse import Held
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.material import Material
from deploy_tasks.tasks.said import (
    Said,
    gained,
    grown,
    in_order,
    named,
    refuse_unforeseen,
    refuse_unnamed,
    refuse_unreadable,
    said,
    say,
    with_above,
)
from deploy_tasks.tasks.sharing import as_read, unbeaten

Fields = Mapping[str, Any]


class Telling:
    """Hears one host in one conversation."""

    def __init__(self, here: Context, deployment: Material, held: Held) -> None:
        self._here = here
        self._deployment = deployment
        self._held = held
        self._told = Said()  # what this host has said of itself

    def hear(self, task: str, host: str, told: Said) -> Fields:
        """Keep what a task says of a host; the answer is what the asking host is to know of it from now on. Raises
        `BadInput` for what may not be said, `StoreError`, `RedisError`."""
        inventory, grant = self._inventory(told), self._held.grant
        layers = inventory.layers
        refuse_unreadable(task, told, layers)
        self._refuse_other_ways(host, told, layers)
        if not self._deployment.single:
            refuse_unforeseen(task, host, told, inventory)
            if self._deployment.errands(self._here.store)[task].module == "add_host":
                refuse_unnamed(task, host, told, inventory)
            say(self._here, grant, task, host, told, self._deployment.lifetime_s)
        if layers is None:
            return {}
        answer: dict[str, Any] = {"groups": list(with_above(told.groups, layers))}
        if told.added is not None:
            answer |= self._brought_in(host, told, inventory, layers)
        elif host != grant.host and host in inventory.hosts and self._deployment.reads.variables:
            answer |= self._moved(host, told, inventory)
        if host == grant.host:
            self._told = self._told | told
            earlier = self._deployment.others(self._here, grant).said.get(host, Said())
            whole, known = earlier | self._told, self._deployment.inventory.hosts.get(host)
            names = named(known.groups if known else (), whole, layers)
            answer["vars"] = gained(host, names, whole, layers)
        return answer

    def _inventory(self, told: Said) -> Inventory:
        """The inventory, with the groups that are put below others as far as this host knows."""
        if not (told.under or self._told.under or self._parents):
            return self._deployment.inventory
        earlier = self._deployment.others(self._here, self._held.grant).said
        return grown(self._deployment.inventory, [*earlier.values(), self._told, told])

    @cached_property
    def _parents(self) -> bool:
        """Whether hosts have put groups below others before."""
        earlier = self._deployment.others(self._here, self._held.grant).said
        return any(each.under for each in earlier.values())

    def _brought_in(self, host: str, told: Said, inventory: Inventory, layers: Layers) -> Fields:
        """What hosts of the play are told of a host that no inventory has: all its groups, and what they may read."""
        record = said(self._here, self._held.grant.deployment)
        record[host] = whole = record.get(host, told) | told
        groups = with_above(told.groups, layers)
        every = set(with_above(whole.groups, layers)) - {"all", "ungrouped"}
        return {
            "groups": list(dict.fromkeys(["all", *groups, *(() if every else ("ungrouped",))])),
            "place": in_order(record).index(host),
            "inventory": as_read(inventory.hosts[host], whole, inventory, self._deployment.reads),
            "added": unbeaten(host, told, layers),
        }

    def _moved(self, host: str, told: Said, inventory: Inventory) -> Fields:
        """What the asking host may read of another that has come into groups."""
        whole = said(self._here, self._held.grant.deployment).get(host, told) | told
        known = as_read(inventory.hosts[host], whole, inventory, self._deployment.reads)
        return {"inventory": known, "added": unbeaten(host, told, inventory.layers)}

    def _refuse_other_ways(self, host: str, told: Said, layers: Layers | None) -> None:
        """Raise `BadInput` when the groups that a host comes into have it reached otherwise than the inventory says."""
        known = self._deployment.inventory.hosts.get(host)
        if known is None or layers is None or not told.groups:
            return
        earlier = self._deployment.others(self._here, self._held.grant).said.get(host, Said())
        names = named(known.groups, earlier | told, layers)
        after = {**layers.before_host(host, names), **told.variables, **layers.of_files(host)}
        if differing := otherwise(known, after):
            added = host in self._deployment.inventory.added
            raise BadInput("; ".join(refusal(host, differing, "groups", added=added)))
