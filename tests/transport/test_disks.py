"""Disks as hosts have them: full, without inodes, read-only, noexec. Refused by name, and nothing is left behind."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from deploy_tasks.fleet import Fleet
from deploy_tasks.transport import HostRefused, Pool, Shipment, push
from tests.support.runners import OBEDIENT
from tests.transport.conftest import endpoint_of, options_of

MakeFleet = Callable[..., Fleet]
MakePool = Callable[..., Pool]
Ship = Callable[..., Shipment]
STATE = "/var/lib/deploy-tasks"
LARGE = OBEDIENT + "#" + os.urandom(1 << 20).hex() + "\n"


@pytest.mark.parametrize(
    ("mount", "reason", "words"),
    [
        ("size=1m", "no_space", r"no space on .*/blobs: need 2\d\d\d KiB, have 10\d\d KiB"),
        ("size=8m,nr_inodes=2", "no_space", "need 8 inodes, have 0"),
        ("size=8m,ro", "read_only", "cannot write to .*Read-only"),
        ("size=8m,noexec", "noexec", "mounted noexec"),
    ],
)
def test_a_disk_that_does_not_serve_is_named_and_left_clean(
    make_fleet: MakeFleet, make_pool: MakePool, ship: Ship, mount: str, reason: str, words: str
) -> None:
    fleet = make_fleet(1)
    host, pool, shipment = fleet["web-001"], make_pool(options_of(fleet)), ship(LARGE)
    host.mount_tmpfs(STATE, mount)
    with pytest.raises(HostRefused, match=words) as caught:
        push(endpoint_of(fleet, host), shipment, {}, pool=pool)
    assert (caught.value.reason, caught.value.touched) == (reason, False)
    assert caught.value.hint
    assert host.run(f"find {STATE} -type f").stdout == ""
    host.run(["umount", STATE])
    assert push(endpoint_of(fleet, host), shipment, {}, pool=pool).summary["status"] == "succeeded"


def test_a_disk_that_fills_up_while_the_runner_arrives_is_named(
    make_fleet: MakeFleet, make_pool: MakePool, ship: Ship
) -> None:
    """df lies here: it promises plenty, so that the check before the transfer passes and the write itself fails."""
    fleet = make_fleet(1)
    host = fleet["web-001"]
    host.mount_tmpfs(STATE, "size=1m")
    host.run("printf '#!/bin/sh\\necho x 9 9 9999999 1%% /\\n' > /usr/local/bin/df; chmod 755 /usr/local/bin/df")
    with pytest.raises(HostRefused, match="no space on") as caught:
        push(endpoint_of(fleet, host), ship(LARGE), {}, pool=make_pool(options_of(fleet)))
    assert caught.value.reason == "no_space"
    assert host.run(f"find {STATE} -type f").stdout == ""
