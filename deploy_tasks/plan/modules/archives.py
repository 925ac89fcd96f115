"""The modules of the part `archives`."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import BOOL, FALSE, FILE_ARGS, PATH, STR, TRUE

SPECS = (
    module_spec(
        "archive",
        {
            "path": ArgSpec("list", required=True),
            "format": ArgSpec(choices=("bz2", "gz", "tar", "xz", "zip"), default="gz"),
            "dest": PATH,
            "exclude_path": ArgSpec("list", default=()),
            "exclusion_patterns": ArgSpec("list"),
            "force_archive": FALSE,
            "remove": FALSE,
            **FILE_ARGS,
        },
        part="archives",
    ),
    module_spec(  # ours: docs/backup.md
        "backup",
        {
            "path": ArgSpec("path", required=True, aliases=("src",)),
            "dest": ArgSpec("path", required=True),
            "name": STR,
            "format": ArgSpec(choices=("bz2", "copy", "gz", "tar", "xz"), default="gz"),
            "keep": ArgSpec("int"),
        },
        part="archives",
    ),
    module_spec(
        "unarchive",
        {
            "src": ArgSpec("path", required=True),
            "dest": ArgSpec("path", required=True),
            "remote_src": BOOL,
            "copy": BOOL,
            "creates": PATH,
            "list_files": FALSE,
            "keep_newer": FALSE,
            "exclude": ArgSpec("list", default=()),
            "include": ArgSpec("list", default=()),
            "extra_opts": ArgSpec("list", default=()),
            "validate_certs": TRUE,
            "decrypt": TRUE,
            "io_buffer_size": ArgSpec("int", default=65536),
            **FILE_ARGS,
        },
        exclusive=(("include", "exclude"),),
        file_args=("src",),
        check_supported=False,
        part="archives",
        fetches=("src",),
    ),
)
