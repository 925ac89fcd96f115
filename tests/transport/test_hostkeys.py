"""Host keys: known_hosts files in every form OpenSSH writes, pinned keys, and what is said to whoever must act."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploy_tasks.fleet.keys import make_key
from deploy_tasks.transport import Endpoint, HostKeyRefused
from deploy_tasks.transport.hostkeys import HostKey, trust

KEY, OTHER = make_key().public, make_key().public
HOST = Endpoint("web-1", "web1.example.com")
ODD = Endpoint("web-2", "10.0.0.2", port=2222)


def key(text: str) -> HostKey:
    parsed = HostKey.parse(text)
    assert parsed is not None
    return parsed


def known(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "known_hosts"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("names", "endpoint"),
    [
        ("web1.example.com", HOST),
        ("WEB1.example.com,10.0.0.1", HOST),
        ("*.example.com", HOST),
        ("web?.example.com", HOST),
        ("[10.0.0.2]:2222", ODD),
        ("[10.0.0.*]:2222", ODD),
        ("*.example.com,!db.example.com", HOST),
    ],
)
def test_an_entry_covers_its_host(tmp_path: Path, names: str, endpoint: Endpoint) -> None:
    trust(endpoint, known(tmp_path, f"{names} {KEY} a comment")).check(endpoint, key(KEY))


@pytest.mark.parametrize(
    ("names", "endpoint"),
    [
        ("web2.example.com", HOST),
        ("*.example.com,!web1.example.com", HOST),
        ("10.0.0.2", ODD),
        ("[10.0.0.2]:22", ODD),
        ("[[]10.0.0.2]:2222", ODD),
        ("|1|nonsense|nonsense", HOST),
        ("@cert-authority *.example.com", HOST),
    ],
)
def test_an_entry_covers_no_other_host(tmp_path: Path, names: str, endpoint: Endpoint) -> None:
    with pytest.raises(HostKeyRefused, match="is not known") as caught:
        trust(endpoint, known(tmp_path, f"{names} {KEY}")).check(endpoint, key(KEY))
    assert f"ssh-keyscan -p {endpoint.port} {endpoint.address}" in str(caught.value.hint)
    assert key(KEY).fingerprint in str(caught.value)


@pytest.mark.parametrize("endpoint", [HOST, ODD], ids=["port 22", "other port"])
def test_names_hashed_by_ssh_keygen_are_found(tmp_path: Path, endpoint: Endpoint) -> None:
    path = known(tmp_path, f"{endpoint.known_as} {KEY}", f"elsewhere {OTHER}")
    subprocess.run(["ssh-keygen", "-H", "-f", str(path)], check=True, capture_output=True)
    assert "example" not in path.read_text()
    trust(endpoint, path).check(endpoint, key(KEY))
    with pytest.raises(HostKeyRefused, match="changed"):
        trust(endpoint, path).check(endpoint, key(OTHER))


def test_the_fingerprint_is_the_one_ssh_keygen_shows(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    path.write_text(KEY)
    shown = subprocess.run(["ssh-keygen", "-lf", str(path)], check=True, capture_output=True, text=True).stdout
    assert key(KEY).fingerprint in shown


def test_a_changed_key_names_both_and_the_command_that_forgets_the_old(tmp_path: Path) -> None:
    path = known(tmp_path, f"[10.0.0.2]:2222 {KEY}")
    with pytest.raises(HostKeyRefused) as caught:
        trust(ODD, path).check(ODD, key(OTHER))
    assert key(KEY).fingerprint in str(caught.value)
    assert key(OTHER).fingerprint in str(caught.value)
    assert f"ssh-keygen -R '[10.0.0.2]:2222' -f {path}" in str(caught.value.hint)
    assert not caught.value.retryable


def test_that_command_does_forget_it(tmp_path: Path) -> None:
    path = known(tmp_path, f"[10.0.0.2]:2222 {KEY}", f"web1.example.com {OTHER}")
    subprocess.run(["ssh-keygen", "-R", "[10.0.0.2]:2222", "-f", str(path)], check=True, capture_output=True)
    with pytest.raises(HostKeyRefused, match="is not known"):
        trust(ODD, path).check(ODD, key(KEY))
    trust(HOST, path).check(HOST, key(OTHER))


def test_a_revoked_key_is_refused_even_where_it_is_known(tmp_path: Path) -> None:
    path = known(tmp_path, f"web1.example.com {KEY}", f"@revoked * {KEY}")
    with pytest.raises(HostKeyRefused, match="revoked"):
        trust(HOST, path).check(HOST, key(KEY))


def test_one_of_several_keys_is_enough(tmp_path: Path) -> None:
    path = known(tmp_path, "# comment", "", "broken", f"web1.example.com {KEY}", f"web1.example.com {OTHER}")
    for shown in (KEY, OTHER):
        trust(HOST, path).check(HOST, key(shown))


def test_a_key_in_the_inventory_beats_the_file(tmp_path: Path) -> None:
    pinned = Endpoint("web-1", "web1.example.com", host_key=OTHER)
    path = known(tmp_path, f"web1.example.com {KEY}")
    trust(pinned, path).check(pinned, key(OTHER))
    with pytest.raises(HostKeyRefused, match="the inventory has") as caught:
        trust(pinned, path).check(pinned, key(KEY))
    assert "deploy_tasks_host_key of web-1" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 !!!", "yes"])
def test_a_key_in_the_inventory_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    endpoint = Endpoint("web-1", "web1.example.com", host_key=text)
    with pytest.raises(HostKeyRefused, match="is not a public key"):
        trust(endpoint, known(tmp_path, f"web1.example.com {KEY}"))


def test_no_file_knows_nobody_and_a_change_of_the_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    with pytest.raises(HostKeyRefused, match="is not known"):
        trust(HOST, path).check(HOST, key(KEY))
    known(tmp_path, f"web1.example.com {KEY}")
    trust(HOST, path).check(HOST, key(KEY))
