"""The modules that a plan brings itself: where they lie, of which kind they are, and what they say of themselves.

The kinds are those that ansible-core's loader tells apart by the file's content. docs/modules.md is for who writes one.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_tasks.plan.documents import BadDocument, decode, parse_yaml, read_bounded
from deploy_tasks.plan.executables import HEAD, targets_of
from deploy_tasks.plan.model import OwnModule

#: The folders beside a plan, a playbook or in a role, the stronger first.
FOLDERS = ("library", "modules")
ANY = "any"
PAGE = "docs/modules.md"
_TRIPLES = ("x86_64-linux", "aarch64-linux", "x86_64-macos", "aarch64-macos", "x86_64-windows")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_DOC = (".yml", ".yaml")
# What lies in such a folder and is no module.
_OTHER = frozenset(
    (".bak", ".c", ".go", ".ini", ".json", ".md", ".pyc", ".pyo", ".rpm", ".rs", ".rst", ".swp", ".txt", *_DOC)
)
_MAX_FILE = 64 << 20
_MAX_DOC = 1 << 20
_TEXT = bytes({7, 8, 9, 10, 12, 13, 27} | (set(range(0x20, 0x100)) - {0x7F}))
_PYTHON = re.compile(
    rb"#<<INCLUDE_ANSIBLE_MODULE_COMMON>>|from +ansible\.module_utils.* +import |import +ansible\.module_utils\."
    rb"|from +\.{2,} *module_utils.* +import |(?:from|import) +ansible_collections\."
)
_POWERSHELL = re.compile(rb"# POWERSHELL_COMMON|#(?:Ansible)?Requires -", re.IGNORECASE)
_SHEBANG = re.compile(rb"#!\s*\S")
_BLOCK = 1024
_SUPPORTED = frozenset({"full", "partial"})


class Unusable(Exception):
    """There is a module of that name which cannot be taken; with what to do instead."""

    def __init__(self, message: str, hint: str = f"{PAGE} tells how a module is written") -> None:
        super().__init__(message)
        self.hint = hint


def find_own(name: str, folders: Iterable[str], base: Path) -> OwnModule | None:
    """The module of that name in the first of the folders, plan-relative ones, that has it. Raises `Unusable`."""
    if not _NAME.fullmatch(name):
        return None
    for folder in folders:
        found = _in_folder(name, folder, base)
        if found:
            return _module(name, found, base)
    return None


def names_in(home: str) -> set[str]:
    """What the modules in the folders of a playbook or role may be called."""
    names: set[str] = set()
    for folder in FOLDERS:
        with suppress(OSError):
            names.update(entry.split(".")[0] for entry in os.listdir(f"{home}/{folder}"))
    return {name for name in names if _NAME.fullmatch(name)}


def _in_folder(name: str, folder: str, base: Path) -> dict[str, str]:
    """The files of a module in a folder by target; its description has the key `doc`."""
    try:
        entries = sorted(entry for entry in os.listdir(base / folder) if entry.split(".")[0] == name)
    except OSError:
        return {}
    found: dict[str, str] = {}
    for entry in entries:
        place = posixpath.normpath(f"{folder}/{entry}")
        suffix = entry[len(name) :]
        target = suffix[1:] if suffix[1:] in _TRIPLES else ANY
        if not (base / place).is_file() or entry.endswith("~"):
            continue
        if not (base / place).resolve().is_relative_to(base.resolve()):
            raise Unusable(f"{place} is a link to outside the plan's folder", "copy the file itself there")
        if suffix in _DOC:
            found["doc"] = place
            continue
        if target == ANY and suffix in _OTHER:
            continue
        if target in found:
            raise Unusable(f"{found[target]} and {place} are both the module {name}", "keep one of them")
        found[target] = place
    return found if found.keys() - {"doc"} else {}


def _module(name: str, found: dict[str, str], base: Path) -> OwnModule:
    files = {target: found[target] for target in sorted(found.keys() - {"doc"})}
    looked = {target: _Content.read(base / place, place) for target, place in files.items()}
    styles = {each.style for each in looked.values()}
    for target, each in looked.items():
        each.check_target(target)
    if len(styles) > 1:
        raise Unusable(f"the files of {name} are of different kinds: {', '.join(files.values())}")
    doc = _Doc.read(base / found["doc"], found["doc"]) if "doc" in found else _Doc({}, None)
    style = styles.pop()
    undo = doc.supports("undo", all(b"_deploy_tasks_undo" in each.data for each in looked.values()))
    if undo and style == "inserted":
        hint = f"write WANT_JSON into a comment of it: its arguments are then in a file ({PAGE})"
        raise Unusable(f"{name} knows _deploy_tasks_undo, but has its arguments put into its text", hint)
    check = doc.supports("check_mode", all(b"_ansible_check_mode" in each.data for each in looked.values()))
    return OwnModule(name=name, files=files, style=style, check=check, undo=undo, options=doc.options)


@dataclass(frozen=True, slots=True)
class _Content:
    """One file of a module."""

    place: str
    data: bytes
    style: Any

    @classmethod
    def read(cls, path: Path, place: str) -> _Content:
        try:
            data = read_bounded(path, _MAX_FILE)
        except BadDocument as error:
            raise Unusable(f"{place} {error.problem.message}") from None
        return cls(place, data, _style(data, place))

    def check_target(self, target: str) -> None:
        """Refuse an executable for another platform than its name says, and a script where one must be it."""
        runs_on = targets_of(self.data[:HEAD])
        if self.style != "binary" or runs_on is None:
            return
        if not runs_on:
            raise Unusable(f"{self.place} is an executable for a machine that is no target", _built("TARGET"))
        if target not in (ANY, *runs_on):
            raise Unusable(f"{self.place} is an executable for {', '.join(runs_on)}, not for {target}", _built(target))


def _built(target: str) -> str:
    return f"build it for {target}; targets are {', '.join(_TRIPLES)}"


def _style(data: bytes, place: str) -> str:
    """How a module takes its arguments."""
    if data[:_BLOCK].translate(None, _TEXT):
        return "binary"
    if _PYTHON.search(data):
        hint = f"an executable, or a script that reads its arguments from a file, runs without it ({PAGE})"
        raise Unusable(f"{place} is written with Ansible's Python library, which no host is given", hint)
    if _POWERSHELL.search(data):
        raise Unusable(f"{place} is written with Ansible's PowerShell library, which no host is given")
    if not _SHEBANG.match(data):
        raise Unusable(f"{place} is a script without an interpreter line", "begin it with #!/bin/sh, for example")
    if b"<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>" in data:
        return "inserted"
    return "json" if b"WANT_JSON" in data else "old"


@dataclass(frozen=True, slots=True)
class _Doc:
    """What stands beside a module in NAME.yml, in the form of Ansible's documentation."""

    attributes: Mapping[str, Any]
    options: dict[str, dict[str, Any]] | None

    @classmethod
    def read(cls, path: Path, place: str) -> _Doc:
        try:
            data = parse_yaml(decode(read_bounded(path, _MAX_DOC), place), place)
            said = data.get("DOCUMENTATION") if isinstance(data, dict) else None
            if isinstance(said, str):
                said = parse_yaml(said, place)
        except BadDocument as error:
            raise Unusable(f"{place} {error.problem.message}", error.problem.hint or "") from None
        if not isinstance(said, dict):
            raise Unusable(f"{place} has no mapping DOCUMENTATION", "write DOCUMENTATION: {module: …, options: {…}}")
        options, attributes = said.get("options"), said.get("attributes")
        for key, value in (("options", options), ("attributes", attributes)):
            good = value is None or (isinstance(value, dict) and all(isinstance(each, dict) for each in value.values()))
            if not good:
                raise Unusable(f"{place}: {key} is no mapping of mappings")
        for wrong in (*_odd_options(options or {}), *_odd_attributes(attributes or {})):
            raise Unusable(f"{place}: {wrong}")
        return cls(attributes or {}, {} if options is None and "options" in said else options)

    def supports(self, attribute: str, otherwise: bool) -> bool:
        """Whether the module says that it can do something; without a word its content tells."""
        said = self.attributes.get(attribute, {}).get("support")
        return otherwise if said is None else said in _SUPPORTED


def _odd_options(options: Mapping[Any, Mapping[Any, Any]]) -> Iterator[str]:
    for name, option in options.items():
        if not isinstance(option.get("type", ""), str):
            yield f"options.{name}.type is no text"
        if not isinstance(option.get("choices"), (list, dict, type(None))):
            yield f"options.{name}.choices is no list"
        if not isinstance(option.get("aliases"), (list, type(None))):
            yield f"options.{name}.aliases is no list"


def _odd_attributes(attributes: Mapping[Any, Mapping[Any, Any]]) -> Iterator[str]:
    for name, attribute in attributes.items():
        if not isinstance(attribute.get("support", ""), str):
            yield f"attributes.{name}.support is no text"
