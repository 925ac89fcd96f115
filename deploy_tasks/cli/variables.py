"""`-e`: variables given on the command line, as `name=value` pairs, JSON, or `@file`."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy_tasks.errors import BadInput
from deploy_tasks.plan.documents import BadDocument
from deploy_tasks.plan.vault import Vault

_LARGEST_FILE = 16 << 20
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_BLANK = "\x00"


def extra_vars(texts: Iterable[str], passwords: Sequence[Path] = ()) -> dict[str, Any]:
    """All of them as one mapping; later ones win. `passwords` are files with those of ansible-vault.

    Raises `BadInput` naming the one that is wrong.
    """
    merged: dict[str, Any] = {}
    vault = Vault(passwords)
    for text in texts:
        merged.update(_one(text, vault))
    return merged


def _one(text: str, vault: Vault) -> dict[str, Any]:
    if text.startswith("@"):
        return _file(Path(text[1:]), vault)
    if text.lstrip().startswith("{"):
        return _mapping(_parsed(text, "-e"), "-e")
    return dict(_pairs(text))


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    try:
        # Templates keep their blanks: -e 'path={{ base }}/x' is one pair, as in Ansible.
        words = shlex.split(_TEMPLATE.sub(lambda match: re.sub(r"\s", _BLANK, match[0]), text))
    except ValueError as error:
        raise BadInput(f"-e {text!r}: {error}", hint="quote the value: -e 'name=\"some text\"'") from None
    for word in words:
        name, equals, value = word.replace(_BLANK, " ").partition("=")
        if not equals or not name.isidentifier():
            raise BadInput(
                f"-e {word!r} is no name=value", hint="write -e name=value, -e '{\"name\": 1}' or -e @file.yml"
            )
        yield name, value


def _file(path: Path, vault: Vault) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise BadInput(f"-e @{path}: larger than {_LARGEST_FILE >> 20} MiB")
        text = path.read_text()
        if vault.is_encrypted(text):
            return _decrypted(path, vault.decrypt(text, f"-e @{path}").decode())
    except BadDocument as error:
        raise BadInput(f"-e @{path}: {error.problem.message}", hint=error.problem.hint) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise BadInput(f"-e @{path}: {reason}") from None
    return _mapping(_parsed(text, f"-e @{path}"), f"-e @{path}")


def _decrypted(path: Path, text: str) -> dict[str, Any]:
    """The variables in a decrypted text, none of which an error may show."""
    try:
        return _mapping(_parsed(text, ""), f"-e @{path}")
    except BadInput:
        raise BadInput(f"-e @{path}: what is encrypted there is no mapping of names to values") from None


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader=yaml.CSafeLoader)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise BadInput(f"{what}: {' '.join(str(error).split())}") from None


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise BadInput(f"{what}: holds no mapping of names to values")
    return value
