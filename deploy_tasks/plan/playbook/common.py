"""The keywords that plays, roles, blocks and tasks share, and what an inner one takes over from those around it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from deploy_tasks.plan.fields import bad, kind
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja_pieces import expression
from deploy_tasks.plan.playbook import concealed, entries
from deploy_tasks.plan.playbook.entries import Reader, read_all
from deploy_tasks.plan.playbook.old_words import advice
from deploy_tasks.plan.playbook.reading import Reading
from deploy_tasks.plan.problems import path_of
from deploy_tasks.plan.words import WHOLE_ARGS, module_name

# How root's rights are asked for makes no difference here: the runner gives them up by itself.
_METHODS = frozenset({"sudo", "su", "doas", "dzdo", "pbrun", "pfexec", "ksu", "sesu", "machinectl"})
_FLAGS = frozenset({"-H", "-S", "-n", "-s", "-E", "/bin/sh", "/bin/bash"})
_SSH = frozenset({"ssh", "smart", "paramiko", "paramiko_ssh"})
_Environment = tuple[dict[str, Any] | str, ...]


@dataclass(frozen=True, slots=True)
class Inherited:
    """What is in force from around; None and () are what nobody has said."""

    become: bool | str | None = None
    become_user: str | None = None
    become_method: str | None = None
    environment: _Environment = ()
    ignore_errors: bool | str | None = None
    ignore_unreachable: bool | None = None
    no_log: bool | str | None = None
    check_mode: bool | str | None = None
    diff: bool | str | None = None
    delegate_to: str | None = None
    delegate_facts: bool | str | None = None
    run_once: bool | str | None = None
    any_errors_fatal: bool | str | None = None
    throttle: int | str | None = None
    timeout: float | str | None = None
    connection: str | None = None
    module_defaults: tuple[dict[str, dict[str, Any]], ...] = ()
    collections: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()

    def under(self, own: Inherited) -> Inherited:
        """What is in force inside an element: what it says itself is stronger, environment and defaults add up."""
        taken = {each.name: getattr(own, each.name) for each in fields(Inherited)}
        said = {name: value for name, value in taken.items() if value not in (None, ())}
        said["environment"] = self.environment + own.environment
        said["module_defaults"] = self.module_defaults + own.module_defaults
        outer = {each.name: getattr(self, each.name) for each in fields(Inherited)}
        return Inherited(**{**outer, **said})

    def arguments(self, module: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """A module's arguments with the `module_defaults` for it below them; the innermost defaults count."""
        defaults: Mapping[str, Any] = {}
        for layer in self.module_defaults:
            defaults = layer.get(module, defaults)
        if defaults and WHOLE_ARGS in given:  # which is stronger than they are
            whole = f"{{{{ {expression(dict(defaults))} | combine({expression(given[WHOLE_ARGS])}) }}}}"
            return {**given, WHOLE_ARGS: whole}
        return {**defaults, **given}

    def variables(self) -> dict[str, Any] | str:
        """The environment as one mapping, or as a template that gives one."""
        if all(isinstance(part, dict) for part in self.environment):
            return {key: value for part in self.environment if isinstance(part, dict) for key, value in part.items()}
        if len(self.environment) == 1 and isinstance(self.environment[0], str):
            return self.environment[0]
        return f"{{{{ {{}} | combine({', '.join(map(expression, self.environment))}) }}}}"


@dataclass(frozen=True, slots=True)
class Common(Inherited):
    """What one element says itself."""

    name: str = ""
    when: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    vars: dict[str, Any] = field(default_factory=dict)
    remote_user: str | None = None
    port: int | str | None = None

    def delegated(self, host: str) -> Common:
        """The same, to be done by another host."""
        return replace(self, delegate_to=host)


def _module_defaults(value: Any) -> tuple[dict[str, dict[str, Any]], ...]:
    layers = value if isinstance(value, list) else [value]
    return tuple(_defaults_layer(layer) for layer in layers)


def _defaults_layer(layer: Any) -> dict[str, dict[str, Any]]:
    example = "for example copy: {mode: '0644'}"
    if not isinstance(layer, dict):
        raise bad(f"must be a mapping of modules, not {kind(layer)}", example)
    for module, args in layer.items():
        if not isinstance(args, (dict, type(None))):
            raise bad(f"must hold a mapping of arguments for {module[:60]}, not {kind(args)}", example)
    return {module_name(module): args or {} for module, args in layer.items()}


def _method(value: Any) -> str:
    found = entries.text(value)
    if found.removeprefix("ansible.builtin.") not in _METHODS:
        raise bad(
            f"{found[:60]!r} is not a way to become somebody that is known", f"one of {', '.join(sorted(_METHODS))}"
        )
    return found


def _flags(value: Any) -> None:
    strange = [flag for flag in entries.text(value).split() if flag not in _FLAGS]
    if strange:
        raise bad(
            f"{strange[0][:60]!r} has no counterpart here", "leave become_flags out, and set what it did in the task"
        )


def _program(value: Any) -> None:
    """Accepted is a usual program in any folder; none is run."""
    if entries.text(value).rpartition("/")[2] not in _METHODS:
        raise bad("has no counterpart here", "leave it out: no program is run to become somebody")


def _debugger(value: Any) -> None:
    if value != "never":
        raise bad("is not supported", "leave it out; --diff and -v show what a task does")


def _connection(value: Any) -> str:
    found = entries.text(value)
    short = found.removeprefix("ansible.builtin.")
    if short not in _SSH | {"local"}:
        raise bad(
            f"{found[:60]!r} is not a connection that is known", "one of ssh, local; hosts say it in the inventory"
        )
    return "local" if short == "local" else "ssh"


def _port(value: Any) -> int | str | None:
    found: int | str | None = entries.number(value)
    return found


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "name": entries.name,
        "when": entries.conditions,
        "tags": entries.tags,
        "vars": entries.variables,
        "become": entries.switch_or_template,
        "become_user": entries.text,
        "become_method": _method,
        "become_flags": _flags,
        "become_exe": _program,
        "environment": entries.environment,
        "ignore_errors": entries.switch_or_expression,
        "ignore_unreachable": entries.switch,
        "no_log": entries.switch_or_template,
        "check_mode": entries.switch_or_template,
        "diff": entries.switch_or_template,
        "delegate_to": entries.text,
        "delegate_facts": entries.switch_or_template,
        "run_once": entries.switch_or_template,
        "any_errors_fatal": entries.switch_or_template,
        "throttle": entries.hosts,
        "timeout": entries.seconds,
        "connection": _connection,
        "remote_user": entries.text,
        "port": _port,
        "module_defaults": _module_defaults,
        "collections": entries.names,
        "notify": entries.names,
        "debugger": _debugger,
    }
)
COMMON = frozenset(READERS)


def read_common(data: Mapping[str, Any], where: str, ctx: Reading, *, known: Collection[str]) -> Common:
    """The shared keywords of an element; a key that is neither one of them nor in `known` is a problem."""
    refuse_unknown(data, [*COMMON, *known], where, ctx.findings)
    return common_of(concealed.element(data, where, ctx), where, ctx.findings)


def common_of(data: Mapping[str, Any], where: str, findings: Findings) -> Common:
    """The shared keywords of an element, other keys left to others."""
    found = read_all(data, READERS, where, findings)
    kept = {each.name for each in fields(Common)}
    return Common(**{key: value for key, value in found.items() if key in kept})


def refuse_unknown(data: Mapping[str, Any], known: Iterable[str], where: str, findings: Findings) -> None:
    """Note every key that is not known, with the nearest that is."""
    names = list(known)
    for key in data:
        if key not in names:
            findings.add(path_of((key,), where), f"{key[:80]!r} is not a keyword here", advice(key, names))
