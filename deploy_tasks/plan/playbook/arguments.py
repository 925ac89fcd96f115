"""The module of a task and its arguments, in every spelling that Ansible reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.module_names import MODULE_NAMES
from deploy_tasks.plan.modules import MODULES
from deploy_tasks.plan.playbook.free_form import Unbalanced, module_and_rest, parse
from deploy_tasks.plan.playbook.old_words import advice
from deploy_tasks.plan.playbook.script_words import script_words
from deploy_tasks.plan.problems import path_of, suggest
from deploy_tasks.plan.words import WHOLE_ARGS, module_name

#: Modules that bring further tasks, or variables, from files: what they name is settled by who reads those.
INCLUDES = frozenset(
    {"include_tasks", "import_tasks", "include_role", "import_role", "include_vars", "import_playbook", "include"}
)
_COMMANDS = frozenset({"command", "shell", "script", "raw", "win_command", "win_shell"})
_FREE = _COMMANDS | INCLUDES | {"add_host", "group_by", "set_fact", "meta"}
_HAS_CMD = frozenset({"command", "shell", "script"})
# Modules that say before anything runs what they do: to variables and hosts, and by expressions.
_KNOWN_BEFORE = INCLUDES | {"add_host", "assert", "debug", "group_by", "meta", "set_fact", "validate_argument_spec"}
#: The fact that names the host's own module for packages or services.
_MANAGERS = re.compile(r"""\{\{\s*(?:ansible_|ansible_facts(?:\.|\[['"]))(?P<what>pkg|service)_mgr(?:['"]\])?\s*\}\}""")


@dataclass(frozen=True, slots=True)
class Call:
    """A module's short name, its arguments, the key it was written under, and whether the controller performs it."""

    module: str
    args: dict[str, Any]
    key: str
    local: bool = False


def read_call(
    data: Mapping[str, Any],
    candidates: list[str],
    keywords: Collection[str],
    where: str,
    findings: Findings,
    own: Collection[str] = (),
) -> Call | None:
    """The call of a task; `candidates` are its keys that are none of the `keywords`, `own` modules beside the playbook.

    Free text that is no argument is in `_raw_params`. None, with the problems noted: there is no call.
    """
    keys = [key for key in ("action", "local_action") if key in data]
    keys += [key for key in candidates if _is_module(key, own)]
    single = None if keys else module_key(data, candidates, keywords)
    unknown_keys([key for key in candidates if key not in keys], single, keywords, where, findings)
    keys = keys or ([single] if single else [])
    if not keys:
        findings.add(where, "has no module", 'name one, for example copy: {src: app.conf, dest: "/etc/app.conf"}')
        return None
    if len(keys) > 1:
        hint = "a task performs one module: make two tasks of it"
        findings.add(path_of((keys[1],), where), f"conflicts with {keys[0]}: both are modules", hint)
        return None
    return _Reader(data, where, findings).call(keys[0])


def module_key(data: Mapping[str, Any], candidates: list[str], keywords: Collection[str]) -> str | None:
    """Which of the keys that are neither a keyword nor a known module is the module: the one least like a keyword.

    The only one may be like a keyword and is still the module when it holds arguments.
    """
    unlike = next((key for key in candidates if "." in key or suggest(key, keywords) is None), None)
    if unlike is None and len(candidates) == 1 and isinstance(data[candidates[0]], dict):
        return candidates[0]
    return unlike


def unknown_keys(
    candidates: list[str], used: str | None, keywords: Collection[str], where: str, findings: Findings
) -> None:
    """Note the keys, neither a keyword nor a known module, that are not the one `used` as a module."""
    for key in candidates:
        if key != used:
            findings.add(path_of((key,), where), f"{key[:80]!r} is not a keyword of a task", advice(key, keywords))


def _is_module(key: str, own: Collection[str]) -> bool:
    short = module_name(key)
    return short in MODULES or short in MODULE_NAMES or short in own


class _Reader:
    def __init__(self, data: Mapping[str, Any], where: str, findings: Findings) -> None:
        self.data, self.where, self.findings = data, where, findings

    def call(self, key: str) -> Call | None:
        base = self._task_args()
        value = self.data[key]
        if key in ("action", "local_action"):
            found = self._old(key, value)
        else:
            module = module_name(key)
            args = self._new(key, value, module)
            found = None if args is None else (module, args)
        if found is None or base is None:
            return None
        module, args = found
        args = {**base, **args}
        return Call(module, self._settled(module, args, key), key, key == "local_action")

    def _task_args(self) -> dict[str, Any] | None:
        """`args:` beside the module, which are weaker than the module's own."""
        given = self.data.get("args")
        if given is None:
            return {}
        if isinstance(given, dict):
            return given
        if isinstance(given, str):
            return {WHOLE_ARGS: given} if is_template(given) else self._parsed("args", given, False)
        self.findings.add(path_of(("args",), self.where), f"must be a mapping of arguments, not {kind(given)}")
        return None

    def _new(self, key: str, value: Any, module: str) -> dict[str, Any] | None:
        """`copy: {…}` or `copy: src=… dest=…`."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return self._parsed(key, str(value), module in _COMMANDS)
        example = f"for example {key}: {{{next(iter(MODULES[module].args), 'name')}: …}}" if module in MODULES else None
        message = f"takes arguments as a mapping or text, not {kind(value)}"
        self.findings.add(path_of((key,), self.where), message, example)
        return None

    def _old(self, key: str, value: Any) -> tuple[str, dict[str, Any]] | None:
        """`action: copy src=… dest=…` or `action: {module: copy, …}`."""
        path = path_of((key,), self.where)
        if isinstance(value, str):
            return self._named(key, value, {})
        if not isinstance(value, dict):
            self.findings.add(
                path, f"must name a module, not be {kind(value)}", f"for example {key}: copy src=a dest=/b"
            )
            return None
        name = value.get("module")
        if not isinstance(name, str):
            self.findings.add(path, "names no module", f"for example {key}: {{module: copy, src: a, dest: /b}}")
            return None
        args = {other: item for other, item in value.items() if other not in ("module", "args")}
        inner = value.get("args")
        if isinstance(inner, str):
            parsed = self._parsed(key, inner, False)
            if parsed is None:
                return None
            inner = parsed
        if inner is not None and not isinstance(inner, dict):
            self.findings.add(f"{path}.args", f"must be a mapping of arguments, not {kind(inner)}")
            return None
        return self._named(key, name, {**args, **(inner or {})})

    def _named(self, key: str, text: str, args: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        try:
            name, rest = module_and_rest(text)
        except Unbalanced as error:
            self._unbalanced(key, error)
            return None
        if not name:
            self.findings.add(path_of((key,), self.where), "names no module", f"for example {key}: copy src=a dest=/b")
            return None
        module = _manager(name) or module_name(name)
        parsed = self._parsed(key, rest, module in _COMMANDS)
        return None if parsed is None else (module, {**args, **parsed})

    def _parsed(self, key: str, text: str, command: bool) -> dict[str, Any] | None:
        try:
            return dict(parse(text, command=command))
        except Unbalanced as error:
            self._unbalanced(key, error)
            return None

    def _unbalanced(self, key: str, error: Unbalanced) -> None:
        hint = "write the arguments as a mapping, one below the other"
        self.findings.add(path_of((key,), self.where), f"cannot be taken apart: {error}", hint)

    def _settled(self, module: str, args: dict[str, Any], key: str) -> dict[str, Any]:
        """`cmd` is the free text of a command by another name; other modules take no free text."""
        if module in _HAS_CMD and "cmd" in args and args.get("_raw_params") in (None, ""):
            args = {
                ("_raw_params" if name == "cmd" else name): item for name, item in args.items() if name != "_raw_params"
            }
        free = args.get("_raw_params")
        if module == "script" and isinstance(free, str) and "src" not in args:
            args = {**{name: item for name, item in args.items() if name != "_raw_params"}, **script_words(free)}
        if module in MODULES and module not in _FREE and isinstance(free, str):
            if is_template(free):
                args = {**args, WHOLE_ARGS: free}
            else:
                hint = f"it takes {', '.join(name for name in MODULES[module].args if not name.startswith('_'))}"
                self.findings.add(path_of((key,), self.where), f"{module} takes no free text: {_first(free)!r}", hint)
            args = {name: item for name, item in args.items() if name != "_raw_params"}
        if WHOLE_ARGS in args and module in _KNOWN_BEFORE:
            hint = 'write each argument, for example name: "{{ item.name }}"'
            message = f"the arguments of {module} cannot come from one variable as a whole"
            self.findings.add(path_of((key,), self.where), message, hint)
            args = {name: item for name, item in args.items() if name != WHOLE_ARGS}
        return args


def _manager(name: str) -> str | None:
    """The module that does what the one does whose name a fact says: `{{ ansible_pkg_mgr }}` is `package`."""
    found = _MANAGERS.fullmatch(name.strip())
    return {"pkg": "package", "service": "service"}[found["what"]] if found else None


def _first(text: str) -> str:
    return text.split()[0][:60] if text.split() else text
