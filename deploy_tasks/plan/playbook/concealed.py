"""Tasks, plays and roles in files that are encrypted as a whole.

What they do becomes part of the executable, where nothing secret may stand: so the texts among the arguments of
modules, in loops, `vars` and `environment` travel as secret values do, beside it. What must be known before anything
runs stays as it is: names of tasks, modules and files, paths, words that a module chooses from, keywords, conditions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deploy_tasks.plan.added_hosts import GROUPS, HOST, REACH
from deploy_tasks.plan.modules import MODULES
from deploy_tasks.plan.playbook.reading import Reading
from deploy_tasks.plan.reach import DECIDED_BY
from deploy_tasks.plan.words import WHOLE_ARGS, module_name

#: A template without any text of its own: nothing in it is to be hidden.
_BARE = re.compile(r"\s*\{\{[^'\"{}]*\}\}\s*")
#: Their arguments name files, hosts and what steers the run.
_OPEN = frozenset({"include_tasks", "import_tasks", "include_role", "import_role", "include_vars", "import_playbook"})
_OPEN |= {"include", "group_by", "meta", "setup", "script", "pause"}
#: What `add_host` says of which host is meant and of the way to it; a password is none that an executable may hold.
_WHICH_HOST = frozenset({*HOST, *GROUPS, *REACH} - {*DECIDED_BY["password"]})
#: Keywords whose values are data. Other loops name files and commands.
_VALUES = frozenset({"vars", "environment", "loop", "with_items", "with_list", "with_dict", "with_nested"})
_VALUES |= {"with_together", "with_subelements", "with_indexed_items", "with_flattened", "with_random_choice"}
_READABLE = frozenset({"path", "mode", "bool", "int", "float"})


def element(data: Mapping[str, Any], where: str, ctx: Reading) -> Mapping[str, Any]:
    """A play, role, block or task as it was written at `where`, what is secret of its keywords' values hidden."""
    if not ctx.sources.is_secret(where):
        return data
    return {key: _keyword(str(key), value, where, ctx) for key, value in data.items()}


def _keyword(key: str, value: Any, where: str, ctx: Reading) -> Any:
    if key == "module_defaults":
        layers = value if isinstance(value, list) else [value]
        return [_defaults(layer, where, ctx) if isinstance(layer, Mapping) else layer for layer in layers]
    if key == "environment" and not isinstance(value, (Mapping, list)):
        return value
    return _hidden(value, ctx) if key in _VALUES or module_name(key) in _VALUES else value


def _defaults(layer: Mapping[str, Any], where: str, ctx: Reading) -> dict[str, Any]:
    return {
        name: arguments(module_name(name), args, where, ctx) if isinstance(args, Mapping) else args
        for name, args in layer.items()
    }


def arguments(module: str, args: Mapping[str, Any], where: str, ctx: Reading) -> dict[str, Any]:
    """The arguments of a task that stands at `where`, the texts among them hidden that are free to be anything."""
    if not ctx.sources.is_secret(where) or module in _OPEN:
        return dict(args)
    if module == "add_host":
        return {key: value if key in _WHICH_HOST else _hidden(value, ctx) for key, value in args.items()}
    return {key: value if _readable(module, key) else _hidden(value, ctx) for key, value in args.items()}


def values(given: Any, where: str, ctx: Reading) -> Any:
    """Data that stands at `where`, as a role's variables, its texts hidden."""
    return _hidden(given, ctx) if ctx.sources.is_secret(where) else given


def _readable(module: str, key: str) -> bool:
    """Whether an argument says something that is checked, or looked for, before anything runs."""
    spec = MODULES.get(module)
    name = spec.canonical(key) if spec else None
    if spec is None or name is None:
        return key == WHOLE_ARGS
    known = spec.args[name]
    fixed = known.fixed or known.expression or bool(known.choices) or known.type in _READABLE
    return fixed or name in spec.file_args or (module, name) == ("debug", "var")


def _hidden(value: Any, ctx: Reading) -> Any:
    if isinstance(value, Mapping):
        return {key: _hidden(item, ctx) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(item, ctx) for item in value]
    if not isinstance(value, str) or not value.strip() or _BARE.fullmatch(value):
        return value
    return ctx.vault.hide_again(value)
