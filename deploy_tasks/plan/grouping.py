"""What a `group_by` whose key is one expression may be foreseen to say, before anything runs.

Of some facts it is known what they can be; of variables of the inventory, what they are. Whatever else the key turns
out to be is told when the task runs, see `made_groups`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from deploy_tasks.errors import InventoryError
from deploy_tasks.plan.hosts import Inventory
from deploy_tasks.plan.model import Play, Task
from deploy_tasks.plan.static import Unknown, known_value

#: So many hosts' variables are looked at, and so many items of a loop.
_MAX_HOSTS, _MAX_ITEMS = 2_000, 100
_FACT = re.compile(
    r"""\{\{\s*ansible_(?:facts\.|facts\[['"])?(?P<name>\w+?)(?:['"]\])?(?P<lower>\s*\|\s*lower)?\s*\}\}"""
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: What Ansible's facts of these names are on the systems it knows; a group has dashes for blanks.
_VALUES: Mapping[str, tuple[str, ...]] = {
    "os_family": _words(
        "AIX Alpine Altlinux Archlinux ClearLinux Darwin Debian DragonFly FreeBSD Gentoo HP-UX Mandrake NetBSD OpenBSD "
        "RedHat SMGL Slackware Solaris Suse Void Windows"
    ),
    "distribution": _words(
        "AlmaLinux Alpine Amazon Archlinux CentOS Debian Devuan Fedora FreeBSD Gentoo Kali Linux-Mint MacOSX Manjaro "
        "NetBSD OpenBSD OracleLinux Raspbian RedHat Rocky SLED SLES SLES_SAP Slackware Ubuntu Void openSUSE-Leap "
        "openSUSE-Tumbleweed"
    ),
    "system": _words("AIX Darwin FreeBSD HP-UX Linux NetBSD OpenBSD SunOS Win32NT"),
    "pkg_mgr": _words("apk apt dnf dnf5 homebrew macports pacman pkgng portage yum zypper"),
    "service_mgr": _words("bsdinit launchd openrc runit service systemd sysvinit upstart"),
    "architecture": _words("aarch64 arm64 armv6l armv7l i386 ppc64le riscv64 s390x x86_64"),
}


def foreseen(task: Task, play: Play, inventory: Inventory, extra_vars: Mapping[str, Any]) -> Iterator[str]:
    """Names of groups that a task's key may say, as far as they are known."""
    key = task.args.get("key")
    if task.module != "group_by" or not isinstance(key, str) or not key.strip().startswith("{{"):
        return
    fact = _FACT.fullmatch(key.strip())
    if fact and fact["name"] in _VALUES:
        yield from (value.lower() if fact["lower"] else value for value in _VALUES[fact["name"]])
        return
    for name in dict.fromkeys(_by_variables(key, task, play, inventory, extra_vars)):
        if name and name not in inventory.secrets:
            yield name


def _by_variables(
    key: str, task: Task, play: Play, inventory: Inventory, extra_vars: Mapping[str, Any]
) -> Iterator[str]:
    try:
        names = inventory.select(play.hosts)
    except InventoryError:  # told where the play is checked
        return
    items = list(islice(task.loop, _MAX_ITEMS)) if isinstance(task.loop, (list, tuple)) else [None]
    for name in islice(names, _MAX_HOSTS):
        own = {**inventory.hosts[name].vars, "inventory_hostname": name}
        for item in items:
            layers = (play.defaults, own, play.vars, task.vars, {task.loop_var: item}, extra_vars)
            try:
                value = known_value(key, layers if item is not None else (*layers[:4], extra_vars))
            except Unknown:
                continue
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                yield str(value).strip().replace(" ", "-")
