"""The modules of the part `packages`: packages of the host's distribution, and the repositories they come from."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.rpm import DNF_ARGS
from deploy_tasks.plan.modules.shared import BOOL, FALSE, PATH, STR, TRUE

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
        fetches=("deb",),
    ),
    # Whatever the host's own package manager takes: which one that is, it knows itself.
    module_spec(
        "package",
        {
            **{name: spec for name, spec in DNF_ARGS.items() if name not in ("name", "use_backend")},
            **_APT_ARGS,
            "state": ArgSpec(
                choices=("absent", "build-dep", "fixed", "installed", "latest", "present", "removed"), default="present"
            ),
            "use": ArgSpec(default="auto"),
        },
        part="anypackage",
        fetches=("deb",),
    ),
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
    module_spec(
        "debconf",
        {
            "name": ArgSpec(required=True, aliases=("pkg",)),
            "question": ArgSpec(aliases=("selection", "setting")),
            "vtype": ArgSpec(
                choices=(
                    "boolean",
                    "error",
                    "multiselect",
                    "note",
                    "password",
                    "seen",
                    "select",
                    "string",
                    "text",
                    "title",
                ),
            ),
            "value": ArgSpec("raw", aliases=("answer",)),
            "unseen": ArgSpec("bool", default=False),
        },
        part="packages",
    ),
    module_spec(
        "dpkg_selections",
        {
            "name": ArgSpec(required=True),
            "selection": ArgSpec(choices=("install", "hold", "deinstall", "purge"), required=True),
        },
        part="packages",
    ),
    module_spec(
        "apt_key",
        {
            "id": STR,
            "url": STR,
            "data": STR,
            "file": PATH,
            "keyring": PATH,
            "validate_certs": TRUE,
            "keyserver": STR,
            "state": ArgSpec(choices=("absent", "present"), default="present"),
        },
        exclusive=(("data", "file", "keyserver", "url"),),
        part="packages",
        fetches=("url",),
    ),
    module_spec(
        "deb822_repository",
        {
            "allow_downgrade_to_insecure": BOOL,
            "allow_insecure": BOOL,
            "allow_weak": BOOL,
            "architectures": ArgSpec("list"),
            "by_hash": BOOL,
            "check_date": BOOL,
            "check_valid_until": BOOL,
            "components": ArgSpec("list"),
            "date_max_future": ArgSpec("int"),
            "enabled": BOOL,
            "inrelease_path": STR,
            "languages": ArgSpec("list"),
            "name": ArgSpec(required=True),
            "pdiffs": BOOL,
            "signed_by": STR,
            "suites": ArgSpec("list"),
            "targets": ArgSpec("list"),
            "trusted": BOOL,
            "types": ArgSpec("list", default=("deb",)),
            "uris": ArgSpec("list"),
            "mode": ArgSpec("mode", default="0644"),
            "state": ArgSpec(choices=("absent", "present"), default="present"),
        },
        part="packages",
        fetches=("signed_by",),
    ),
)
