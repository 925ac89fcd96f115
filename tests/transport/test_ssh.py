"""What only SSH can get wrong, against real servers: keys, logins, spoiled sessions, warm connections, leaks."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.fleet import Fleet
from deploy_tasks.fleet.keys import make_key
from deploy_tasks.secret import Secret
from deploy_tasks.transport import (
    AuthRefused,
    ConnectionLost,
    Endpoint,
    HostKeyRefused,
    HostRefused,
    Pool,
    Shipment,
    Unreachable,
    push,
)
from tests.transport.conftest import endpoint_of, options_of

MakeFleet = Callable[..., Fleet]
MakePool = Callable[..., Pool]
Ship = Callable[..., Shipment]


def test_an_impostor_is_refused_before_it_learns_anything(
    make_fleet: MakeFleet, make_pool: MakePool, ship: Ship
) -> None:
    fleet = make_fleet(1)
    host = fleet["web-001"]
    host.replace_key()
    with pytest.raises(HostKeyRefused, match="changed") as caught:
        push(endpoint_of(fleet, host), ship(), {"vars": {"password": "s3cret"}}, pool=make_pool(options_of(fleet)))
    assert "ssh-keygen -R" in str(caught.value.hint)
    assert not caught.value.touched
    for sign in ("Accepted", "Failed", "Postponed", "userauth", "Starting session"):
        assert sign not in host.log
    assert not host.state_dir.joinpath("blobs").exists()


def test_an_unknown_host_is_refused_even_if_it_answers(fleet: Fleet, make_pool: MakePool, ship: Ship) -> None:
    nobody = options_of(fleet, known_hosts=Path("/nonexistent"))
    with pytest.raises(HostKeyRefused, match="is not known"):
        push(endpoint_of(fleet, fleet["web-001"]), ship(), {}, pool=make_pool(nobody))


def test_a_key_pinned_in_the_inventory_is_enough(fleet: Fleet, make_pool: MakePool, ship: Ship) -> None:
    host = fleet["web-001"]
    pool = make_pool(options_of(fleet, known_hosts=Path("/nonexistent")))
    report = push(endpoint_of(fleet, host, host_key=host.seat.key), ship(), {}, pool=pool)
    assert report.summary["status"] == "succeeded"


def test_a_known_key_of_a_kind_the_host_does_not_offer_is_no_match(
    fleet: Fleet, make_pool: MakePool, ship: Ship, tmp_path: Path
) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(tmp_path / "k")], check=True)
    key = (tmp_path / "k.pub").read_text()
    with pytest.raises(HostKeyRefused, match="offers no key of a kind"):
        push(endpoint_of(fleet, fleet["web-001"], host_key=key), ship(), {}, pool=make_pool(options_of(fleet)))


def test_a_key_that_is_not_authorised_is_refused_once(
    fleet: Fleet, make_pool: MakePool, ship: Ship, tmp_path: Path
) -> None:
    make_key().write(tmp_path / "stranger")
    endpoint = endpoint_of(fleet, fleet["web-002"], key_file=str(tmp_path / "stranger"))
    before = fleet["web-002"].log.count("Connection from")
    with pytest.raises(AuthRefused, match="not accepted for root") as caught:
        push(endpoint, ship(), {}, pool=make_pool(options_of(fleet)))
    assert f"-i {tmp_path / 'stranger'} -p 2222 root@" in str(caught.value.hint)
    assert fleet["web-002"].log.count("Connection from") == before + 1


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), ("no key at all\n", "is not one that can be used"), ("passphrase", "has a passphrase")],
)
def test_a_key_file_that_cannot_be_used_is_named(
    fleet: Fleet, make_pool: MakePool, ship: Ship, tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "key"
    if content == "passphrase":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(path)], check=True)
    elif content is not None:
        path.write_text(content)
    with pytest.raises(AuthRefused, match=words):
        push(endpoint_of(fleet, fleet["web-001"], key_file=str(path)), ship(), {}, pool=make_pool(options_of(fleet)))


def test_nothing_of_the_users_own_folder_is_used(
    fleet: Fleet, make_pool: MakePool, ship: Ship, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home whose key would work and whose configuration leads elsewhere changes nothing."""
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    (home / "id_ed25519").write_bytes(fleet.key_path.read_bytes())
    (home / "config").write_text("Host *\n  HostName 192.0.2.1\n  User nobody\n")
    monkeypatch.setenv("HOME", str(home.parent))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    pool = make_pool(options_of(fleet, use_agent=True))
    with pytest.raises(AuthRefused, match="no key to log in with"):
        push(endpoint_of(fleet, fleet["web-001"], key_file=None), ship(), {}, pool=pool)
    assert push(endpoint_of(fleet, fleet["web-001"]), ship(), {}, pool=pool).summary["status"] == "succeeded"


def test_a_password_is_used_and_never_shown(make_fleet: MakeFleet, make_pool: MakePool, ship: Ship) -> None:
    fleet = make_fleet(1, sshd_extra="PasswordAuthentication yes\nPermitRootLogin yes")
    host = fleet["web-001"]
    host.run("echo root:op3n-sesame | chpasswd")
    right = endpoint_of(fleet, host, key_file=None, password=Secret("op3n-sesame"))
    wrong = endpoint_of(fleet, host, key_file=None, password=Secret("wr0ng-word"))
    pool = make_pool(options_of(fleet))
    assert push(right, ship(), {}, pool=pool).summary["status"] == "succeeded"
    with pytest.raises(AuthRefused, match="the password is not accepted") as caught:
        push(wrong, ship(), {}, pool=pool)
    assert "wr0ng-word" not in f"{caught.value!r} {caught.value.hint} {wrong!r}"


def test_sudo_without_a_password_becomes_root_and_with_one_is_named(
    make_fleet: MakeFleet, make_pool: MakePool, ship: Ship
) -> None:
    fleet = make_fleet(1)
    host = fleet["web-001"]
    host.add_user("able", sudo=True)
    host.add_user("plain")
    pool = make_pool(options_of(fleet))
    report = push(endpoint_of(fleet, host, user="able", become=True), ship(), {}, pool=pool)
    assert report.summary["uid"] == 0
    assert host.path("/var/lib/deploy-tasks/blobs").exists()
    with pytest.raises(HostRefused, match="needs sudo") as caught:
        push(endpoint_of(fleet, host, user="plain", become=True), ship(), {}, pool=pool, deadline_s=20)
    assert caught.value.reason == "sudo"
    plain = push(endpoint_of(fleet, host, user="plain"), ship(), {}, pool=pool)
    assert plain.summary["uid"] != 0
    assert host.path("/home/plain/.local/state/deploy-tasks/blobs").exists()


def test_login_noise_is_skipped(make_fleet: MakeFleet, make_pool: MakePool, ship: Ship) -> None:
    fleet = make_fleet(1)
    host = fleet["web-001"]
    host.run("printf 'echo hello; echo {not json}; echo trouble >&2\\n' > /root/.bashrc")
    assert (
        push(endpoint_of(fleet, host), ship(), {}, pool=make_pool(options_of(fleet))).summary["status"] == "succeeded"
    )


def test_a_shell_that_does_not_run_commands_is_named(make_fleet: MakeFleet, make_pool: MakePool, ship: Ship) -> None:
    fleet = make_fleet(1)
    host = fleet["web-001"]
    host.run("printf 'echo this account is closed; exit 3\\n' > /root/.bashrc")
    with pytest.raises(HostRefused, match="status 3 and no answer: this account is closed") as caught:
        push(endpoint_of(fleet, host), ship(), {}, pool=make_pool(options_of(fleet)))
    assert "login shell" in str(caught.value.hint)


def test_one_session_per_connection_is_enough(make_fleet: MakeFleet, make_pool: MakePool, ship: Ship) -> None:
    fleet = make_fleet(1, sshd_extra="MaxSessions 1")
    pool, endpoint = make_pool(options_of(fleet)), endpoint_of(fleet, fleet["web-001"])
    reports = [push(endpoint, ship(), {}, pool=pool) for _ in range(5)]
    assert {report.summary["status"] for report in reports} == {"succeeded"}


def test_a_warm_connection_is_used_again(make_fleet: MakeFleet, make_pool: MakePool, ship: Ship) -> None:
    fleet = make_fleet(1)
    host = fleet["web-001"]
    pool, endpoint, shipment = make_pool(options_of(fleet)), endpoint_of(fleet, host), ship()
    reports = [push(endpoint, shipment, {}, pool=pool) for _ in range(3)]
    assert [report.warm for report in reports] == [False, True, True]
    assert host.log.count("Accepted publickey") == 1
    pool.close()
    assert not push(endpoint, shipment, {}, pool=make_pool(options_of(fleet))).warm


def test_a_warm_connection_that_died_is_replaced(make_fleet: MakeFleet, make_pool: MakePool, ship: Ship) -> None:
    fleet = make_fleet(1)
    host = fleet["web-001"]
    pool, endpoint, shipment = make_pool(options_of(fleet)), endpoint_of(fleet, host), ship()
    push(endpoint, shipment, {}, pool=pool)
    host.stop()
    host.start()
    report = push(endpoint, shipment, {}, pool=pool)
    assert (report.summary["status"], report.warm) == ("succeeded", False)


def test_idle_connections_are_bounded_and_end(fleet: Fleet, make_pool: MakePool, ship: Ship) -> None:
    shipment = ship()
    pool = make_pool(options_of(fleet, most_idle=2, idle_s=0.5))
    for host in fleet.hosts.values():
        push(endpoint_of(fleet, host), shipment, {}, pool=pool)
    assert pool.idle == 2
    wait_until(lambda: pool.idle == 0, 10)


def test_a_crowd_at_one_server_gets_through(make_fleet: MakeFleet, make_pool: MakePool, ship: Ship) -> None:
    fleet = make_fleet(1, sshd_extra="MaxStartups 2:100:4")
    host, shipment = fleet["web-001"], ship()
    push(endpoint_of(fleet, host), shipment, {}, pool=make_pool(options_of(fleet)))

    def one(_: int) -> str:
        pool = make_pool(options_of(fleet, handshakes=20))
        return str(push(endpoint_of(fleet, host), shipment, {}, pool=pool).summary["status"])

    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(one, range(20))) == ["succeeded"] * 20
    assert "drop connection" in host.log


def test_a_refused_port_is_tried_three_times(make_fleet: MakeFleet, make_pool: MakePool, ship: Ship) -> None:
    fleet = make_fleet(1)
    fleet["web-001"].stop()
    with pytest.raises(Unreachable, match="refused on port 2222 after 3 tries") as caught:
        push(endpoint_of(fleet, fleet["web-001"]), ship(), {}, pool=make_pool(options_of(fleet)))
    assert (caught.value.phase, caught.value.touched) == ("connecting", False)


def test_an_error_is_told_once_and_not_logged_by_paramiko_too(
    fleet: Fleet, make_pool: MakePool, ship: Ship, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = endpoint_of(fleet, fleet["web-001"], host_key=make_key().public)
    with pytest.raises(HostKeyRefused):
        push(endpoint, ship(), {}, pool=make_pool(options_of(fleet)))
    with pytest.raises(ConnectionLost):
        push(
            endpoint_of(fleet, fleet["web-001"]),
            ship(),
            {"act": "hang"},
            pool=make_pool(options_of(fleet)),
            on_event=lambda event: kill_sessions(fleet) if event.get("phase") == "running" else None,
        )
    assert caplog.records == []


def kill_sessions(fleet: Fleet) -> None:
    fleet["web-001"].run("pkill -KILL -f '^sshd: root@notty'")


def test_a_name_without_address_is_told_at_once(fleet: Fleet, make_pool: MakePool, ship: Ship) -> None:
    endpoint = endpoint_of(fleet, fleet["web-001"], address="no-such-host.invalid")
    with pytest.raises(Unreachable, match=r"no address for no-such-host\.invalid"):
        push(endpoint, ship(), {}, pool=make_pool(options_of(fleet)))


def test_nothing_leaks_whatever_phase_fails(
    make_fleet: MakeFleet, make_pool: MakePool, ship: Ship, tmp_path: Path
) -> None:
    """A hundred pushes, most of which fail in some phase: threads and descriptors are as before."""
    fleet = make_fleet(2)
    host, down = fleet["web-001"], fleet["web-002"]
    down.stop()
    make_key().write(tmp_path / "stranger")
    shipment = ship()
    cases: list[tuple[Endpoint, dict[str, Any]]] = [
        (endpoint_of(fleet, host), {}),
        (endpoint_of(fleet, host), {"act": "die"}),
        (endpoint_of(fleet, host), {"act": "hang"}),
        (endpoint_of(fleet, host, host_key=make_key().public), {}),
        (endpoint_of(fleet, host, key_file=str(tmp_path / "stranger")), {}),
    ]

    def one(number: int) -> None:
        endpoint, request = cases[number % len(cases)]
        try:
            push(endpoint, shipment, request, pool=pool, deadline_s=1.0 if request.get("act") == "hang" else 30)
        except Exception as error:
            failures.append(type(error).__name__)

    failures: list[str] = []
    pool = make_pool(options_of(fleet))
    one(0)
    one(2)
    pool.close()
    before = (threading.active_count(), open_descriptors())
    pool = make_pool(options_of(fleet))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(100)))
    pool.close()
    assert {"HostRefused", "DeadlineExceeded", "HostKeyRefused", "AuthRefused"} <= set(failures)
    wait_until(lambda: threading.active_count() <= before[0] and open_descriptors() <= before[1], 15)
    wait_until(lambda: "sshd: root@notty" not in host.run("ps ax -o args").stdout, 15)


def test_a_connection_opened_before_a_fork_is_not_used_after_it(
    make_fleet: MakeFleet, make_pool: MakePool, ship: Ship
) -> None:
    fleet = make_fleet(1)
    pool, endpoint, shipment = make_pool(options_of(fleet)), endpoint_of(fleet, fleet["web-001"]), ship()
    push(endpoint, shipment, {}, pool=pool)
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                report = push(endpoint, shipment, {}, pool=pool, deadline_s=20)
                status = 0 if not report.warm and report.summary["status"] == "succeeded" else 2
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    assert push(endpoint, shipment, {}, pool=pool).warm


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def wait_until(condition: Callable[[], bool], timeout_s: float) -> None:
    """Wait for a condition, looking often; fails when it does not come true."""
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come true in time")
