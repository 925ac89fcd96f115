"""Variables that say how a host is reached, said of it while a plan runs: they must agree with the inventory.

Workers connect as the inventory says, from the first play to the last and when a host is taken back. What `add_host`
says otherwise would be read by tasks and followed by no connection, so it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from deploy_tasks.plan.hosts import PLAN_BECOME, PLAN_USER, Host

#: What a host's variables decide, and the variables that do.
DECIDED_BY: Mapping[str, tuple[str, ...]] = {
    "address": ("ansible_host", "ansible_ssh_host"),
    "port": ("ansible_port", "ansible_ssh_port"),
    "user": ("ansible_user", "ansible_ssh_user", PLAN_USER),
    "key_file": ("ansible_ssh_private_key_file", "ansible_private_key_file"),
    "password": ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password"),
    "connection": ("ansible_connection",),
    "become": ("ansible_become", PLAN_BECOME),
    "host_key": ("deploy_tasks_host_key",),
    "state_dir": ("deploy_tasks_state_dir",),
    "target": ("deploy_tasks_target", "target_triple", "ansible_architecture", "ansible_system"),
}
#: The values of `ansible_connection` that a host may have.
CONNECTIONS = frozenset({"ssh", "local", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh"})


_NOTHING = object()


def otherwise(host: Host, said: Mapping[str, Any]) -> tuple[str, ...]:
    """The variables among `said`, which are values and no templates, by which the host would be reached otherwise than
    by those it has."""
    return tuple(dict.fromkeys(_otherwise(host, said)))


def refusal(
    host: str, names: tuple[str, ...], by: Literal["add_host", "groups"] = "add_host", *, added: bool = False
) -> tuple[str, str]:
    """What is wrong with such variables of `add_host`, or of the groups that a host comes into, and what to write
    instead; `added`: the host is in no inventory. It shows no value, which may be a secret."""
    several = len(names) > 1
    them = "them" if several else "it"
    said = f"{', '.join(names)} of {host[:80]!r} {'differ' if several else 'differs'} from the inventory"
    what = f"{said}, and hosts are reached as the inventory says"
    if added:
        return _changing(host, names, by)
    if by == "add_host":
        return what, f"say {them} of the host in the inventory, and leave {them} out of add_host"
    return f"in its new groups {what}", f"say {them} of the host itself in the inventory, which beats its groups"


def _changing(host: str, names: tuple[str, ...], by: Literal["add_host", "groups"]) -> tuple[str, str]:
    """The same of a host that is in no inventory."""
    said = f"{', '.join(names)} of {host[:80]!r} {'are' if len(names) > 1 else 'is'}"
    if by == "groups":
        known = "not what was known of it before anything ran, and workers connect to nothing else"
        return (
            f"in its new groups {said} {known}",
            "write the groups of add_host out, or put the host into the inventory",
        )
    known = "said otherwise by another add_host or its host_vars, or only by what is known while the plan runs"
    hint = "say one way to the host, in values that are known before anything runs, or put the host into the inventory"
    return f"{said} {known}", hint


def _otherwise(host: Host, said: Mapping[str, Any]) -> Iterator[str]:
    after = host.model_copy(update={"vars": {**host.vars, **said}})
    for what, names in DECIDED_BY.items():
        mine = [name for name in names if name in said and said[name] != host.vars.get(name, _NOTHING)]
        if mine and (getattr(host, what) != getattr(after, what) or any(_unheard(name, said[name]) for name in mine)):
            yield from mine


def _unheard(name: str, value: Any) -> bool:
    """Whether no host can be reached so; `Host` would read the value as if nothing were said."""
    if name == "ansible_connection":
        return value not in (None, "", *CONNECTIONS)
    return name in DECIDED_BY["port"] and not (value in (None, "") or str(value).isdecimal())
