"""Arguments that many modules have."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec

STR, BOOL, PATH, RAW = ArgSpec(), ArgSpec("bool"), ArgSpec("path"), ArgSpec("raw")
FALSE, TRUE = ArgSpec("bool", default=False), ArgSpec("bool", default=True)

# What every module with a file takes.
FILE_ARGS = {
    "mode": ArgSpec("mode"),
    "owner": STR,
    "group": STR,
    "attributes": ArgSpec(aliases=("attr",)),
    "seuser": STR,
    "serole": STR,
    "setype": STR,
    "selevel": STR,
    "unsafe_writes": FALSE,
}
