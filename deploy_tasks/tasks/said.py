"""What hosts say of hosts for the stages after theirs: groups they join (`group_by`, `add_host`), variables, facts
(`delegate_facts`). It lies sealed in Redis, each saying for itself, and is read when a batch begins."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from deploy_tasks.errors import BadInput
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.views import Grant
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.errands import Errand

_GROUP = re.compile(r"[^\s,:!&\x00-\x1f]{1,200}")
_MOST_GROUPS, _MOST_BYTES = 200, 4 << 20


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a host: `variables` as in an inventory, `known` as set_fact sets them, `facts` as found there."""

    groups: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, question: Mapping[str, Any]) -> Said | None:
        """From what a host sent; None when it is not what it should be."""
        groups = question.get("groups") or []
        rest = [question.get(name) or {} for name in ("vars", "known", "facts")]
        if not isinstance(groups, list) or len(groups) > _MOST_GROUPS or not all(isinstance(one, dict) for one in rest):
            return None
        if not all(isinstance(group, str) and _GROUP.fullmatch(group) for group in groups):
            return None
        return cls(tuple(groups), *rest)

    def __or__(self, later: Said) -> Said:
        return Said(
            tuple(dict.fromkeys([*self.groups, *later.groups])),
            {**self.variables, **later.variables},
            {**self.known, **later.known},
            {**self.facts, **later.facts},
        )


def says(errand: Errand) -> Literal["itself", "any", "target"] | None:
    """Of whom a task says something."""
    if errand.module == "group_by":
        return "itself"
    if errand.module == "add_host":
        return "any"
    return "target" if errand.delegate_facts and errand.delegates else None


def say(here: Context, grant: Grant, task: str, host: str, told: Said, lifetime_s: int) -> None:
    """Keep what a task of a host says of a host; said twice is said once. Raises `BadInput`, `StoreError`,
    `RedisError`."""
    at = here.ledger.now_ms()
    content = json.dumps({"host": host, "at": at, **asdict(told)}, separators=(",", ":")).encode()
    if len(content) > _MOST_BYTES:
        raise BadInput(f"{len(content)} bytes are said of {host}, {_MOST_BYTES} are possible")
    name = json.dumps([host, grant.host, grant.batch, task])
    key = keys.said(grant.deployment)
    with here.redis.pipeline() as pipe:
        pipe.hset(key, name, here.seal.seal(content, f"{grant.deployment} said {name}"))
        pipe.expire(key, lifetime_s)
        pipe.execute()


def said(here: Context, deployment: str) -> dict[str, Said]:
    """What has been said of each host, later over earlier. Raises `StoreError`, `RedisError`."""
    rows = []
    kept: Any = here.redis.hgetall(keys.said(deployment))
    for field_name, sealed in kept.items():
        row = json.loads(here.seal.open(sealed, f"{deployment} said {field_name}"))
        rows.append((row.pop("at"), row.pop("host"), row))
    found: dict[str, Said] = {}
    for _, host, row in sorted(rows, key=lambda each: (each[0], each[1])):
        found[host] = found.get(host, Said()) | Said(**{**row, "groups": tuple(row["groups"])})
    return found


def joined(variables: Mapping[str, Any], host: str, all_said: Mapping[str, Said]) -> dict[str, Any]:
    """A host's variables with what has been said: its own variables and groups, and everybody's groups."""
    own = all_said.get(host, Said())
    groups = {name: list(members) for name, members in variables["groups"].items()}
    places = {name: place for place, name in enumerate(groups.get("all", ()))}
    for name, of in sorted(all_said.items(), key=lambda each: places.get(each[0], len(places))):
        for group in of.groups:
            members = groups.setdefault(group, [])
            if name not in members:
                members.append(name)
        if set(of.groups) - {"all"} and name in groups.get("ungrouped", ()):
            groups["ungrouped"].remove(name)
    joins = {group for group in own.groups if group != "all"}
    names = sorted({*variables["group_names"], *joins} - ({"ungrouped"} if joins else set()))
    return {**variables, **own.variables, "groups": groups, "group_names": names}
