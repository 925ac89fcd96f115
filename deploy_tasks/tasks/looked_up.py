"""The lookups of a deployment: performed once by the first worker that needs them, sealed in Redis for the others.

Those whose arguments the plan has written out are there before a host is reached; others are performed when the first
host asks for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy_tasks.compiler import lower_vars
from deploy_tasks.errors import PlanError, StoreError
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.texts import texts
from deploy_tasks.plan.worker_lookups import Asked, asks_worker, in_program
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.views import Grant
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.lookups import confidential, perform
from deploy_tasks.tasks.programs import read_program

_TURN_S = 600.0
#: How many answers to its questions a host gets in one deployment.
MAX_ASKED = 2000


@dataclass(frozen=True)
class Answers:
    """What the lookups found, by the variables that bring it to hosts, and which texts of it are secret."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


def asked(program: Path, inventory: Inventory, extra: Mapping[str, Any]) -> dict[str, Asked]:
    """All that a packed program, the variables of an inventory's hosts and extra variables ask the worker.

    Raises `StoreError` when the program cannot be read.
    """
    text = read_program(program)
    try:
        document = json.loads(text) if b'"fetched"' in text else None
    except ValueError as error:
        raise StoreError(f"the program in the store cannot be read: {error}") from None
    found = [*in_program(document), *in_program(dict(extra))]
    spoken = texts(list(inventory.variables()))
    for each in {each for each in spoken if asks_worker(each)}:
        found += _in_text(each)
    return {each.name: each for each in found}


def _in_text(text: str) -> list[Asked]:
    try:
        return list(in_program(lower_vars({"text": text})))
    except PlanError:
        return []  # told where the host's variables are lowered


def answers(here: Context, deployment: str, wanted: Mapping[str, Asked], *, lifetime_s: int, now: bool) -> Answers:
    """The answers to all that is wanted. Unless they are there, they are looked up now, or nothing is known yet.

    Raises `StoreError`, `RedisError`.
    """
    if not wanted:
        return Answers()
    key = keys.lookups(deployment)
    sealed = here.redis.get(key)
    if sealed is None and now:
        with here.redis.lock(f"{key}:turn", timeout=_TURN_S):
            sealed = here.redis.get(key)
            if sealed is None:
                found = {name: perform(each, here.settings) for name, each in wanted.items()}
                sealed = here.seal.seal(json.dumps(found).encode(), key)
                here.redis.set(key, sealed, ex=lifetime_s)
    if sealed is None:
        return Answers()
    found = json.loads(here.seal.open(str(sealed), key))
    hidden = [text for name, each in wanted.items() for text in confidential(each, found.get(name, {}))]
    return Answers(found, tuple(hidden))


def answer(here: Context, grant: Grant, wanted: Asked, *, lifetime_s: int) -> tuple[dict[str, Any], list[str]]:
    """The answer to what a host asks for while it runs: the same for all hosts of the deployment that ask the same, and
    which texts of it are secret.

    Whether it may ask is for the caller to know. Raises `StoreError`, `RedisError`.
    """
    key, own = keys.asked(grant.deployment), keys.asked_by(grant.deployment, grant.host)
    if int(here.redis.scard(own)) >= MAX_ASKED and not here.redis.sismember(own, wanted.name):
        return {"failed": f"lookup('{wanted.kind}'): a host may ask for {MAX_ASKED} different things"}, []
    found = _told(here, grant, wanted.name)
    if found is None:
        with here.redis.lock(f"{key}:{wanted.name}:turn", timeout=_TURN_S):
            found = _told(here, grant, wanted.name)
            if found is None:
                made = perform(wanted, here.settings)
                found = {"answer": made, "secrets": confidential(wanted, made)}
                sealed = here.seal.seal(json.dumps(found).encode(), f"{key} {wanted.name}")
                here.redis.hset(key, wanted.name, sealed)
                here.redis.expire(key, lifetime_s)
    here.redis.sadd(own, wanted.name)
    here.redis.expire(own, lifetime_s)
    return found["answer"], found["secrets"]


def asked_secrets(here: Context, grant: Grant, *, everybody: bool = False) -> tuple[str, ...]:
    """The secrets in what the host, or everybody in its deployment, has been told so far."""
    own = keys.asked_by(grant.deployment, grant.host)
    names = here.redis.hkeys(keys.asked(grant.deployment)) if everybody else here.redis.smembers(own)
    told = (_told(here, grant, str(name)) for name in names)
    return tuple(text for each in told if each is not None for text in each["secrets"])


def _told(here: Context, grant: Grant, name: str) -> dict[str, Any] | None:
    key = keys.asked(grant.deployment)
    sealed = here.redis.hget(key, name)
    if sealed is None:
        return None
    found: dict[str, Any] = json.loads(here.seal.open(str(sealed), f"{key} {name}"))
    return found
