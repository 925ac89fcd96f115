"""The modules of the part `packages`: packages of the host's distribution, and the repositories they come from."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import FALSE, STR, TRUE

_APT_ARGS = {
    "state": ArgSpec(choices=("absent", "build-dep", "fixed", "latest", "present"), default="present"),
    "update_cache": ArgSpec("bool", aliases=("update-cache",)),
    "update_cache_retries": ArgSpec("int", default=5),
    "update_cache_retry_max_delay": ArgSpec("int", default=12),
    "cache_valid_time": ArgSpec("int", default=0),
    "purge": FALSE,
    "package": ArgSpec("list", aliases=("pkg", "name")),
    "deb": STR,
    "default_release": ArgSpec(aliases=("default-release",)),
    "install_recommends": ArgSpec("bool", aliases=("install-recommends",)),
    "force": FALSE,
    "upgrade": ArgSpec(choices=("dist", "full", "no", "safe", "yes"), default="no"),
    "dpkg_options": ArgSpec(default="force-confdef,force-confold"),
    "autoremove": FALSE,
    "autoclean": FALSE,
    "fail_on_autoremove": FALSE,
    "policy_rc_d": ArgSpec("int"),
    "only_upgrade": FALSE,
    "force_apt_get": FALSE,
    "clean": FALSE,
    "allow_unauthenticated": ArgSpec("bool", aliases=("allow-unauthenticated",), default=False),
    "allow_downgrade": ArgSpec(
        "bool", aliases=("allow-downgrade", "allow_downgrades", "allow-downgrades"), default=False
    ),
    "allow_change_held_packages": FALSE,
    "lock_timeout": ArgSpec("int", default=60),
}

SPECS = (
    module_spec(
        "apt",
        _APT_ARGS,
        exclusive=(("deb", "package", "upgrade"),),
        required_one_of=(("autoremove", "deb", "package", "update_cache", "upgrade"),),
        part="packages",
    ),
    # Whatever the host's own package manager takes, which is apt.
    module_spec("package", {**_APT_ARGS, "use": ArgSpec(default="auto")}, part="packages"),
    module_spec(
        "package_facts",
        {
            "manager": ArgSpec("list", default=("auto",)),
            "strategy": ArgSpec(choices=("first", "all"), default="first"),
        },
        part="packages",
    ),
    module_spec(
        "apt_repository",
        {
            "repo": ArgSpec(required=True),
            "state": ArgSpec(choices=("absent", "present"), default="present"),
            "mode": ArgSpec("mode"),
            "update_cache": ArgSpec("bool", aliases=("update-cache",), default=True),
            "update_cache_retries": ArgSpec("int", default=5),
            "update_cache_retry_max_delay": ArgSpec("int", default=12),
            "filename": STR,
            "install_python_apt": TRUE,
            "validate_certs": TRUE,
            "codename": STR,
        },
        part="packages",
    ),
)
