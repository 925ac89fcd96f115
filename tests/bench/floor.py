"""The floor everything is compared with: bare Fabric that connects, sends some bytes, runs one command and closes."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fabric import Connection


@dataclass(frozen=True)
class Address:
    """Where one SSH host listens."""

    address: str
    port: int
    user: str
    key_file: str


def visit(host: Address, payload: bytes) -> None:
    """One host: connect, put the payload, run one command, close."""
    with Connection(
        host.address,
        user=host.user,
        port=host.port,
        connect_kwargs={"key_filename": host.key_file, "allow_agent": False, "look_for_keys": False},
    ) as connection:
        connection.put(io.BytesIO(payload), "/root/floor.bin")
        connection.run("true", hide=True, in_stream=False)


def bare_fabric(hosts: Sequence[Address], payload: bytes, threads: int = 16) -> float:
    """Seconds to visit every host with that many threads."""
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda host: visit(host, payload), hosts))
    return time.perf_counter() - start
