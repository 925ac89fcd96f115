"""What a host's variables mean for reaching it."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_tasks.plan.hosts import Host


@pytest.mark.parametrize(
    ("variables", "attribute", "value"),
    [
        ({}, "address", "web1"),
        ({"ansible_host": "10.0.0.1"}, "address", "10.0.0.1"),
        ({"ansible_ssh_host": "old"}, "address", "old"),
        ({}, "port", 22),
        ({"ansible_port": "2222"}, "port", 2222),
        ({"ansible_ssh_port": 23}, "port", 23),
        ({}, "user", None),
        ({"ansible_user": "deploy"}, "user", "deploy"),
        ({"ansible_ssh_private_key_file": "/k"}, "key_file", "/k"),
        ({"ansible_connection": "local"}, "connection", "local"),
        ({"ansible_connection": "paramiko"}, "connection", "ssh"),
        ({}, "become", False),
        ({"ansible_become": True}, "become", True),
        ({"ansible_become": "yes"}, "become", True),
        ({"ansible_become": "no"}, "become", False),
        ({"deploy_tasks_host_key": "ssh-ed25519 AAAA"}, "host_key", "ssh-ed25519 AAAA"),
        ({"deploy_tasks_state_dir": "/srv/dt"}, "state_dir", "/srv/dt"),
        ({}, "target", None),
        ({"target_triple": "x86_64-apple-darwin"}, "target", "x86_64-apple-darwin"),
        ({"ansible_architecture": "aarch64", "ansible_system": "Linux"}, "target", "aarch64-unknown-linux-musl"),
        ({"ansible_architecture": "arm64", "ansible_system": "Darwin"}, "target", "aarch64-apple-darwin"),
        ({"ansible_architecture": "x86_64"}, "target", None),
    ],
)
def test_derived_properties(variables: dict[str, Any], attribute: str, value: Any) -> None:
    assert getattr(Host(name="web1", vars=variables), attribute) == value


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_needs_no_ssh_unless_told_so(name: str) -> None:
    assert Host(name=name).connection == "local"
    assert Host(name=name, vars={"ansible_connection": "ssh"}).connection == "ssh"
    assert Host(name=name, vars={"ansible_host": "127.0.0.1"}).connection == "ssh"


@pytest.mark.parametrize("variable", ["ansible_password", "ansible_ssh_pass"])
def test_a_password_is_a_secret_and_a_host_never_shows_it(variable: str) -> None:
    host = Host(name="web1", vars={variable: "hunter2!"})
    assert host.password is not None
    assert host.password.reveal() == "hunter2!"
    assert "hunter2!" not in f"{host!r} {host} {[host]} {host.password}"
