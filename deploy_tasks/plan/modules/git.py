"""The modules of the part `git`."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import FALSE, PATH, STR, TRUE

SPECS = (
    module_spec(
        "git",
        {
            "dest": PATH,
            "repo": ArgSpec(required=True, aliases=("name",)),
            "version": ArgSpec(default="HEAD"),
            "remote": ArgSpec(default="origin"),
            "refspec": STR,
            "reference": STR,
            "force": FALSE,
            "depth": ArgSpec("int"),
            "clone": TRUE,
            "update": TRUE,
            "verify_commit": FALSE,
            "gpg_allowlist": ArgSpec("list", aliases=("gpg_whitelist",), default=()),
            "accept_hostkey": FALSE,
            "accept_newhostkey": FALSE,
            "key_file": PATH,
            "ssh_opts": STR,
            "executable": PATH,
            "bare": FALSE,
            "recursive": TRUE,
            "single_branch": FALSE,
            "track_submodules": FALSE,
            "umask": ArgSpec("raw"),
            "archive": PATH,
            "archive_prefix": STR,
            "separate_git_dir": PATH,
        },
        exclusive=(("separate_git_dir", "bare"), ("accept_hostkey", "accept_newhostkey")),
        part="git",
    ),
)
