"""The modules of the part `rpm`: packages, repositories and keys of hosts with dnf or yum."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import BOOL, FALSE, FILE_ARGS, PATH, STR, TRUE

_BACKENDS = ("auto", "dnf", "yum", "yum4", "dnf4", "dnf5")
#: Of `dnf`, which `package` takes too.
DNF_ARGS: dict[str, ArgSpec] = {
    "name": ArgSpec("list", aliases=("pkg",)),
    "state": ArgSpec(choices=("absent", "installed", "latest", "present", "removed")),
    "allow_downgrade": FALSE,
    "allowerasing": FALSE,
    "autoremove": FALSE,
    "best": BOOL,
    "bugfix": FALSE,
    "cacheonly": FALSE,
    "conf_file": STR,
    "disable_excludes": STR,
    "disable_gpg_check": FALSE,
    "disable_plugin": ArgSpec("list", default=()),
    "disablerepo": ArgSpec("list", default=()),
    "download_only": FALSE,
    "download_dir": PATH,
    "enable_plugin": ArgSpec("list", default=()),
    "enablerepo": ArgSpec("list", default=()),
    "exclude": ArgSpec("list", default=()),
    "installroot": ArgSpec(
        default="/", fixed=True, instead="run `dnf --installroot` with the module command, which can have `undo:`"
    ),
    "install_repoquery": TRUE,
    "install_weak_deps": TRUE,
    "list": ArgSpec(
        fixed=True, instead="use package_facts for what is installed, or `dnf repoquery` with the module command"
    ),
    "nobest": BOOL,
    "releasever": STR,
    "security": FALSE,
    "skip_broken": FALSE,
    "update_cache": ArgSpec("bool", default=False, aliases=("expire-cache",)),
    "update_only": FALSE,
    "validate_certs": TRUE,
    "sslverify": TRUE,
    "lock_timeout": ArgSpec("int", default=30),
    "use_backend": ArgSpec(choices=_BACKENDS, default="auto", aliases=("use",)),
}

_REPOSITORY_ARGS: dict[str, ArgSpec] = {
    "name": ArgSpec(required=True),
    "async": BOOL,
    "bandwidth": STR,
    "baseurl": ArgSpec("list"),
    "cost": STR,
    "countme": BOOL,
    "deltarpm_metadata_percentage": STR,
    "deltarpm_percentage": STR,
    "description": STR,
    "enabled": BOOL,
    "enablegroups": BOOL,
    "exclude": ArgSpec("list", aliases=("excludepkgs",)),
    "failovermethod": ArgSpec(choices=("roundrobin", "priority")),
    "file": STR,
    "gpgcakey": STR,
    "gpgcheck": BOOL,
    "gpgkey": ArgSpec("list"),
    "http_caching": ArgSpec(choices=("all", "packages", "none")),
    "include": STR,
    "includepkgs": ArgSpec("list"),
    "ip_resolve": ArgSpec(choices=("4", "6", "IPv4", "IPv6", "whatever")),
    "keepalive": BOOL,
    "keepcache": ArgSpec(choices=("0", "1")),
    "metadata_expire": STR,
    "metadata_expire_filter": ArgSpec(choices=("never", "read-only:past", "read-only:present", "read-only:future")),
    "metalink": STR,
    "mirrorlist": STR,
    "mirrorlist_expire": STR,
    "module_hotfixes": BOOL,
    "password": STR,
    "priority": STR,
    "protect": BOOL,
    "proxy": STR,
    "proxy_password": STR,
    "proxy_username": STR,
    "repo_gpgcheck": BOOL,
    "reposdir": ArgSpec("path", default="/etc/yum.repos.d"),
    "retries": STR,
    "s3_enabled": BOOL,
    "skip_if_unavailable": BOOL,
    "ssl_check_cert_permissions": BOOL,
    "sslcacert": ArgSpec(aliases=("ca_cert",)),
    "sslclientcert": ArgSpec(aliases=("client_cert",)),
    "sslclientkey": ArgSpec(aliases=("client_key",)),
    "sslverify": ArgSpec("bool", aliases=("validate_certs",)),
    "state": ArgSpec(choices=("present", "absent"), default="present"),
    "throttle": STR,
    "timeout": STR,
    "ui_repoid_vars": STR,
    "username": STR,
    **FILE_ARGS,
}

SPECS = (
    *(
        module_spec(
            name,
            DNF_ARGS,
            exclusive=(("name", "list"), ("best", "nobest")),
            required_one_of=(("autoremove", "list", "name", "update_cache"),),
            part="rpm",
        )
        for name in ("dnf", "yum")
    ),
    module_spec("yum_repository", _REPOSITORY_ARGS, required_if=(("state", "present", ("description",)),), part="rpm"),
    module_spec(
        "rpm_key",
        {
            "state": ArgSpec(choices=("absent", "present"), default="present"),
            "key": ArgSpec(required=True),
            "fingerprint": ArgSpec("list"),
            "validate_certs": TRUE,
        },
        part="rpm",
        fetches=("key",),
    ),
)
