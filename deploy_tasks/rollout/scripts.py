"""The ledger's Lua scripts: loading them, and calling them so that an emptied Redis gets them again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError

from deploy_tasks.rollout import states

_FOLDER = Path(__file__).with_name("lua")
Argument = str | int | float


@dataclass(frozen=True, slots=True)
class Script:
    """One script with the digest Redis knows it by."""

    name: str
    text: str
    digest: str


@cache
def script(name: str) -> Script:
    """The script `lua/NAME.lua` with the shared tables and functions before it."""
    shared = (_FOLDER / "prelude.lua").read_text()
    text = states.lua_tables() + shared + (_FOLDER / f"{name}.lua").read_text()
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def call(redis: Redis, name: str, keys: Sequence[str], args: Sequence[Argument]) -> Any:
    """Run one script atomically."""
    code = script(name)
    try:
        return redis.evalsha(code.digest, len(keys), *keys, *args)
    except NoScriptError:
        return redis.eval(code.text, len(keys), *keys, *args)


@dataclass(frozen=True, slots=True)
class Call:
    """A script call to be sent together with others."""

    name: str
    keys: Sequence[str]
    args: Sequence[Argument]


def call_all(redis: Redis, calls: Iterable[Call]) -> list[Any]:
    """Run several script calls in one round trip; each is atomic by itself. Raises the first error."""
    todo = list(calls)
    answers = _pipelined(redis, todo)
    if any(isinstance(answer, NoScriptError) for answer in answers):
        for name in {item.name for item in todo}:
            redis.script_load(script(name).text)
        missed = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        for place, answer in zip(missed, _pipelined(redis, [todo[place] for place in missed]), strict=True):
            answers[place] = answer
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def _pipelined(redis: Redis, calls: list[Call]) -> list[Any]:
    with redis.pipeline(transaction=False) as pipe:
        for item in calls:
            pipe.evalsha(script(item.name).digest, len(item.keys), *item.keys, *item.args)
        return pipe.execute(raise_on_error=False)
