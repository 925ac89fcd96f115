"""What is known of a module: the names, types, choices and defaults of its arguments, and what excludes what."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

ArgType = Literal["str", "path", "bool", "int", "float", "list", "dict", "pairs", "raw", "mode"]


@dataclass(frozen=True, slots=True)
class ArgSpec:
    """One argument.

    `expression`: its value is a Jinja expression without braces, or a list of them; `fixed`: known, but any other
    value than the default is refused, because a program cannot do it, with what to do `instead`.
    """

    type: ArgType = "str"
    required: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    default: Any = None
    expression: bool = False
    fixed: bool = False
    instead: str = ""


@dataclass(frozen=True, slots=True)
class ModuleSpec:
    """One module.

    `free_form`: any argument is taken (`set_fact`); `file_args`: arguments that name files beside the plan;
    `check_supported`: whether it says in check mode what it would change; `part`: the part of the runner that has it,
    the folder of `runner/modules`; `fetches`: arguments that may be addresses on the web in place of paths.
    """

    name: str
    args: MappingProxyType[str, ArgSpec]
    free_form: bool = False
    exclusive: tuple[tuple[str, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    file_args: tuple[str, ...] = ()
    check_supported: bool = True
    part: str = "basics"
    fetches: tuple[str, ...] = ()

    def canonical(self, key: str) -> str | None:
        """The argument's real name when `key` is it or one of its aliases."""
        if key in self.args:
            return key
        return next((name for name, spec in self.args.items() if key in spec.aliases), None)


def module_spec(name: str, args: dict[str, ArgSpec], **rest: Any) -> ModuleSpec:
    """The specification of one module; `rest` are further fields."""
    return ModuleSpec(name, MappingProxyType(args), **rest)
