"""The modules of the part `system`: parameters and modules of the kernel, mounts, the host's name and its time zone."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import FALSE, PATH, STR, TRUE

_PART = "system"
_STATE = ArgSpec(choices=("absent", "present"), default="present")
_ZERO = ArgSpec(default="0")

SPECS = (
    module_spec(
        "hostname",
        {
            "name": ArgSpec(required=True),
            # The others are ways of systems on which no runner runs, or none at all.
            "use": ArgSpec(choices=("alpine", "debian", "openrc", "redhat", "sles", "systemd")),
        },
        part=_PART,
    ),
    module_spec(
        "modprobe",
        {
            "name": ArgSpec(required=True),
            "state": _STATE,
            "params": ArgSpec(default=""),
            "persistent": ArgSpec(choices=("absent", "disabled", "present"), default="disabled"),
        },
        part=_PART,
    ),
    module_spec(
        "mount",
        {
            "path": ArgSpec("path", required=True, aliases=("name",)),
            "src": STR,
            "fstype": STR,
            "opts": STR,
            "opts_no_log": ArgSpec("bool", default=False, fixed=True, instead="give the task no_log: true"),
            "dump": _ZERO,
            "passno": _ZERO,
            "state": ArgSpec(
                required=True,
                choices=("absent", "absent_from_fstab", "ephemeral", "mounted", "present", "remounted", "unmounted"),
            ),
            "fstab": STR,
            "boot": TRUE,
            "backup": FALSE,
        },
        required_if=tuple(("state", state, ("src", "fstype")) for state in ("ephemeral", "mounted", "present")),
        part=_PART,
    ),
    module_spec(
        "sysctl",
        {
            "name": ArgSpec(required=True, aliases=("key",)),
            "value": ArgSpec(aliases=("val",)),
            "state": _STATE,
            "reload": TRUE,
            "sysctl_set": FALSE,
            "ignoreerrors": FALSE,
            "sysctl_file": PATH,
        },
        required_if=(("state", "present", ("value",)),),
        part=_PART,
    ),
    module_spec(
        "timezone",
        {"name": STR, "hwclock": ArgSpec(choices=("local", "UTC"), aliases=("rtc",))},
        required_one_of=(("hwclock", "name"),),
        part=_PART,
    ),
)
