"""Sealed values: what Redis alone gives away, and what cannot be passed off as something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks import broker
from deploy_tasks.errors import StoreError
from deploy_tasks.rollout import keys
from deploy_tasks.store import open_store
from deploy_tasks.tasks.seal import Seal
from tests.support.redis import RedisProcess


def test_workers_share_the_key_and_redis_alone_knows_nothing(own_redis: RedisProcess, tmp_path: Path) -> None:
    redis = broker.connect(own_redis.url)
    store = open_store(str(tmp_path / "store"))
    one, other = Seal(store, redis), Seal(store, redis)
    sealed = one.seal(b"the secret word", "d1/host0")
    assert other.open(sealed, "d1/host0") == b"the secret word"
    assert one.seal(b"the secret word", "d1/host0") != sealed
    elsewhere = Seal(open_store(str(tmp_path / "empty")), redis)
    with pytest.raises(StoreError):
        elsewhere.open(sealed, "d1/host0")
    assert "secret" not in sealed + str(redis.get(keys.SEAL))


def test_a_value_cannot_stand_in_for_another(own_redis: RedisProcess, tmp_path: Path) -> None:
    seal = Seal(open_store(str(tmp_path)), broker.connect(own_redis.url))
    sealed = seal.seal(b"x", "d1/host0")
    digest, _, text = sealed.partition(".")
    for wrong, about in (
        (sealed, "d1/host1"),
        (sealed[:-8] + "AAAAAAA=", "d1/host0"),
        (f"{digest}.{text[4:]}", "d1/host0"),
        (f"{digest}.", "d1/host0"),
    ):
        with pytest.raises(StoreError, match="not what was kept"):
            seal.open(wrong, about)
