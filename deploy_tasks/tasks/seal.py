"""Values that only workers may read, sealed for their time in Redis: what hosts have told, which may hold secrets.

The key is a random blob of the store, Redis knows only its digest: whoever reads Redis alone reads nothing.
"""

from __future__ import annotations

import base64
import os
import secrets
import threading

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis import Redis

from deploy_tasks.errors import StoreError
from deploy_tasks.rollout import keys
from deploy_tasks.store import Store

_KEY, _NONCE = 32, 12


class Seal:
    """Seals and opens with the key that all workers of a Redis and a store share. Thread safe."""

    def __init__(self, store: Store, redis: Redis) -> None:
        self._store = store
        self._redis = redis
        self._lock = threading.Lock()
        self._known: dict[str, AESGCM] = {}

    def seal(self, data: bytes, about: str) -> str:
        """The sealed form of `data`; it opens only for the same `about`, so that no value can stand in for another.

        Raises `StoreError` when the key cannot be kept, `RedisError`.
        """
        digest = self._current()
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher(digest).encrypt(nonce, data, about.encode())
        return f"{digest}.{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, about: str) -> bytes:
        """What was sealed about that. Raises `StoreError` when it was not, or when its key is gone."""
        digest, _, text = sealed.partition(".")
        try:
            data = base64.b64decode(text, validate=True)
            return self._cipher(digest).decrypt(data[:_NONCE], data[_NONCE:], about.encode())
        except (ValueError, InvalidTag):
            raise StoreError(f"a sealed value is not what was kept: {about[:80]}") from None

    def _current(self) -> str:
        """The digest of the key in use; the first of all workers makes one."""
        found = self._redis.get(keys.SEAL)
        if found is None:
            self._redis.set(keys.SEAL, self._store.put(secrets.token_bytes(_KEY)), nx=True)
            found = self._redis.get(keys.SEAL)
        return str(found)

    def _cipher(self, digest: str) -> AESGCM:
        with self._lock:
            if digest not in self._known:
                self._known[digest] = AESGCM(self._store.get(digest).read_bytes())
            return self._known[digest]
