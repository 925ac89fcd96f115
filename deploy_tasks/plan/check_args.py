"""A task's arguments against its module's specification. Values that hold an expression are typed on the host."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.model import Task
from deploy_tasks.plan.modules import MODULES, ArgSpec, ModuleSpec
from deploy_tasks.plan.own_modules import PAGE
from deploy_tasks.plan.own_spec import spec_of
from deploy_tasks.plan.problems import not_among, path_of, suggest
from deploy_tasks.plan.synchronized import is_computed, read_rules
from deploy_tasks.plan.words import WHOLE_ARGS
from deploy_tasks.secret import is_secret_name

# What people write for a value that goes by another name.
_USUAL_VALUES = {"installed": "present", "running": "started", "removed": "absent", "uninstalled": "absent"}
# What people write for an argument that goes by another name.
_USUAL = {
    "source": ("src",),
    "destination": ("dest", "path"),
    "target": ("dest", "path"),
    "file": ("path", "dest"),
    "dest": ("path",),
    "permissions": ("mode",),
    "chmod": ("mode",),
    "user": ("owner",),
    "command": ("cmd",),
    "message": ("msg",),
    "text": ("content", "msg"),
    "pattern": ("regexp",),
}
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "y", "n", "t", "f", "1", "0"})
_TRUE_WORDS = frozenset({"yes", "on", "true", "y", "t", "1"})
_NUMERIC = re.compile(r"\s*[+-]?\d+(\.\d*)?\s*")
_OCTAL = re.compile(r"0?o?[0-7]{1,4}|0[0-7]{4}")
_OMIT = re.compile(r"\bomit\b")
_SYMBOLIC = re.compile(r"[ugoa]*(?:[-+=][rwxXstugo]*)+(?:,[ugoa]*(?:[-+=][rwxXstugo]*)+)*")


def check_args(task: Task, findings: Findings) -> None:
    """Note what is wrong with the task's module and arguments."""
    spec = spec_of(task)
    if spec is None:
        hint = suggest(task.module, MODULES) or f"known are {', '.join(sorted(MODULES))}"
        hint += f"; or write it, as an executable of that name in a folder modules/ beside the plan ({PAGE})"
        findings.add(f"{task.where}.module", f"there is no module {task.module[:80]!r}", hint)
        return
    given = _canonical(task, spec, findings)
    for name, (key, value) in given.items():
        path = _path(task, key)
        if spec.args[name].fixed:
            _check_fixed(spec.args[name], value, path, findings)
        elif not is_template(value):
            _check_value(spec.args[name], value, path, findings, shown=not (task.no_log or is_secret_name(name)))
    _check_sets(task, spec, {name: value for name, (_, value) in given.items()}, findings)


def _canonical(task: Task, spec: ModuleSpec, findings: Findings) -> dict[str, tuple[str, Any]]:
    """Real argument name → the key as written and its value; null counts as not given."""
    given: dict[str, tuple[str, Any]] = {}
    for key, value in task.args.items():
        if key == WHOLE_ARGS:
            continue
        name = spec.canonical(key)
        if name is None:
            if not spec.free_form or (key == "_raw_params" and task.own is not None):
                _unknown(task, spec, key, findings)
            continue
        if value is None:
            continue
        if name in given:
            findings.add(_path(task, key), f"means the same as {given[name][0]}", "keep one of them")
        given[name] = (key, value)
    return given


def _unknown(task: Task, spec: ModuleSpec, key: str, findings: Findings) -> None:
    if key == "_raw_params":
        hint = f'write the arguments one by one, for example "{next(iter(spec.args), "name")}": …'
        findings.add(_path(task, key), f"{spec.name} takes no free text", hint)
        return
    names = [*spec.args, *(alias for arg in spec.args.values() for alias in arg.aliases)]
    shown = [name for name in spec.args if not name.startswith("_")]
    usual = next((name for name in _USUAL.get(key.lower(), ()) if spec.canonical(name)), None)
    hint = f"did you mean {usual}?" if usual else suggest(key, names) or f"it takes {', '.join(shown)}"
    findings.add(_path(task, key), f"{spec.name} has no argument {key[:80]!r}", hint)


def _check_value(spec: ArgSpec, value: Any, path: str, findings: Findings, *, shown: bool) -> None:
    if spec.choices and not isinstance(value, (list, dict)):
        text = str(value)
        if text not in spec.choices and not _is_choice(value, spec.choices):
            visible = [choice for choice in spec.choices if choice.isprintable()]
            message, hint = not_among(text, visible) if shown else (f"is not one of {', '.join(visible)}", None)
            usual = _USUAL_VALUES.get(text)
            findings.add(path, message, f"write {usual}" if usual in spec.choices else hint)
        return
    wanted = _CHECKS[spec.type](value)
    if wanted:
        message, _, hint = wanted.partition(" | ")
        findings.add(path, f"must be {message}, not {kind(value)}", hint or None)


def _is_choice(value: Any, choices: tuple[str, ...]) -> bool:
    """Whether YAML made a flag of one of the choices: `no` without quotes."""
    words = _TRUE_WORDS if value is True else _WORDS - _TRUE_WORDS
    return isinstance(value, bool) and len(words.intersection(choices)) == 1


def _check_fixed(spec: ArgSpec, value: Any, path: str, findings: Findings) -> None:
    same = _equal(value, "true") is spec.default if spec.type == "bool" else _word(value) == _word(spec.default)
    if not same:
        message = "is not supported" if spec.default is None else f"can only be {json.dumps(spec.default)}"
        findings.add(path, message, spec.instead or "leave it out, and write the template for that")


def _text(value: Any) -> str:
    return "text | write it in quotes" if isinstance(value, (dict, list)) else ""


def _path_text(value: Any) -> str:
    if not isinstance(value, str):
        return 'a path as text | for example "/etc/app.conf"'
    return "a path | it is empty" if not value.strip() else ""


def _bool(value: Any) -> str:
    good = isinstance(value, bool) or (isinstance(value, (int, float, str)) and _word(value) in _WORDS)
    return "" if good else "true or false"


def _int(value: Any) -> str:
    good = not isinstance(value, bool) and (
        isinstance(value, int)
        or (isinstance(value, float) and value.is_integer())
        or (isinstance(value, str) and _NUMERIC.fullmatch(value) is not None)
    )
    return "" if good else "a whole number | for example 30"


def _float(value: Any) -> str:
    good = not isinstance(value, bool) and (
        isinstance(value, (int, float)) or (isinstance(value, str) and _NUMERIC.fullmatch(value) is not None)
    )
    return "" if good else "a number | for example 1.5"


def _list(value: Any) -> str:
    return 'a list | for example ["a", "b"]' if isinstance(value, dict) else ""


def _dict(value: Any) -> str:
    return "" if isinstance(value, dict) else 'an object | for example {"key": "value"}'


def _pairs(value: Any) -> str:
    """A mapping, or a text that holds one."""
    written = isinstance(value, str) and (value.startswith("{") or "=" in value)
    return "" if written else _dict(value)


def _mode(value: Any) -> str:
    """`"0644"`, `"u=rw,g=r"`, `"preserve"`, or a number that came from an octal literal."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return 'a mode as text | write "0644"'
    if isinstance(value, int):
        digits = str(value) if _OCTAL.fullmatch(str(value)) else "644"
        return "" if _is_mode(value) else f'a mode as text | write "{digits:0>4}": a number is read as decimal'
    if _OCTAL.fullmatch(value) or _SYMBOLIC.fullmatch(value) or value == "preserve":
        return ""
    return 'a mode | write "0644" or "u=rw,g=r,o=r"'


def _is_mode(value: int) -> bool:
    """Whether a number came from an octal literal: JSON has no octal, 493 is 0755, whereas 755 would be 01363.

    With special bits too: 1517 is 02755. A number whose decimal digits make a mode themselves was meant as that one.
    """
    if not 0 <= value <= 0o7777:
        return False
    digits = f"{value:03o}"
    if len(digits) == 3:
        return _falls(digits)
    decimal = str(value)[-3:]
    return _falls(digits[-3:]) and digits[-3] >= "4" and not (_falls(decimal) and decimal[0] in "67")


def _falls(digits: str) -> bool:
    """Whether the owner may do at least what the group may, and the group what all others may."""
    return max(digits) <= "7" and list(digits) == sorted(digits, reverse=True)


_CHECKS: Mapping[str, Callable[[Any], str]] = {
    "str": _text,
    "path": _path_text,
    "bool": _bool,
    "int": _int,
    "float": _float,
    "list": _list,
    "dict": _dict,
    "pairs": _pairs,
    "raw": lambda _value: "",
    "mode": _mode,
}


def _word(value: object) -> str:
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip().lower()


def _check_sets(task: Task, spec: ModuleSpec, given: Mapping[str, Any], findings: Findings) -> None:
    """Required, excluding and belonging-together arguments, where all are known."""
    path = f"{task.where}.args"
    if WHOLE_ARGS in task.args:
        return
    for name, arg in spec.args.items():
        if arg.required and name not in given:
            shown = name if not name.startswith("_") or not arg.aliases else f"{name} (or {arg.aliases[0]})"
            findings.add(path, f"{spec.name} needs the argument {shown}", _example(name, arg))
    for group in spec.exclusive:
        both = [name for name in group if _set(given.get(name), spec.args[name]) and not _may_be_left_out(given[name])]
        if len(both) > 1:
            findings.add(path, f"{' and '.join(both)} exclude each other", "keep one of them")
    for group in spec.required_one_of:
        if not any(name in given for name in group):
            named = " or ".join(name if name != "_raw_params" else "_raw_params (or cmd)" for name in group)
            findings.add(path, f"{spec.name} needs {named}", _example(group[0], spec.args[group[0]]))
    for name, wanted, needed in spec.required_if:
        value = given.get(name, spec.args[name].default)
        if not is_template(value) and _equal(value, wanted):
            missing = [other for other in needed if other not in given]
            if missing and not _named_already(spec, given, missing):
                findings.add(path, f"{spec.name} with {name}={wanted} needs {' and '.join(missing)}")
    _special(task, given, path, findings)


def _named_already(spec: ModuleSpec, given: Mapping[str, Any], missing: Iterable[str]) -> bool:
    """Whether `required_one_of` has said it: nothing of a group is there at all."""
    return any(set(missing) <= set(group) and not set(group) & set(given) for group in spec.required_one_of)


def _set(value: Any, spec: ArgSpec) -> bool:
    """Whether an argument counts as given among excluding ones: false switches do not."""
    return value is not None and not (spec.type == "bool" and _word(value) not in _TRUE_WORDS)


def _may_be_left_out(value: Any) -> bool:
    """Whether it is only known on the host that an argument is given at all."""
    return is_template(value) and _OMIT.search(str(value)) is not None


def _equal(value: Any, wanted: str) -> bool:
    return (_word(value) in _TRUE_WORDS) if wanted == "true" else value == wanted


def _example(name: str, arg: ArgSpec) -> str | None:
    if arg.choices:
        return f"one of {', '.join(arg.choices)}"
    return f"for example {json.dumps({name: _EXAMPLES[name]})}" if name in _EXAMPLES else None


_EXAMPLES: Mapping[str, Any] = {
    "path": "/etc/app.conf",
    "dest": "/etc/app.conf",
    "src": "files/app.conf",
    "that": ["port > 1024"],
    "_raw_params": "systemctl restart app",
    "line": "PermitRootLogin no",
}


def _special(task: Task, given: Mapping[str, Any], path: str, findings: Findings) -> None:
    """What single modules refuse beyond their tables, in all cases before they change anything."""
    state = given.get("state")
    if task.module == "file" and not is_template(state):
        if _is_true(given.get("recurse")) and state not in (None, "directory"):
            findings.add(path, "recurse goes with state=directory only")
        if given.get("src") is not None and state not in ("link", "hard"):
            findings.add(path, "src goes with state=link and state=hard only", "copy is the module that copies a file")
        if state == "link" and "src" not in given and not _is_true(given.get("follow", True)):
            findings.add(path, "file with state=link needs src")
    if task.module == "wait_for" and not is_template(state):
        if state == "drained" and "port" not in given:
            findings.add(path, "wait_for with state=drained needs port")
        if "exclude_hosts" in given and state != "drained":
            findings.add(path, "exclude_hosts goes with state=drained only")
    if task.module == "synchronize":
        _synchronize(task, given, findings)


def _synchronize(task: Task, given: Mapping[str, Any], findings: Findings) -> None:
    if task.delegate_to is not None:
        hint = "it sends a folder of the plan to the host of the play; fetch and copy take files from host to host"
        findings.add(f"{task.where}.delegate_to", "synchronize is not delegated", hint)
    for name in ("src", "dest"):
        if "://" in str(given.get(name)) or re.match(r"[\w.@-]+:", str(given.get(name))):
            findings.add(_path(task, name), "is a path, not a host's", "fetch and copy take files from host to host")
    if not _is_true(given.get("archive", True)) and "recursive" not in given:
        findings.add(_path(task, "archive"), "needs recursive: true beside it", "a folder is sent with all in it")
    if is_computed(given.get("rsync_opts")):
        hint = "write them out: they tell here already which files travel with the plan"
        findings.add(_path(task, "rsync_opts"), "holds a template", hint)
        return
    try:
        read_rules(given.get("rsync_opts"))
    except ValueError as error:
        findings.add(_path(task, "rsync_opts"), str(error), "no rsync runs: the files travel with the plan")


def _is_true(value: Any) -> bool:
    return value is not None and _word(value) in _TRUE_WORDS


def _path(task: Task, key: str) -> str:
    return path_of((key,), f"{task.where}.args")
