"""The modules and their arguments, as data: names, types, choices, defaults and what excludes what, as Ansible
documents them. `undo`, a command that takes a command back, is ours."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from deploy_tasks.plan.module_spec import ArgSpec, ModuleSpec
from deploy_tasks.plan.module_spec import module_spec as _module
from deploy_tasks.plan.modules_control import SPECS as _CONTROL

__all__ = ["MODULES", "ArgSpec", "ModuleSpec"]

_STR, _BOOL, _PATH, _RAW = ArgSpec(), ArgSpec("bool"), ArgSpec("path"), ArgSpec("raw")
_FALSE, _TRUE = ArgSpec("bool", default=False), ArgSpec("bool", default=True)

_FILE_ARGS = {
    "mode": ArgSpec("mode"),
    "owner": _STR,
    "group": _STR,
    "attributes": ArgSpec(aliases=("attr",)),
    "seuser": _STR,
    "serole": _STR,
    "setype": _STR,
    "selevel": _STR,
    "unsafe_writes": _FALSE,
}

_COMMAND_ARGS = {
    "_raw_params": ArgSpec(aliases=("cmd",)),
    "argv": ArgSpec("list"),
    "chdir": _PATH,
    "executable": _STR,
    "expand_argument_vars": _TRUE,
    "creates": _PATH,
    "removes": _PATH,
    "stdin": _STR,
    "stdin_add_newline": _TRUE,
    "strip_empty_ends": _TRUE,
    "undo": _RAW,
}

_TIME_FORMAT = ArgSpec(default="%Y%m%d%H%M.%S")

_SPECS = (
    _module(
        "debug",
        {"msg": ArgSpec("raw", default="Hello world!"), "var": _RAW, "verbosity": ArgSpec("int", default=0)},
        exclusive=(("msg", "var"),),
    ),
    _module(
        "assert",
        {
            "that": ArgSpec("list", required=True, expression=True),
            "fail_msg": ArgSpec("raw", aliases=("msg",), default="Assertion failed"),
            "success_msg": ArgSpec("raw", default="All assertions passed"),
            "quiet": _FALSE,
        },
    ),
    _module("fail", {"msg": ArgSpec("raw", default="Failed as requested from task")}),
    _module(
        "setup",
        {
            "gather_subset": ArgSpec("list", default=("all",)),
            "gather_timeout": ArgSpec("int", default=10),
            "filter": ArgSpec("list", default=()),
            "fact_path": ArgSpec("path", default="/etc/ansible/facts.d"),
        },
    ),
    _module("ping", {"data": ArgSpec(default="pong")}),
    _module(
        "command",
        _COMMAND_ARGS,
        exclusive=(("_raw_params", "argv"),),
        required_one_of=(("_raw_params", "argv"),),
    ),
    _module(
        "shell",
        {name: spec for name, spec in _COMMAND_ARGS.items() if name not in ("argv", "strip_empty_ends")},
        required_one_of=(("_raw_params",),),
    ),
    _module(
        "raw",
        {"_raw_params": ArgSpec(required=True, aliases=("cmd",)), "executable": _STR, "undo": _RAW},
        check_supported=False,
    ),
    _module(
        "file",
        {
            "path": ArgSpec("path", required=True, aliases=("dest", "name")),
            "state": ArgSpec(choices=("absent", "directory", "file", "hard", "link", "touch")),
            "src": _PATH,
            "recurse": _FALSE,
            "force": _FALSE,
            "follow": _TRUE,
            "modification_time": _STR,
            "modification_time_format": _TIME_FORMAT,
            "access_time": _STR,
            "access_time_format": _TIME_FORMAT,
            **_FILE_ARGS,
        },
        required_if=(("state", "hard", ("src",)),),
    ),
    _module(
        "copy",
        {
            "src": _PATH,
            "content": _RAW,
            "dest": ArgSpec("path", required=True),
            "backup": _FALSE,
            "force": _TRUE,
            "validate": _STR,
            "directory_mode": ArgSpec("mode"),
            "remote_src": _FALSE,
            "local_follow": _TRUE,
            "checksum": _STR,
            "follow": _FALSE,
            "decrypt": _TRUE,
            **_FILE_ARGS,
        },
        exclusive=(("src", "content"),),
        required_one_of=(("src", "content"),),
        file_args=("src",),
    ),
    _module(
        "template",
        {
            "src": ArgSpec("path", required=True),
            "dest": ArgSpec("path", required=True),
            "backup": _FALSE,
            "force": _TRUE,
            "follow": _FALSE,
            "validate": _STR,
            "newline_sequence": ArgSpec(choices=("\\n", "\\r", "\\r\\n", "\n", "\r", "\r\n"), default="\n"),
            "block_start_string": ArgSpec(default="{%"),
            "block_end_string": ArgSpec(default="%}"),
            "variable_start_string": ArgSpec(default="{{"),
            "variable_end_string": ArgSpec(default="}}"),
            "comment_start_string": ArgSpec(default="{#"),
            "comment_end_string": ArgSpec(default="#}"),
            "trim_blocks": _TRUE,
            "lstrip_blocks": _FALSE,
            "output_encoding": ArgSpec(default="utf-8", fixed=True),
            **_FILE_ARGS,
        },
        file_args=("src",),
    ),
    _module(
        "stat",
        {
            "path": ArgSpec("path", required=True, aliases=("dest", "name")),
            "follow": _FALSE,
            "get_checksum": _TRUE,
            "get_mime": replace(_TRUE, aliases=("mime", "mime_type", "mime-type")),
            "get_attributes": replace(_TRUE, aliases=("attr", "attributes")),
            "checksum_algorithm": ArgSpec(
                choices=("md5", "sha1", "sha224", "sha256", "sha384", "sha512"),
                aliases=("checksum", "checksum_algo"),
                default="sha1",
            ),
        },
    ),
    _module(
        "wait_for",
        {
            "host": ArgSpec(default="127.0.0.1"),
            "timeout": ArgSpec("int", default=300),
            "connect_timeout": ArgSpec("int", default=5),
            "delay": ArgSpec("int", default=0),
            "port": ArgSpec("int"),
            "active_connection_states": ArgSpec("list"),
            "path": _PATH,
            "search_regex": _STR,
            "state": ArgSpec(choices=("absent", "drained", "present", "started", "stopped"), default="started"),
            "exclude_hosts": ArgSpec("list"),
            "sleep": ArgSpec("int", default=1),
            "msg": _STR,
        },
        exclusive=(("port", "path"),),
        check_supported=False,
    ),
    _module(
        "lineinfile",
        {
            "path": ArgSpec("path", required=True, aliases=("dest", "destfile", "name")),
            "state": ArgSpec(choices=("absent", "present"), default="present"),
            "regexp": ArgSpec(aliases=("regex",)),
            "search_string": _STR,
            "line": ArgSpec(aliases=("value",)),
            "insertafter": _STR,
            "insertbefore": _STR,
            "backrefs": _FALSE,
            "create": _FALSE,
            "backup": _FALSE,
            "firstmatch": _FALSE,
            "validate": _STR,
            **_FILE_ARGS,
        },
        exclusive=(("insertbefore", "insertafter"), ("regexp", "search_string"), ("backrefs", "search_string")),
        required_one_of=(("line", "regexp", "search_string"),),
        required_if=(("state", "present", ("line",)), ("backrefs", "true", ("regexp",))),
    ),
)

MODULES: MappingProxyType[str, ModuleSpec] = MappingProxyType({spec.name: spec for spec in (*_SPECS, *_CONTROL)})
