"""Hosts that fall silent in every phase: each is given up by name in time, and no other host notices."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deploy_tasks.fleet import Fleet
from deploy_tasks.fleet.keys import make_key
from deploy_tasks.transport import (
    DeadlineExceeded,
    Endpoint,
    HostSilent,
    Pool,
    Report,
    Shipment,
    TransportError,
    Unreachable,
    push,
)
from deploy_tasks.transport.watchdog import Watchdog
from tests.support.runners import shell
from tests.transport.conftest import endpoint_of, options_of
from tests.transport.test_ssh import open_descriptors, wait_until

MakeFleet = Callable[..., Fleet]
MakePool = Callable[..., Pool]
Ship = Callable[..., Shipment]


@pytest.fixture
def mute() -> Iterator[tuple[str, int]]:
    """A server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()


def everybody(fleet: Fleet, shipment: Shipment, pool: Pool, *more: Endpoint, **options: Any) -> dict[str, Any]:
    """Push to all at once; the outcome of each, an error as a value."""

    def one(endpoint: Endpoint) -> Report | TransportError:
        try:
            return push(endpoint, shipment, options.get("request", {}), pool=pool, deadline_s=options["deadline_s"])
        except TransportError as error:
            return error

    endpoints = [*(endpoint_of(fleet, host) for host in fleet.hosts.values()), *more]
    with ThreadPoolExecutor(len(endpoints)) as threads:
        return dict(zip((endpoint.name for endpoint in endpoints), threads.map(one, endpoints), strict=True))


def test_hosts_without_a_banner_hold_up_nobody(
    fleet: Fleet, make_pool: MakePool, ship: Ship, mute: tuple[str, int]
) -> None:
    dead = [
        Endpoint(f"dead-{i}", mute[0], mute[1], "root", str(fleet.key_path), host_key=make_key().public)
        for i in range(6)
    ]
    pool = make_pool(options_of(fleet, connect_timeout_s=4.0))
    start = time.monotonic()
    outcomes = everybody(fleet, ship(), pool, *dead, deadline_s=5.0)
    assert time.monotonic() - start < 20  # one after the other they would take 24
    for endpoint in dead:
        error = outcomes[endpoint.name]
        assert isinstance(error, (Unreachable, DeadlineExceeded)), error
        assert (error.phase, error.touched) == ("connecting", False)
    for name in fleet.hosts:
        assert isinstance(outcomes[name], Report), outcomes[name]
        assert outcomes[name].connect_s < 4


@pytest.mark.parametrize("how", ["drop_packets", "freeze"])
def test_a_host_that_falls_silent_while_it_runs_is_given_up(
    make_fleet: MakeFleet, make_pool: MakePool, ship: Ship, how: str
) -> None:
    fleet, shipment = make_fleet(1), ship()
    host, pool = fleet["web-001"], make_pool(options_of(fleet, silence_s=2.0))
    before = (threading.active_count(), open_descriptors())
    start = time.monotonic()

    def on_event(event: Mapping[str, Any]) -> None:
        if event.get("phase") == "running":
            getattr(host, how)()

    try:
        with pytest.raises(HostSilent, match="not a byte for 2 s, in phase running") as caught:
            push(endpoint_of(fleet, host), shipment, {"act": "hang"}, pool=pool, on_event=on_event, deadline_s=60)
    finally:
        host.restore_packets()
        host.thaw()
    assert time.monotonic() - start < 30
    assert (caught.value.touched, caught.value.retryable) == (True, True)
    wait_until(lambda: threading.active_count() <= before[0] + 1 and open_descriptors() <= before[1], 10)


def test_a_host_lost_in_the_middle_of_an_upload_is_given_up(
    make_fleet: MakeFleet, make_pool: MakePool, ship: Ship
) -> None:
    fleet = make_fleet(1)
    host, pool = fleet["web-001"], make_pool(options_of(fleet, silence_s=2.0))
    large = bytes(64 << 20)
    need = json.dumps({"event": "need", "parts": [hashlib.sha256(large).hexdigest()]})
    shipment = ship(shell(f"echo '{need}'", "exec cat >/dev/null"), (large,))
    push_small = ship(shell("""echo '{"event":"summary"}'"""))
    assert push(endpoint_of(fleet, host), push_small, {}, pool=pool).summary

    def on_event(event: Mapping[str, Any]) -> None:
        if event.get("phase") == "sending":
            threading.Timer(0.1, host.drop_packets).start()

    try:
        with pytest.raises(HostSilent, match="in phase sending") as caught:
            push(endpoint_of(fleet, host), shipment, {}, pool=pool, on_event=on_event, deadline_s=60)
    finally:
        host.restore_packets()
    assert not caught.value.touched


def test_a_slow_way_is_not_silence(make_fleet: MakeFleet, make_pool: MakePool, ship: Ship) -> None:
    """The kernel takes the whole upload at once and needs longer than the silence allowed to bring it there."""
    fleet = make_fleet(1)
    host = fleet["web-001"]
    with SlowWay((host.address, host.port), bytes_per_s=150_000) as way:
        endpoint = endpoint_of(fleet, host, address=way.place[0], port=way.place[1], host_key=host.seat.key)
        pool = make_pool(options_of(fleet, silence_s=2.0))
        shipment = ship(parts=(bytes(900_000),))
        start = time.monotonic()
        report = push(endpoint, shipment, {}, pool=pool, deadline_s=60)
    assert report.summary["status"] == "succeeded"
    assert time.monotonic() - start > 4


class SlowWay:
    """A relay that forwards so many bytes a second towards the server, with little room to store more."""

    def __init__(self, server: tuple[str, int], bytes_per_s: int) -> None:
        self._server = server
        self._rate = bytes_per_s
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.place: tuple[str, int] = self._listener.getsockname()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> SlowWay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(self._server)
        threading.Thread(target=self._copy, args=(server, client, None), daemon=True).start()
        self._copy(client, server, self._rate)

    def _copy(self, source: socket.socket, target: socket.socket, rate: int | None) -> None:
        pause = threading.Event()
        try:
            while data := source.recv(4096):
                target.sendall(data)
                if rate:
                    pause.wait(len(data) / rate)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()


def test_a_guard_whose_work_goes_on_stays_quiet_and_one_without_progress_barks() -> None:
    dog, torn = Watchdog(), threading.Event()
    with dog.guard(30, 0.3) as guard:
        guard.arm(torn.set)
        for _ in range(10):
            torn.wait(0.1)
            guard.touch()
        assert not torn.is_set()
        assert torn.wait(3)
        assert guard.expired == "silence"


def test_what_is_armed_after_the_deadline_is_torn_down_at_once() -> None:
    dog, torn = Watchdog(), threading.Event()
    with dog.guard(0.05) as guard:
        wait_until(lambda: guard.expired == "deadline", 5)
        guard.arm(torn.set)
        assert torn.is_set()


def test_a_guard_that_is_over_tears_nothing_down() -> None:
    dog, torn = Watchdog(), threading.Event()
    with dog.guard(0.2) as guard:
        guard.arm(torn.set)
    assert not torn.wait(0.6)
