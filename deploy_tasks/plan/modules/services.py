"""The modules of the part `services`: what runs on a host, and what starts when it boots."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import STR

_PART = "services"
_BOOL = ArgSpec("bool")
_STATE = ArgSpec(choices=("reloaded", "restarted", "started", "stopped"))
_SECRET = ArgSpec(
    fixed=True,
    instead="name a file in config: that has them in its section [supervisorctl]; here they would show among the "
    "processes",
)
_ARGUMENTS = ArgSpec(aliases=("args",))
_SYSTEMD = {
    "state": _STATE,
    "enabled": _BOOL,
    "force": _BOOL,
    "masked": _BOOL,
    "daemon_reload": ArgSpec("bool", default=False, aliases=("daemon-reload",)),
    "daemon_reexec": ArgSpec("bool", default=False, aliases=("daemon-reexec",)),
    "scope": ArgSpec(choices=("system", "user", "global"), default="system"),
    "no_block": ArgSpec("bool", default=False),
}
_UNIT = {"name": ArgSpec(aliases=("service", "unit")), **_SYSTEMD}

SPECS = (
    module_spec(
        "service",
        {
            **_SYSTEMD,  # handed on, as Ansible does; a host without systemd refuses what only systemd has
            "name": ArgSpec(required=True),
            "sleep": ArgSpec("int"),
            "pattern": STR,
            "runlevel": ArgSpec(default="default"),
            "arguments": _ARGUMENTS,
            "use": ArgSpec(default="auto"),
        },
        required_one_of=(("state", "enabled", "masked", "daemon_reload", "daemon_reexec"),),
        part=_PART,
    ),
    module_spec("systemd", _UNIT, part=_PART),
    module_spec("systemd_service", _UNIT, part=_PART),
    module_spec(
        "sysvinit",
        {
            "name": ArgSpec(required=True, aliases=("service",)),
            "state": _STATE,
            "enabled": _BOOL,
            "sleep": ArgSpec("int", default=1),
            "pattern": STR,
            "arguments": _ARGUMENTS,
            "runlevels": ArgSpec("list"),
            "daemonize": ArgSpec("bool", default=False),
        },
        required_one_of=(("state", "enabled"),),
        part=_PART,
    ),
    module_spec("service_facts", {}, part=_PART),
    module_spec(
        "launchd",
        {
            "name": ArgSpec(required=True),
            "plist": STR,
            "state": ArgSpec(choices=("reloaded", "restarted", "started", "stopped", "unloaded")),
            "enabled": _BOOL,
            "force_stop": ArgSpec("bool", default=False),
        },
        required_one_of=(("state", "enabled"),),
        part=_PART,
    ),
    module_spec(
        "supervisorctl",
        {
            "name": ArgSpec(required=True),
            "config": ArgSpec("path"),
            "server_url": STR,
            "username": _SECRET,
            "password": _SECRET,
            "supervisorctl_path": ArgSpec("path"),
            "state": ArgSpec(
                required=True, choices=("absent", "present", "restarted", "signalled", "started", "stopped")
            ),
            "stop_before_removing": ArgSpec("bool", default=False),
            "signal": STR,
        },
        required_if=(("state", "signalled", ("signal",)),),
        part=_PART,
    ),
)
