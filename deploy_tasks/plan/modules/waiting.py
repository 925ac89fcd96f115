"""The modules of the part `waiting`: for ports and files, and for hosts, which may restart meanwhile."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import PATH, STR

SPECS = (
    module_spec(
        "wait_for",
        {
            "host": ArgSpec(default="127.0.0.1"),
            "timeout": ArgSpec("int", default=300),
            "connect_timeout": ArgSpec("int", default=5),
            "delay": ArgSpec("int", default=0),
            "port": ArgSpec("int"),
            "active_connection_states": ArgSpec("list"),
            "path": PATH,
            "search_regex": STR,
            "state": ArgSpec(choices=("absent", "drained", "present", "started", "stopped"), default="started"),
            "exclude_hosts": ArgSpec("list"),
            "sleep": ArgSpec("int", default=1),
            "msg": STR,
        },
        exclusive=(("port", "path"),),
        check_supported=False,
        part="waiting",
    ),
    module_spec(
        "wait_for_connection",
        {
            "connect_timeout": ArgSpec("int", default=5),
            "delay": ArgSpec("int", default=0),
            "sleep": ArgSpec("int", default=1),
            "timeout": ArgSpec("int", default=600),
        },
        check_supported=False,
        part="waiting",
    ),
    module_spec(
        "reboot",
        {
            "pre_reboot_delay": ArgSpec("int", default=0),
            "post_reboot_delay": ArgSpec("int", default=0),
            "reboot_timeout": ArgSpec("int", default=600),
            "connect_timeout": ArgSpec("int"),
            "test_command": STR,
            "msg": ArgSpec(default="Reboot initiated by Ansible"),
            "search_paths": ArgSpec("list", default=("/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin")),
            "boot_time_command": STR,
            "reboot_command": STR,
        },
        part="waiting",
    ),
)
