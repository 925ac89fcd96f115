"""The specification of a task's module: one that is there, or one of the plan's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from deploy_tasks.plan.model import OwnModule, Task
from deploy_tasks.plan.module_spec import ArgSpec, ArgType, ModuleSpec, module_spec
from deploy_tasks.plan.modules import MODULES

_TYPES = frozenset(get_args(ArgType))


def spec_of(task: Task) -> ModuleSpec | None:
    """What is known of the task's module; None when there is no such module."""
    return own_spec(task.own) if task.own is not None else MODULES.get(task.module)


def own_spec(own: OwnModule) -> ModuleSpec:
    """The specification of a module of the plan's own. Without a description it takes any argument."""
    args = {name: _argument(option) for name, option in (own.options or {}).items()}
    return module_spec(own.name, args, free_form=own.options is None, check_supported=own.check, part="own")


def _argument(option: Mapping[str, Any]) -> ArgSpec:
    kind = option.get("type", "str")
    return ArgSpec(
        type=kind if kind in _TYPES else "raw",
        required=option.get("required") is True,
        choices=tuple(str(each) for each in option.get("choices") or ()) if kind == "str" else (),
        aliases=tuple(str(each) for each in option.get("aliases") or ()),
    )
