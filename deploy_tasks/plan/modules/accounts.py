"""The modules of the part `accounts`: users, groups, their keys and their timed jobs."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import BOOL, FALSE, PATH, STR, TRUE

INT, TIME = ArgSpec("int"), ArgSpec(default="*")
STATE = ArgSpec(choices=("absent", "present"), default="present")
LOCAL = ArgSpec("bool", default=False, fixed=True, instead="leave it out: the host's own accounts are changed anyway")


def _elsewhere(kind: str, system: str) -> ArgSpec:
    """An argument that only another system has."""
    return ArgSpec(kind, fixed=True, instead=f"leave it out: it means something on {system} only")  # type: ignore[arg-type]


SPECS = (
    module_spec(
        "authorized_key",
        {
            "user": ArgSpec(required=True),
            "key": ArgSpec(required=True),
            "path": PATH,
            "manage_dir": TRUE,
            "state": STATE,
            "key_options": STR,
            "exclusive": FALSE,
            "comment": STR,
            "validate_certs": TRUE,
            "follow": FALSE,
        },
        part="accounts",
    ),
    module_spec(
        "cron",
        {
            "name": ArgSpec(required=True),
            "user": STR,
            "job": ArgSpec(aliases=("value",)),
            "cron_file": PATH,
            "state": STATE,
            "backup": FALSE,
            "minute": TIME,
            "hour": TIME,
            "day": ArgSpec(default="*", aliases=("dom",)),
            "month": TIME,
            "weekday": ArgSpec(default="*", aliases=("dow",)),
            "special_time": ArgSpec(
                choices=("reboot", "yearly", "annually", "monthly", "weekly", "daily", "hourly"),
            ),
            "disabled": FALSE,
            "env": FALSE,
            "insertafter": STR,
            "insertbefore": STR,
        },
        exclusive=(("insertafter", "insertbefore"),),
        part="accounts",
    ),
    module_spec(
        "getent",
        {"database": ArgSpec(required=True), "key": STR, "service": STR, "split": STR, "fail_key": TRUE},
        part="accounts",
    ),
    module_spec(
        "group",
        {
            "name": ArgSpec(required=True),
            "state": STATE,
            "gid": INT,
            "gid_min": INT,
            "gid_max": INT,
            "system": FALSE,
            "non_unique": FALSE,
            "force": FALSE,
            "local": LOCAL,
        },
        required_if=(("non_unique", "true", ("gid",)),),
        part="accounts",
    ),
    module_spec(
        "user",
        {
            "name": ArgSpec(required=True, aliases=("user",)),
            "state": STATE,
            "uid": INT,
            "non_unique": FALSE,
            "group": STR,
            "groups": ArgSpec("list"),
            "append": FALSE,
            "comment": STR,
            "home": PATH,
            "shell": PATH,
            "password": STR,
            "update_password": ArgSpec(choices=("always", "on_create"), default="always"),
            "password_lock": BOOL,
            "password_expire_max": INT,
            "password_expire_min": INT,
            "password_expire_warn": INT,
            "password_expire_account_disable": INT,
            "expires": ArgSpec("float"),
            "force": FALSE,
            "remove": FALSE,
            "create_home": ArgSpec("bool", default=True, aliases=("createhome",)),
            "move_home": FALSE,
            "skeleton": STR,
            "umask": STR,
            "system": FALSE,
            "uid_min": INT,
            "uid_max": INT,
            "generate_ssh_key": FALSE,
            "ssh_key_bits": ArgSpec("int", default=0),
            "ssh_key_type": ArgSpec(default="rsa"),
            "ssh_key_file": PATH,
            "ssh_key_comment": STR,
            "ssh_key_passphrase": ArgSpec(
                fixed=True, instead="make the key beforehand and copy it: a passphrase would show in the processes"
            ),
            "local": LOCAL,
            "seuser": STR,
            "login_class": _elsewhere("str", "BSD"),
            "hidden": _elsewhere("bool", "macOS"),
            "profile": _elsewhere("str", "Solaris"),
            "authorization": _elsewhere("str", "Solaris"),
            "role": _elsewhere("str", "Solaris"),
        },
        part="accounts",
    ),
)
