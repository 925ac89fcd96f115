"""The modules of the part `rpm`: packages, repositories and keys of hosts with dnf or yum."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import BOOL, FALSE, PATH, STR, TRUE

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

SPECS = tuple(
    module_spec(
        name,
        DNF_ARGS,
        exclusive=(("name", "list"), ("best", "nobest")),
        required_one_of=(("autoremove", "list", "name", "update_cache"),),
        part="rpm",
    )
    for name in ("dnf", "yum")
)
