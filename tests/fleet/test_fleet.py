"""The local fleet: hosts are separate, survive their maker, can be mistreated, and leave nothing behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_tasks.fleet import Fleet, FleetError, Host, down, load, up
from deploy_tasks.fleet.layout import addresses, names

MakeFleet = Callable[..., Fleet]


def ssh(fleet: Fleet, host: Host, command: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
    """One command with the system's own client, which trusts nothing but the fleet's known_hosts."""
    argv = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={fleet.known_hosts_path}"]
    argv += ["-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=5", "-i", str(fleet.key_path)]
    argv += ["-p", str(host.port), f"{user or host.seat.user}@{host.address}", command]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)


def runs(pid: int) -> bool:
    """Whether the process exists and is more than an entry nobody has collected yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_host_answers_ssh_under_its_own_name(fleet: Fleet) -> None:
    for host in fleet.hosts.values():
        assert ssh(fleet, host, "hostname; id -un").stdout.split() == [host.name, host.seat.user]


def test_hosts_share_nothing_they_write(fleet: Fleet) -> None:
    first, second = fleet["web-001"], fleet["web-002"]
    ssh(fleet, first, "echo one > /etc/only-here")
    assert first.path("/etc/only-here").read_text() == "one\n"
    assert not second.path("/etc/only-here").exists()
    assert not Path("/etc/only-here").exists()


def test_a_home_is_fresh_and_tmp_is_empty(fleet: Fleet) -> None:
    host = fleet["web-001"]
    assert sorted(host.run("ls -A /root").stdout.split()) == [".ssh"]
    assert host.run("ls -A /tmp").stdout == ""


def test_a_plug_pulled_keeps_the_disk_and_ends_every_process(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)
    host = fleet["web-001"]
    ssh(fleet, host, "echo kept > /etc/kept; setsid sleep 1000 </dev/null >/dev/null 2>&1 &")
    pids = host.pids()
    assert len(pids) > 1
    host.stop()
    assert not host.alive
    assert not any(runs(pid) for pid in pids)
    host.start()
    assert ssh(fleet, host, "cat /etc/kept").stdout == "kept\n"


def test_an_impostor_has_another_key_and_is_noticed(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)
    host = fleet["web-001"]
    assert host.replace_key() != host.seat.key
    answer = ssh(fleet, host, "true")
    assert answer.returncode == 255
    assert "Host key verification failed" in answer.stderr


def test_dropped_packets_are_silence_and_come_back(make_fleet: MakeFleet) -> None:
    host = make_fleet(1)["web-001"]
    host.drop_packets()
    with pytest.raises(TimeoutError):
        socket.create_connection((host.address, host.port), timeout=0.3)
    host.restore_packets()
    socket.create_connection((host.address, host.port), timeout=5).close()


def test_a_frozen_host_accepts_and_says_nothing(make_fleet: MakeFleet) -> None:
    host = make_fleet(1)["web-001"]
    host.freeze()
    with socket.create_connection((host.address, host.port), timeout=5) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        host.thaw()
        connection.settimeout(5)
        assert connection.recv(4) == b"SSH-"


def test_a_small_disk_is_small(make_fleet: MakeFleet) -> None:
    host = make_fleet(1)["web-001"]
    host.mount_tmpfs("/var/lib/deploy-tasks", "size=1m,noexec")
    done = host.run("head -c 2000000 /dev/zero > /var/lib/deploy-tasks/big", check=False)
    assert "No space left" in done.stderr
    assert os.statvfs(host.state_dir).f_blocks * os.statvfs(host.state_dir).f_frsize == 1 << 20


def test_an_account_with_sudo_becomes_root_and_one_without_does_not(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)
    host = fleet["web-001"]
    host.add_user("able", sudo=True)
    host.add_user("plain")
    assert ssh(fleet, host, "sudo -n id -un", "able").stdout == "root\n"
    assert ssh(fleet, host, "sudo -n id -un", "plain").returncode == 1


def test_sshd_has_its_defaults(fleet: Fleet) -> None:
    effective = fleet["web-001"].run("/usr/sbin/sshd -T -f /etc/ssh/sshd_config").stdout
    assert "maxstartups 10:30:100" in effective
    assert "maxsessions 10" in effective
    assert "subsystem sftp /usr/lib/openssh/sftp-server" in effective
    assert len({host.seat.key for host in fleet.hosts.values()}) == len(fleet.hosts)


def test_a_fleet_outlives_the_command_that_made_it(make_fleet: MakeFleet, tmp_path: Path) -> None:
    make_fleet(1).down()  # skips where there is no fleet
    root = tmp_path / "fleet"
    code = f"from pathlib import Path; from deploy_tasks.fleet import up; up(2, Path({str(root)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    try:
        fleet = load(root)
        assert all(host.alive for host in fleet.hosts.values())
        assert ssh(fleet, fleet["web-002"], "hostname").stdout == "web-002\n"
    finally:
        down(root)
    assert not root.exists()


def test_down_leaves_nothing(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(2)
    pids = [pid for host in fleet.hosts.values() for pid in host.pids()]
    places = {(host.address, host.port) for host in fleet.hosts.values()}
    fleet["web-001"].drop_packets()
    fleet.down()
    assert not any(runs(pid) for pid in pids)
    assert str(fleet.root) not in Path("/proc/mounts").read_text()
    assert not fleet.root.exists()
    for place in places:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place, timeout=5)


def test_a_failed_start_leaves_nothing_and_says_why(make_fleet: MakeFleet, tmp_path: Path) -> None:
    make_fleet(1).down()
    root = tmp_path / "fleet"
    with pytest.raises(FleetError, match="Bad configuration option: Nonsense"):
        up(2, root, sshd_extra="Nonsense yes")
    assert not root.exists()
    assert str(root) not in Path("/proc/mounts").read_text()


def test_two_fleets_do_not_share_a_folder(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)
    with pytest.raises(FleetError, match="holds a fleet already"):
        up(1, fleet.root)
    assert fleet["web-001"].alive


def test_without_isolation_hosts_differ_in_address_key_and_folder(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(2, isolated=False)
    assert fleet.notice is not None
    first, second = fleet.hosts.values()
    assert first.state_dir != second.state_dir
    assert f"deploy_tasks_state_dir={first.state_dir}" in fleet.inventory_path.read_text()
    assert ssh(fleet, second, "echo here").stdout == "here\n"


@pytest.mark.timeout(60)
def test_a_hundred_hosts_start(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(100)
    assert len({host.address for host in fleet.hosts.values()}) == 100


def test_addresses_go_over_to_the_next_subnet() -> None:
    places = addresses(600, 3)
    assert (places[0], places[250], places[599]) == ("127.77.3.1", "127.77.4.1", "127.77.5.100")
    assert len(set(places)) == 600


def test_names_are_as_wide_as_the_count() -> None:
    assert names(2, "db") == ["db-001", "db-002"]
    assert names(1000, "web")[0] == "web-0001"
