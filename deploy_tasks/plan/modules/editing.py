"""The modules of the part `editing`: files read and edited beyond what the basics do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deploy_tasks.plan.module_spec import ArgSpec, ModuleSpec, module_spec
from deploy_tasks.plan.modules.shared import FALSE, FILE_ARGS, PATH, RAW, STR, TRUE

_EDITED = ArgSpec("path", required=True, aliases=("dest", "destfile", "name"))


def _editing(name: str, args: dict[str, ArgSpec], **rest: Any) -> ModuleSpec:
    return module_spec(name, args, part="editing", **rest)


SPECS = (
    _editing("slurp", {"src": ArgSpec("path", required=True, aliases=("path",))}),
    _editing(
        "replace",
        {
            "path": _EDITED,
            "regexp": ArgSpec(required=True),
            "replace": ArgSpec(default=""),
            "after": STR,
            "before": STR,
            "backup": FALSE,
            "validate": STR,
            "encoding": ArgSpec(default="utf-8", fixed=True),
            **FILE_ARGS,
        },
    ),
    _editing(
        "blockinfile",
        {
            "path": _EDITED,
            "state": ArgSpec(choices=("absent", "present"), default="present"),
            "marker": ArgSpec(default="# {mark} ANSIBLE MANAGED BLOCK"),
            "block": ArgSpec(default="", aliases=("content",)),
            "insertafter": STR,
            "insertbefore": STR,
            "create": FALSE,
            "backup": FALSE,
            "validate": STR,
            "marker_begin": ArgSpec(default="BEGIN"),
            "marker_end": ArgSpec(default="END"),
            "append_newline": FALSE,
            "prepend_newline": FALSE,
            **FILE_ARGS,
        },
        exclusive=(("insertbefore", "insertafter"),),
    ),
    _editing(
        "find",
        {
            "paths": ArgSpec("list", required=True, aliases=("name", "path")),
            "patterns": ArgSpec("list", aliases=("pattern",)),
            "excludes": ArgSpec("list", aliases=("exclude",)),
            "contains": STR,
            "read_whole_file": FALSE,
            "file_type": ArgSpec(choices=("any", "directory", "file", "link"), default="file"),
            "age": STR,
            "age_stamp": ArgSpec(choices=("atime", "ctime", "mtime"), default="mtime"),
            "size": STR,
            "recurse": FALSE,
            "hidden": FALSE,
            "follow": FALSE,
            "get_checksum": FALSE,
            "use_regex": FALSE,
            "depth": ArgSpec("int"),
            "mode": RAW,
            "exact_mode": TRUE,
            "encoding": ArgSpec(default="utf-8", fixed=True),
            "limit": ArgSpec("int"),
        },
    ),
    _editing(
        "ini_file",
        {
            "path": replace(_EDITED, aliases=("dest",)),
            "section": STR,
            "section_has_values": RAW,
            "option": STR,
            "value": STR,
            "values": ArgSpec("list"),
            "backup": FALSE,
            "state": ArgSpec(choices=("absent", "present"), default="present"),
            "exclusive": TRUE,
            "no_extra_spaces": FALSE,
            "ignore_spaces": FALSE,
            "allow_no_value": FALSE,
            "modify_inactive_option": TRUE,
            "create": TRUE,
            "follow": FALSE,
            **FILE_ARGS,
        },
        exclusive=(("value", "values"),),
    ),
    _editing(
        "tempfile",
        {
            "state": ArgSpec(choices=("directory", "file"), default="file"),
            "path": PATH,
            "prefix": ArgSpec(default="ansible."),
            "suffix": ArgSpec(default=""),
        },
        check_supported=False,
    ),
    _editing(
        "assemble",
        {
            "src": ArgSpec("path", required=True),
            "dest": ArgSpec("path", required=True),
            "delimiter": STR,
            "backup": FALSE,
            "remote_src": TRUE,
            "regexp": STR,
            "ignore_hidden": FALSE,
            "validate": STR,
            "decrypt": TRUE,
            **FILE_ARGS,
        },
        file_args=("src",),
        check_supported=False,
    ),
    _editing(
        "script",
        {
            "src": ArgSpec("path", required=True),
            "_raw_params": ArgSpec(aliases=("cmd",)),
            "creates": STR,
            "removes": STR,
            "chdir": STR,
            "executable": STR,
            "decrypt": TRUE,
        },
        file_args=("src",),
        check_supported=False,
    ),
)
