"""The YAML documents of a playbook: each file read and parsed once, bounded one by one and together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import PydanticCustomError

from deploy_tasks.errors import Problem
from deploy_tasks.plan import doubles
from deploy_tasks.plan.documents import BadDocument, at_node, compose_yaml, decode, placed, read_bounded
from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.jinja_pieces import mapping
from deploy_tasks.plan.playbook.places import Places
from deploy_tasks.plan.vault import Vault, covered
from deploy_tasks.plan.yaml_values import BadValue, Values

MAX_FILE = 8 << 20
MAX_FILES = 20_000
MAX_TOTAL = 128 << 20
MAX_NODES = 500_000


@dataclass(frozen=True, slots=True)
class Doc:
    """One document. `name` begins the paths of what is in it, `shown` is the file's name for people.

    `data` is plain; encrypted values in it are templates of the variables that hold them. `vaulted`: the whole file
    was encrypted.
    """

    name: str
    shown: str
    data: Any
    text: str
    root: yaml.Node | None
    vaulted: bool = False


class Sources:
    """The documents read so far."""

    def __init__(self, vault: Vault, places: Places) -> None:
        self._vault, self._places = vault, places
        self._docs: dict[str, Doc] = {}
        self._variables: dict[str, dict[str, Any]] = {}
        self._secret: set[str] = set()
        self._bytes = 0
        self._given: dict[Path, str] = {}

    def give(self, path: Path, text: str) -> None:
        """Let `text` be what is read for `path`; nothing needs to be there."""
        self._given[path] = text

    def read(self, path: Path, name: str, *, shown: str | None = None) -> Doc:
        """The document in a file. What is in it is secret where `is_secret` says so of its place.

        Raises `BadDocument`.
        """
        return self._doc(path, name, shown)

    def is_secret(self, where: str) -> bool:
        """Whether a place is in a document that was encrypted as a whole."""
        return any(
            where.startswith(name) and where[len(name) : len(name) + 1] in ("", "[", ".") for name in self._secret
        )

    def read_vars(self, path: Path, name: str, *, shown: str | None = None) -> dict[str, Any]:
        """The variables in a file. Those of an encrypted file are templates of what holds them.

        Raises `BadDocument`.
        """
        if name in self._variables:
            return self._variables[name]
        doc = self._doc(path, name, shown)
        if doc.data is None:
            return {}
        if not isinstance(doc.data, dict):
            message = f"must be a mapping of variables, not {kind(doc.data)}"
            raise BadDocument(Problem("", message, "for example port: 8080", doc.shown, 1))
        hidden = {key: self._vault.hide(value) for key, value in doc.data.items()} if doc.vaulted else doc.data
        self._variables[name] = hidden
        return hidden

    def _doc(self, path: Path, name: str, shown: str | None) -> Doc:
        if name not in self._docs:
            if len(self._docs) >= MAX_FILES:
                raise BadDocument(Problem("", f"the playbook reads more than {MAX_FILES} files", None, shown))
            doc = self._parsed(path, name, shown or str(path))
            self._docs[name] = doc
            if doc.vaulted:
                self._secret.add(name)
            self._places.add(doc)
        return self._docs[name]

    def _parsed(self, path: Path, name: str, shown: str) -> Doc:
        try:
            data = self._given[path].encode() if path in self._given else read_bounded(path, MAX_FILE)
        except BadDocument as error:
            raise BadDocument(replace(error.problem, file=shown)) from None
        self._bytes += len(data)
        if self._bytes > MAX_TOTAL:
            raise BadDocument(Problem("", f"the playbook reads more than {MAX_TOTAL >> 20} MiB", None, shown))
        vaulted = self._vault.is_encrypted(data)
        text = decode(data, shown)
        if vaulted:
            text = self._vault.decrypt_file(text, shown)
        root = _root(text, shown, vaulted)
        return Doc(name, shown, self._value(root, "" if vaulted else text, shown), text, root, vaulted)

    def _value(self, root: yaml.Node | None, text: str, shown: str) -> Any:
        try:
            unlock = placed(lambda locked: self._vault.hide_text(locked, shown))
            twice = doubles.warning(shown, secret=not text)
            return Values(unlock, twice, MAX_NODES, _with_numbers).of(root)
        except BadValue as error:
            raise BadDocument(at_node(error.node, error.message, error.hint, shown, text)) from None


def _with_numbers(items: list[tuple[Any, Any]]) -> Any:
    """A mapping with keys that JSON does not have, as the template that gives it; else its keys as text."""
    try:
        return f"{{{{ {mapping(items)} }}}}"
    except PydanticCustomError:
        return {str(key): value for key, value in items}


def _root(text: str, shown: str, vaulted: bool) -> yaml.Node | None:
    try:
        return compose_yaml(text, shown)
    except BadDocument as error:
        raise BadDocument(covered(error.problem) if vaulted else error.problem) from None
