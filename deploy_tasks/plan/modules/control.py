"""The modules that steer the run itself and touch nothing on the host."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import BOOL, STR

_META = (
    "clear_facts", "clear_host_errors", "end_batch", "end_host", "end_play", "end_role", "flush_handlers", "noop",
    "refresh_inventory", "reset_connection",
)  # fmt: skip

SPECS = (
    module_spec(
        "meta",
        {"_raw_params": ArgSpec(required=True, choices=_META)},
        check_supported=False,
    ),
    module_spec("set_fact", {"cacheable": ArgSpec("bool", default=False)}, free_form=True),
    module_spec(
        "include_vars",
        {
            "_raw_params": STR,
            "file": ArgSpec("path"),
            "dir": ArgSpec("path"),
            "name": STR,
            "depth": ArgSpec("int"),
            "files_matching": STR,
            "ignore_files": ArgSpec("list"),
            "extensions": ArgSpec("list", default=("yaml", "yml", "json")),
            "ignore_unknown_extensions": ArgSpec("bool", default=False),
            "hash_behaviour": ArgSpec(choices=("merge", "replace")),
        },
        exclusive=(("_raw_params", "file", "dir"),),
        required_one_of=(("_raw_params", "file", "dir"),),
    ),
    module_spec(
        "set_stats",
        {"data": ArgSpec("dict", required=True), "per_host": BOOL, "aggregate": ArgSpec("bool", default=True)},
    ),
    module_spec(
        "pause",
        {
            "seconds": ArgSpec("int"),
            "minutes": ArgSpec("int"),
            "prompt": STR,
            "echo": ArgSpec("bool", default=True),
        },
        exclusive=(("minutes", "seconds"),),
    ),
    module_spec("group_by", {"key": ArgSpec(required=True), "parents": ArgSpec("list", default=("all",))}),
    module_spec(
        "add_host",
        {
            "name": ArgSpec(aliases=("hostname", "host")),
            "groups": ArgSpec("list", aliases=("groupname", "group")),
        },
        free_form=True,
        required_one_of=(("name",),),
    ),
    module_spec(
        "validate_argument_spec",
        {
            "argument_spec": ArgSpec("dict", required=True),
            "provided_arguments": ArgSpec("dict"),
            "validate_args_context": ArgSpec("dict"),
        },
        part="arguments",
    ),
    module_spec(
        "async_status",
        {"jid": ArgSpec(required=True), "mode": ArgSpec(choices=("cleanup", "status"), default="status")},
    ),
)
