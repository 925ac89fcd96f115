"""The module of the part `synchronize`."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import BOOL, FALSE, STR, TRUE

_OWNERLESS = "files of a plan have no {}: set it afterwards with the module file"
_PLAN = "what is sent lies beside the plan; fetch and copy take files from hosts"

SPECS = (
    module_spec(
        "synchronize",
        {
            "src": ArgSpec("path", required=True),
            "dest": ArgSpec("path", required=True),
            "mode": ArgSpec(default="push", fixed=True, instead=_PLAN),
            "archive": TRUE,
            "recursive": ArgSpec(
                "bool", default=True, fixed=True, instead="a folder is sent with all in it; copy sends one file"
            ),
            "perms": BOOL,
            "delete": FALSE,
            "checksum": FALSE,
            "existing_only": FALSE,
            "copy_links": FALSE,
            "links": BOOL,
            "dirs": FALSE,
            "rsync_opts": ArgSpec("list", default=()),
            "times": ArgSpec(
                "bool",
                default=False,
                fixed=True,
                instead="files of a plan have no times: they are compared by their contents",
            ),
            "owner": ArgSpec("bool", default=False, fixed=True, instead=_OWNERLESS.format("owner")),
            "group": ArgSpec("bool", default=False, fixed=True, instead=_OWNERLESS.format("group")),
            "link_dest": ArgSpec("list", fixed=True, instead="no rsync runs on the host"),
            "rsync_path": ArgSpec(fixed=True, instead="no rsync runs on the host; become: true gives other rights"),
            # How rsync connects: there is nothing to connect.
            "compress": TRUE,
            "delay_updates": TRUE,
            "dest_port": ArgSpec("int"),
            "partial": FALSE,
            "private_key": STR,
            "rsync_timeout": ArgSpec("int", default=0),
            "set_remote_user": TRUE,
            "ssh_connection_multiplexing": FALSE,
            "use_ssh_args": FALSE,
            "verify_host": FALSE,
        },
        file_args=("src",),
        part="synchronize",
    ),
)
