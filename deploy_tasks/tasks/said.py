"""What hosts say of hosts for the stages after theirs: groups they join (`group_by`, `add_host`), variables, facts
(`delegate_facts`). It lies sealed in Redis, each saying for itself, and is read when a batch begins."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from deploy_tasks.compiler import lower_vars
from deploy_tasks.errors import BadInput
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.layers import Layers
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.views import Grant
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.errands import Errand

_GROUP = re.compile(r"[^\s,:!&\x00-\x1f]{1,200}")
_MOST_GROUPS, _MOST_BYTES = 200, 4 << 20
#: What one host may say in one deployment, attempts that were cut off included.
_MOST_BYTES_OF_ONE = 32 << 20


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a host: `variables` as in an inventory, `known` as set_fact sets them, `facts` as found there.
    `batch` is the first one that said anything: in this order hosts come into groups. `added` is the first one whose
    `add_host` named a host that no inventory has; None: none has, and it is not there. `under` has groups and those
    that `group_by` puts them below."""

    groups: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    batch: int = 0
    added: int | None = None
    under: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, question: Mapping[str, Any]) -> Said | None:
        """From what a host sent; None when it is not what it should be."""
        groups = question.get("groups") or []
        rest: list[Any] = [question.get(name) or {} for name in ("vars", "known", "facts")]
        if not isinstance(groups, list) or len(groups) > _MOST_GROUPS or not all(isinstance(one, dict) for one in rest):
            return None
        if not all(map(_is_group, groups)):
            return None
        under = question.get("under") or {}
        if not isinstance(under, dict) or len(under) > 1 or not all(map(_is_place, under.items())):
            return None
        variables, known, facts = rest
        return cls(tuple(groups), variables, known, facts, under=under)

    def __or__(self, later: Said) -> Said:
        return Said(
            tuple(dict.fromkeys([*self.groups, *later.groups])),
            {**self.variables, **later.variables},
            {**self.known, **later.known},
            {**self.facts, **later.facts},
            min(self.batch, later.batch),
            min((each for each in (self.added, later.added) if each is not None), default=None),
            {
                name: list(dict.fromkeys([*self.under.get(name, ()), *later.under.get(name, ())]))
                for name in {**self.under, **later.under}
            },
        )


def _is_group(name: object) -> bool:
    return isinstance(name, str) and _GROUP.fullmatch(name) is not None


def _is_place(place: tuple[object, object]) -> bool:
    """Whether it is a group, and those that it is put below."""
    group, parents = place
    if not isinstance(parents, list) or len(parents) > _MOST_GROUPS:
        return False
    return all(map(_is_group, [group, *parents]))


def foreseen(told: Said, inventory: Inventory) -> Said | None:
    """What is said, of groups below others only the groups that the plan makes: where those of the inventory are is for
    no host to say. None when no task of the plan says it."""
    for name, parents in told.under.items():
        if not all(inventory.puts_below(name, parent) for parent in parents):
            return None
    own = {
        name: above
        for name, parents in told.under.items()
        if name not in inventory.groups and (above := [parent for parent in parents if parent != "all"])
    }
    return replace(told, under=own)


def grown(inventory: Inventory, told: Iterable[Said]) -> Inventory:
    """The inventory, with groups below others as the plan has put them."""
    below: dict[str, dict[str, None]] = {}
    for each in told:
        for name, parents in each.under.items():
            below.setdefault(name, {}).update(dict.fromkeys(parents))
    if not below:
        return inventory
    return inventory.model_copy(update={"layers": (inventory.layers or Layers()).with_below(below)})


def says(errand: Errand) -> Literal["itself", "any", "target"] | None:
    """Of whom a task says something."""
    if errand.module == "group_by":
        return "itself"
    if errand.module == "add_host":
        return "any"
    return "target" if errand.delegate_facts and errand.delegates else None


def refuse_unreadable(task: str, told: Said, layers: Layers | None) -> None:
    """Raise `BadInput` when a host comes into a group whose files cannot be read."""
    for group in with_above(told.groups, layers):
        if layers is not None and group in layers.unreadable:
            raise BadInput(
                f"{task} puts a host into {group}, whose variables cannot be read: {layers.unreadable[group]}"
            )


def refuse_unforeseen(task: str, host: str, told: Said, inventory: Inventory) -> None:
    """Raise `BadInput` when a host comes into a group whose plays are laid out without it."""
    for group in with_above(told.groups, inventory.layers):
        members = (*inventory.groups.get(group, ()), *inventory.made.get(group, ()))
        if host in inventory.unforeseen.get(group, ()) and host not in members:
            raise BadInput(
                f"{task} puts {host} into {group} of the inventory, and the plays for {group} are laid out without it, "
                f"as the key tells nothing before it runs: write key: of_{{{{ … }}}} and hosts: of_{group}"
            )


def refuse_unnamed(task: str, host: str, told: Said, inventory: Inventory) -> None:
    """Raise `BadInput` when `add_host` puts a host into a group whose plays are laid out without it, as what names the
    host was something else before anything ran."""
    for group in with_above(told.groups, inventory.layers):
        members = (*inventory.groups.get(group, ()), *inventory.made.get(group, ()))
        if group in inventory.made and host not in members:
            raise BadInput(
                f"{task} puts {host} into {group}, and the plays for {group} are laid out without it: the variables "
                f"that name the host had other values before anything ran"
            )


def say(here: Context, grant: Grant, task: str, host: str, told: Said, lifetime_s: int) -> None:
    """Keep what a task of a host says of a host, each item of its loop for itself; said twice is said once. Raises
    `BadInput`, `StoreError`, `RedisError`."""
    at = [here.ledger.now_ms(), time.monotonic_ns()]  # items of one loop may come within a millisecond
    row = asdict(replace(told, batch=grant.batch))
    digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:32]
    row |= {"host": host, "at": at, "attempt": grant.attempt}
    content = json.dumps(row, separators=(",", ":")).encode()
    if len(content) > _MOST_BYTES:
        raise BadInput(f"{len(content)} bytes are said of {host}, {_MOST_BYTES} are possible")
    name = json.dumps([host, grant.host, grant.batch, task, digest])
    key, counted = keys.said(grant.deployment), keys.sayings(grant.deployment)
    with here.redis.pipeline() as pipe:
        pipe.hincrby(counted, grant.host, len(content))
        pipe.expire(counted, lifetime_s)
        so_far = pipe.execute()[0]
    if so_far > _MOST_BYTES_OF_ONE:
        raise BadInput(f"{grant.host} says more than {_MOST_BYTES_OF_ONE} bytes of hosts in one deployment")
    with here.redis.pipeline() as pipe:
        pipe.hset(key, name, here.seal.seal(content, f"{grant.deployment} said {name}"))
        pipe.expire(key, lifetime_s)
        pipe.execute()


def said(here: Context, deployment: str) -> dict[str, Said]:
    """What has been said of each host, later over earlier. Raises `StoreError`, `RedisError`."""
    rows = []
    kept: Any = here.redis.hgetall(keys.said(deployment))
    last: dict[str, int] = {}  # the attempt of each task that counts: what one before it said has been taken back
    for field_name, sealed in kept.items():
        row = json.loads(here.seal.open(sealed, f"{deployment} said {field_name}"))
        task, attempt = json.dumps(json.loads(field_name)[1:4]), row.pop("attempt")
        last[task] = max(last.get(task, 0), attempt)
        rows.append((row.pop("at"), row.pop("host"), task, attempt, row))
    found: dict[str, Said] = {}
    for _, host, task, attempt, row in sorted(rows, key=lambda each: (each[0], each[1])):
        if attempt == last[task]:
            told = Said(**{**row, "groups": tuple(row["groups"])})
            found[host] = found[host] | told if host in found else told
    return found


def joined(
    variables: Mapping[str, Any],
    host: str,
    all_said: Mapping[str, Said],
    layers: Layers | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """A host's variables with what has been said: its own variables and groups, and everybody's, which are `groups`
    where they are known already."""
    if groups is None:
        groups = memberships(variables["groups"], all_said, layers)
    own = all_said.get(host, Said())
    names = named(variables["group_names"], own, layers)
    shared = {name: list(members) for name, members in groups.items()}
    return {**variables, **gained(host, names, own, layers), "groups": shared, "group_names": names}


def memberships(
    groups: Mapping[str, Sequence[str]], all_said: Mapping[str, Said], layers: Layers | None
) -> dict[str, list[str]]:
    """The groups of an inventory with everybody who has come into them. It takes as long as there are memberships: a
    batch may have a thousand hosts that each have said something."""
    found = {name: dict.fromkeys(members) for name, members in groups.items()}
    places = {name: place for place, name in enumerate(found.get("all", ()))}
    for name, of in sorted(all_said.items(), key=lambda each: (each[1].batch, places.get(each[0], len(places)))):
        for group in with_above(of.groups, layers):
            found.setdefault(group, {})[name] = None
        if set(of.groups) - {"all"}:
            found.get("ungrouped", {}).pop(name, None)
    _admit(found, all_said, layers)
    return {name: list(members) for name, members in found.items()}


def in_order(all_said: Mapping[str, Said]) -> list[str]:
    """The hosts that no inventory has and that have been added, in the order in which they were."""
    found = [(of.added, name) for name, of in all_said.items() if of.added is not None]
    return [name for _, name in sorted(found, key=lambda each: each[0])]


def _admit(groups: dict[str, dict[str, None]], all_said: Mapping[str, Said], layers: Layers | None) -> None:
    """Put hosts that no inventory has into the groups that all hosts are in; in `all` they come first, as Ansible has
    them."""
    new = in_order(all_said)
    groups["all"] = dict.fromkeys([*new, *groups.get("all", ())])
    for name in new:
        if not set(with_above(all_said[name].groups, layers)) - {"all", "ungrouped"}:
            groups.setdefault("ungrouped", {})[name] = None


def with_above(groups: Iterable[str], layers: Layers | None) -> tuple[str, ...]:
    """Groups, and those that they are in."""
    return layers.with_above(groups) if layers else tuple(groups)


def named(group_names: Iterable[str], told: Said, layers: Layers | None) -> list[str]:
    """The groups of a host that has come into more, sorted."""
    joins = set(with_above(told.groups, layers)) - {"all", "ungrouped"}
    return sorted({*group_names, *joins} - ({"ungrouped"} if joins else set()))


def gained(host: str, groups: Iterable[str], told: Said, layers: Layers | None) -> dict[str, Any]:
    """The variables of a host that has come into groups and was given variables, as programs take them; without layers
    those it was given alone."""
    if layers is None or not (told.groups or told.variables or told.added is not None):
        return dict(told.variables)
    # What has been said is final: a text in it that looks like a template is none.
    return {**lower_vars(layers.before_host(host, groups)), **told.variables, **lower_vars(layers.of_files(host))}
