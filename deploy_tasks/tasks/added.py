"""Hosts that no inventory has and that `add_host` brings in: which of them are there when a batch begins."""

from __future__ import annotations

from collections.abc import Mapping

from deploy_tasks.errors import BadInput
from deploy_tasks.plan.hosts import PLAN_BECOME, PLAN_USER, Inventory
from deploy_tasks.plan.reach import otherwise, refusal
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.views import Grant
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.said import Said, grown, named


def missing(inventory: Inventory, said: Mapping[str, Said], batch: int | None) -> frozenset[str]:
    """The hosts of no inventory that nothing has added before a batch began; None: by now."""
    return frozenset(name for name in inventory.added if not _added(said.get(name), batch))


def _added(told: Said | None, batch: int | None) -> bool:
    return told is not None and told.added is not None and (batch is None or told.added < batch)


def refuse_half_said(host: str, inventory: Inventory, said: Mapping[str, Said]) -> None:
    """Raise `BadInput` when what has been said of an added host would lead elsewhere than where workers go: an
    `add_host` that says the way to it has not run, but another one has."""
    told, layers = said.get(host), grown(inventory, said.values()).layers
    if host not in inventory.added or told is None or layers is None:
        return
    known = inventory.hosts[host]
    asked = {name: known.vars[name] for name in (PLAN_BECOME, PLAN_USER) if name in known.vars}
    groups = named(known.groups, told, layers)
    own = {**asked, **layers.before_host(host, groups), **told.variables, **layers.of_files(host)}
    if differing := otherwise(known.model_copy(update={"vars": own}), known.vars):
        raise BadInput("; ".join(refusal(host, differing, added=True)))


def refuse_forgotten(here: Context, grant: Grant) -> None:
    """Raise `BadInput` where it cannot be known whether a host has been added, as Redis has lost what was said."""
    if here.redis.hexists(keys.head(grant.deployment), "recreated"):
        raise BadInput(
            f"Redis has lost its data since the deployment began, and with it whether add_host has added {grant.host}",
            hint="look at the host, then deploy again",
        )
