"""The controller files that a plan names: which they are, that they exist, and that they lie beside the plan."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import posixpath
import re
import stat
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.lookup_files import Wanted, wanted
from deploy_tasks.plan.model import Inventory, Plan, Task
from deploy_tasks.plan.problems import path_of, suggest
from deploy_tasks.plan.synchronized import WHOLE, Sent
from deploy_tasks.plan.template_files import included, looked_up, on_disk
from deploy_tasks.plan.template_settings import settings_of
from deploy_tasks.plan.vault import Vault
from deploy_tasks.plan.words import file_arguments, is_true

_USUAL: Mapping[str, Any] = MappingProxyType({})
MAX_FILES = 50_000
_HEAD = 16
MAX_TOTAL = 4 << 30
_MARK = re.compile(r"\{\{|\{%|\{#")
# Where Ansible looks for a relative source before the folder itself.
_SUBFOLDER = {
    "assemble": "files",
    "copy": "files",
    "script": "files",
    "synchronize": "files",
    "template": "templates",
    "unarchive": "files",
    "uri": "files",
}
_CHECKSUM = re.compile(r"(?:(?:sha256|md5):)?([0-9a-fA-F]{64}|[0-9a-fA-F]{32})")
_ANCESTORS = 6
_MAX_LOOP = 1000


def files(plan: Plan, base_dir: Path, inventory: Inventory | None = None) -> dict[str, Path]:
    """Every file that the plan's tasks name, by its plan-relative posix name, in the order of the names.

    A folder brings everything in it; a source with a runtime expression brings everything under the folder written
    before the expression; a lookup what it may mean with the variables of the plan and the inventory. Raises
    `PlanError` for files that do not exist or lie outside `base_dir`.
    """
    findings = Findings()
    found = find_files(plan, base_dir, findings, inventory)
    if findings.problems:
        raise PlanError(findings.problems)
    return found


def find_files(plan: Plan, base_dir: Path, findings: Findings, inventory: Inventory | None = None) -> dict[str, Path]:
    """As `files`, the problems noted in `findings` instead of raised."""
    collector = _Collector(base_dir, findings)
    for task in plan.walk():
        collector.values = plan.secret_templates.keys() if task.module == "template" else frozenset()
        for path, name in sources(task):
            collector.as_is = task.module == "synchronize" or not is_true(task.args.get("decrypt", True))
            collector.sent = Sent(task.args, name) if task.module == "synchronize" else None
            collector.add(name, path, _SUBFOLDER.get(task.module))
    collector.as_is, collector.sent = False, None
    collector.values = plan.secret_files.keys() | plan.secret_templates.keys()
    for lookup in wanted(plan, inventory):
        collector.add_lookup(lookup, plan.playbook_dir)
    for task in plan.walk():
        if task.module == "template":
            collector.add_parts(task, plan.playbook_dir)
    for file in plan.static_files:
        collector.add_static(file.src, file.checksum, file.where)
    return dict(sorted(collector.found.items()))


def base_for(plan: Plan, folder: Path) -> Path:
    """The folder that the plan's files resolve against: the plan's own, or else the nearest folder above it, or the
    working directory, in which more of the named files exist."""
    names = {_literal(name)[0] for task in plan.walk() for _, name in sources(task)} - {""}
    if not names:
        return folder
    above = itertools.islice(folder.parents, _ANCESTORS)
    # A folder as high up as / or /home is nobody's plan folder.
    candidates = [folder, *(place for place in above if len(place.parts) > 2), Path.cwd()]
    places = ("", *_SUBFOLDER.values())
    counts = [sum(any((base / place / name).exists() for place in places) for name in names) for base in candidates]
    return candidates[counts.index(max(counts))]


def sources(task: Task) -> Iterator[tuple[str, str]]:
    """The controller files a task names: path in the document, and the name as written, a literal loop filled in; and
    those of a module that the plan brings itself."""
    if task.own is not None:
        yield from ((f"{task.where}.module", name) for name in task.own.files.values())
    yield from ((f"{task.where}.args", name) for name in task.brings)
    for argument in file_arguments(task.module, task.args):
        value = task.args.get(argument)
        if isinstance(value, str) and value.strip() and not (task.brings and is_template(value)):
            path = path_of((argument,), f"{task.where}.args")
            yield from ((path, name) for name in _unrolled(value, task))


class _Collector:
    def __init__(self, base_dir: Path, findings: Findings) -> None:
        self.base, self.findings = base_dir, findings
        self.root = base_dir.resolve()
        self.found: dict[str, Path] = {}
        self.total = 0
        self.values: Set[str] = frozenset()  # files that travel as secret values to those who name them now
        self.as_is = False  # whether encrypted files are to arrive encrypted
        self.locked: set[str] = set()  # files that are to arrive so, for who asked for that alone
        self.sent: Sent | None = None  # what synchronize takes of a folder
        self.searched: set[str] = set()  # templates whose parts are taken along

    def add(self, name: str, path: str, subfolder: str | None) -> None:
        """One source as written in a task."""
        literal, whole = _literal(name)
        if self.sent is not None and not whole:
            self.findings.add(path, "is only known on the host", "write the name of the folder that is sent")
            return
        if not literal:
            hint = "begin with a folder, for example files/{{ name }}; everything in it is then taken along"
            self.findings.add(path, "begins with an expression, so the files it means are not known here", hint)
            return
        if not self._inside(literal, path):
            return
        clean = posixpath.normpath(literal)
        place = self._place(clean, subfolder)
        if place is None:
            self.findings.add(path, f"there is no file {literal[:200]!r} in {self.base}", self._near(clean))
        elif place.is_dir():
            self._folder(clean, place, path, whole)
        elif whole:
            self._file(clean, place, path)
        else:
            self.findings.add(path, f"{literal[:200]!r} must be a folder, because an expression follows it")

    def add_lookup(self, lookup: Wanted, playbook_dir: str) -> None:
        """The files that a lookup may read."""
        names, wrong = lookup.files(on_disk(self.base, lookup.folders(playbook_dir)))
        if wrong:
            hint = "write the name or a part of it, here or in the inventory; the files that fit travel with the plan"
            self.findings.add(lookup.where, wrong, hint)
        for name in names:
            if lookup.vague and is_encrypted(self.base / name):
                continue  # it may not be meant at all
            self._file(name, self.base / name, lookup.where)
            if lookup.kind == "template":
                self._parts(name, lookup.where, lookup.search, playbook_dir)

    def add_parts(self, task: Task, playbook_dir: str) -> None:
        """What the templates of a task include."""
        for path, source in sources(task):
            literal, whole = _literal(source)
            clean = posixpath.normpath(literal)
            for name in [clean] if whole else [found for found in self.found if found.startswith(f"{clean}/")]:
                with contextlib.suppress(PlanError):  # told where templates are checked
                    self._parts(name, path, task.search, playbook_dir, settings_of(task))

    def _parts(
        self, name: str, path: str, search: tuple[str, ...], playbook_dir: str, settings: Mapping[str, Any] = _USUAL
    ) -> None:
        """What one template includes and looks up."""
        if name not in self.found or name in self.searched:
            return
        self.searched.add(name)
        parts = included(name, self.found[name], self.base, search, playbook_dir, settings)
        for part in parts:
            self._file(part, self.base / part, path)
        for lookup in looked_up([self.found[name], *(self.base / part for part in parts)], path, search):
            self.add_lookup(lookup, playbook_dir)

    def add_static(self, name: str, checksum: str, where: str) -> None:
        """A file from the list of static files: taken along when it exists; a real checksum must be right."""
        path = f"{where}.src_path"
        if is_template(name) or not self._inside(name, path):
            return
        clean = posixpath.normpath(name)
        place = self._place(clean, None)
        if place is None or not place.is_file():
            return
        self._file(clean, place, path)
        wanted = _CHECKSUM.fullmatch(checksum.strip())
        if wanted and _digest(place, len(wanted[1])) != wanted[1].lower():
            hint = "the file changed since the plan was made: make the plan again"
            self.findings.add(f"{where}.checksum", f"is not the checksum of {name[:200]!r}", hint)

    def _inside(self, name: str, path: str) -> bool:
        if "\x00" in name or "\\" in name:
            self.findings.add(path, "is not a usable file name", "separate folders by /")
            return False
        clean = posixpath.normpath(name)
        if clean.startswith(("/", "../")) or clean == "..":
            hint = f"put the file into {self.base} and name it relative to there"
            self.findings.add(path, f"{name[:200]!r} lies outside the plan's folder", hint)
            return False
        return True

    def _place(self, clean: str, subfolder: str | None) -> Path | None:
        for place in ([self.base / subfolder / clean] if subfolder and clean != "." else []) + [self.base / clean]:
            try:
                if place.exists():
                    return place
            except OSError:
                return None
        return None

    def _near(self, clean: str) -> str | None:
        """The name of a file that the plan may have meant."""
        folder = (self.base / clean).parent
        try:
            names = [entry.name for entry in itertools.islice(os.scandir(folder), 1000)]
        except OSError:
            return None
        near = suggest(posixpath.basename(clean), names)
        return near.replace("mean ", f"mean {posixpath.dirname(clean)}/", 1) if near and "/" in clean else near

    def _refuse_locked(self, name: str, path: str) -> None:
        hint = "with decrypt: false it arrives encrypted; a playbook's copy decrypts a file that is named literally"
        self.findings.add(path, f"{name[:200]!r} is encrypted with ansible-vault", hint)

    def _folder(self, name: str, folder: Path, path: str, all_of_it: bool) -> None:
        """Every file below a folder, of which `all_of_it` is meant or some."""
        prefix = "" if name == "." else f"{name}/"
        if self.sent is not None:
            for message, hint in self.sent.problems(folder):
                self.findings.add(path, message, hint)
        for place in (self.sent or WHOLE).files(folder):
            file = prefix + place.relative_to(folder).as_posix()
            if all_of_it and not self.as_is and file in self.locked:
                self._refuse_locked(file, path)
            elif not self._file(file, place, path):
                return

    def _file(self, name: str, place: Path, path: str) -> bool:
        """Take one file along; False when there is no use in going on."""
        if name in self.found or name in self.values:
            return True
        if not name.isascii() and _bare(name) != name:
            self.findings.add(path, f"the name {name[:200]!r} is not UTF-8", "give the file another name")
            return True
        try:
            real = place.resolve(strict=True)
            status = real.stat()
        except OSError as error:
            self.findings.add(path, f"{name[:200]!r} cannot be read: {error.strerror}")
            return True
        if not real.is_relative_to(self.root):
            self.findings.add(
                path, f"{name[:200]!r} is a link to outside the plan's folder", "copy the file itself there"
            )
            return True
        if not stat.S_ISREG(status.st_mode):
            self.findings.add(path, f"{name[:200]!r} is not a regular file")
            return True
        if not os.access(real, os.R_OK):
            self.findings.add(path, f"{name[:200]!r} cannot be read: Permission denied")
            return True
        if is_encrypted(real):
            if not self.as_is:
                self._refuse_locked(name, path)
                return True
            self.locked.add(name)
        self.found[name] = place
        self.total += status.st_size
        if len(self.found) > MAX_FILES or self.total > MAX_TOTAL:
            text = f"the plan takes along more than {MAX_FILES} files or {MAX_TOTAL >> 30} GiB"
            self.findings.add(path, text, "name the folders that are needed, not one above them")
            return False
        return True


def _bare(name: str) -> str:
    """A name without the bytes in it that are no text."""
    return name.encode(errors="ignore").decode()


def is_encrypted(place: Path) -> bool:
    """Whether ansible-vault encrypted a file. Raises `OSError`."""
    with place.open("rb") as stream:
        return Vault.is_encrypted(stream.read(_HEAD))


def _literal(name: str) -> tuple[str, bool]:
    """What can be known of a source: the whole name, or the folders before its first expression."""
    found = _MARK.search(name)
    if found is None:
        return name.strip(), True
    return name[: found.start()].rpartition("/")[0].strip(), False


def _unrolled(value: str, task: Task) -> list[str]:
    """The names for each item of a literal loop, when they depend on the item alone."""
    if not is_template(value) or not isinstance(task.loop, list) or not 0 < len(task.loop) <= _MAX_LOOP:
        return [value]
    mark = re.compile(r"\{\{\s*" + re.escape(task.loop_var) + r"((?:\.[A-Za-z_]\w*)*)\s*\}\}")
    names = [mark.sub(lambda found, item=item: _part(item, found[1], found[0]), value) for item in task.loop]  # type: ignore[misc]
    return list(dict.fromkeys(names))


def _part(item: Any, steps: str, otherwise: str) -> str:
    """`item.a.b` as text, or the expression itself where it is no plain text."""
    for step in steps.split(".")[1:]:
        item = item.get(step) if isinstance(item, dict) else None
    plain = isinstance(item, (str, int)) and not isinstance(item, bool) and not is_template(item)
    return str(item) if plain else otherwise


def _digest(path: Path, length: int) -> str:
    """SHA-256 or MD5 by the number of digits; MD5 only because plans carry it."""
    made = hashlib.sha256() if length == 64 else hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            made.update(piece)
    return made.hexdigest()
