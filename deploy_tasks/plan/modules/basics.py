"""The modules that every runner has. `undo`, a command that takes a command back, is ours."""

from __future__ import annotations

from dataclasses import replace

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import FALSE, FILE_ARGS, PATH, RAW, STR, TRUE

_COMMAND_ARGS = {
    "_raw_params": ArgSpec(aliases=("cmd",)),
    "argv": ArgSpec("list"),
    "chdir": PATH,
    "executable": STR,
    "expand_argument_vars": TRUE,
    "creates": PATH,
    "removes": PATH,
    "stdin": STR,
    "stdin_add_newline": TRUE,
    "strip_empty_ends": TRUE,
    "undo": RAW,
}

_TIME_FORMAT = ArgSpec(default="%Y%m%d%H%M.%S")

SPECS = (
    module_spec(
        "debug",
        {"msg": ArgSpec("raw", default="Hello world!"), "var": RAW, "verbosity": ArgSpec("int", default=0)},
        exclusive=(("msg", "var"),),
    ),
    module_spec(
        "assert",
        {
            "that": ArgSpec("list", required=True, expression=True),
            "fail_msg": ArgSpec("raw", aliases=("msg",), default="Assertion failed"),
            "success_msg": ArgSpec("raw", default="All assertions passed"),
            "quiet": FALSE,
        },
    ),
    module_spec("fail", {"msg": ArgSpec("raw", default="Failed as requested from task")}),
    module_spec(
        "setup",
        {
            "gather_subset": ArgSpec("list", default=("all",)),
            "gather_timeout": ArgSpec("int", default=10),
            "filter": ArgSpec("list", default=()),
            "fact_path": ArgSpec("path", default="/etc/ansible/facts.d"),
        },
    ),
    module_spec("ping", {"data": ArgSpec(default="pong")}),
    module_spec(
        "command",
        _COMMAND_ARGS,
        exclusive=(("_raw_params", "argv"),),
        required_one_of=(("_raw_params", "argv"),),
    ),
    module_spec(
        "shell",
        {name: spec for name, spec in _COMMAND_ARGS.items() if name not in ("argv", "strip_empty_ends")},
        required_one_of=(("_raw_params",),),
    ),
    module_spec(
        "raw",
        {"_raw_params": ArgSpec(required=True, aliases=("cmd",)), "executable": STR, "undo": RAW},
        check_supported=False,
    ),
    module_spec(
        "file",
        {
            "path": ArgSpec("path", required=True, aliases=("dest", "name")),
            "state": ArgSpec(choices=("absent", "directory", "file", "hard", "link", "touch")),
            "src": PATH,
            "recurse": FALSE,
            "force": FALSE,
            "follow": TRUE,
            "modification_time": STR,
            "modification_time_format": _TIME_FORMAT,
            "access_time": STR,
            "access_time_format": _TIME_FORMAT,
            **FILE_ARGS,
        },
        required_if=(("state", "hard", ("src",)),),
    ),
    module_spec(
        "copy",
        {
            "src": PATH,
            "content": RAW,
            "dest": ArgSpec("path", required=True),
            "backup": FALSE,
            "force": TRUE,
            "validate": STR,
            "directory_mode": ArgSpec("mode"),
            "remote_src": FALSE,
            "local_follow": TRUE,
            "checksum": STR,
            "follow": FALSE,
            "decrypt": TRUE,
            **FILE_ARGS,
        },
        exclusive=(("src", "content"),),
        required_one_of=(("src", "content"),),
        file_args=("src",),
    ),
    module_spec(
        "template",
        {
            "src": ArgSpec("path", required=True),
            "dest": ArgSpec("path", required=True),
            "backup": FALSE,
            "force": TRUE,
            "follow": FALSE,
            "validate": STR,
            "newline_sequence": ArgSpec(choices=("\\n", "\\r", "\\r\\n", "\n", "\r", "\r\n"), default="\n"),
            "block_start_string": ArgSpec(default="{%"),
            "block_end_string": ArgSpec(default="%}"),
            "variable_start_string": ArgSpec(default="{{"),
            "variable_end_string": ArgSpec(default="}}"),
            "comment_start_string": ArgSpec(default="{#"),
            "comment_end_string": ArgSpec(default="#}"),
            "trim_blocks": TRUE,
            "lstrip_blocks": FALSE,
            "output_encoding": ArgSpec(default="utf-8", fixed=True),
            **FILE_ARGS,
        },
        file_args=("src",),
    ),
    module_spec(
        "stat",
        {
            "path": ArgSpec("path", required=True, aliases=("dest", "name")),
            "follow": FALSE,
            "get_checksum": TRUE,
            "get_mime": replace(TRUE, aliases=("mime", "mime_type", "mime-type")),
            "get_attributes": replace(TRUE, aliases=("attr", "attributes")),
            "checksum_algorithm": ArgSpec(
                choices=("md5", "sha1", "sha224", "sha256", "sha384", "sha512"),
                aliases=("checksum", "checksum_algo"),
                default="sha1",
            ),
        },
    ),
    module_spec(
        "lineinfile",
        {
            "path": ArgSpec("path", required=True, aliases=("dest", "destfile", "name")),
            "state": ArgSpec(choices=("absent", "present"), default="present"),
            "regexp": ArgSpec(aliases=("regex",)),
            "search_string": STR,
            "line": ArgSpec(aliases=("value",)),
            "insertafter": STR,
            "insertbefore": STR,
            "backrefs": FALSE,
            "create": FALSE,
            "backup": FALSE,
            "firstmatch": FALSE,
            "validate": STR,
            **FILE_ARGS,
        },
        exclusive=(("insertbefore", "insertafter"), ("regexp", "search_string"), ("backrefs", "search_string")),
        required_one_of=(("line", "regexp", "search_string"),),
        required_if=(("state", "present", ("line",)), ("backrefs", "true", ("regexp",))),
    ),
)
