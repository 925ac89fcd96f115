"""The platforms that artifacts are built for, and every name people give them."""

from __future__ import annotations

import difflib
import platform
import re
from dataclasses import dataclass

from deploy_tasks.errors import CompileError


@dataclass(frozen=True, slots=True)
class Target:
    """One platform. `triple` is its name everywhere in this project; `uname_s` and `uname_m` are what its hosts say."""

    triple: str
    goos: str
    goarch: str
    uname_s: str
    uname_m: str

    def __str__(self) -> str:
        return self.triple

    @property
    def suffix(self) -> str:
        """What an executable's file name ends with."""
        return ".exe" if self.goos == "windows" else ""


TARGETS = (
    Target("x86_64-linux", "linux", "amd64", "Linux", "x86_64"),
    Target("aarch64-linux", "linux", "arm64", "Linux", "aarch64"),
    Target("x86_64-macos", "darwin", "amd64", "Darwin", "x86_64"),
    Target("aarch64-macos", "darwin", "arm64", "Darwin", "arm64"),
    Target("x86_64-windows", "windows", "amd64", "Windows_NT", "AMD64"),
)
# The full triples people know from other compilers. Runners are static, so gnu and musl hosts take the same one.
TRIPLES = {
    "x86_64-unknown-linux-gnu": "x86_64-linux",
    "x86_64-unknown-linux-musl": "x86_64-linux",
    "aarch64-unknown-linux-gnu": "aarch64-linux",
    "aarch64-unknown-linux-musl": "aarch64-linux",
    "x86_64-apple-darwin": "x86_64-macos",
    "aarch64-apple-darwin": "aarch64-macos",
    "x86_64-pc-windows-msvc": "x86_64-windows",
    "x86_64-pc-windows-gnu": "x86_64-windows",
}
_ARCHES = {"x86_64": ("x86_64", "amd64", "x64", "x86-64"), "aarch64": ("aarch64", "arm64", "armv8", "arm64e")}
_SYSTEMS = {
    "linux": ("linux", "linux-gnu", "linux-musl", "unknown-linux", "pc-linux-gnu", "linux-gnu-musl"),
    "macos": ("macos", "darwin", "apple-macos", "apple-macosx", "osx", "mac"),
    "windows": ("windows", "win32", "win64", "win", "windows-msvc", "windows-gnu", "pc-windows", "pc-windows-gnullvm"),
}
_BY_TRIPLE = {target.triple: target for target in TARGETS}


def _names() -> dict[str, Target]:
    names = {_plain(alias): _BY_TRIPLE[triple] for alias, triple in TRIPLES.items()}
    for target in TARGETS:
        arch, system = target.triple.split("-")
        for a in _ARCHES[arch]:
            for s in _SYSTEMS[system]:
                names[_plain(f"{a}-{s}")] = names[_plain(f"{s}-{a}")] = target
    return names


def _plain(name: str) -> str:
    """The name in lower case with every run of separators as one `-`."""
    return re.sub(r"[-_/\s.]+", "-", name.strip().lower())


_NAMES = _names()


def normalise(name: str) -> Target:
    """The target of a triple or alias, e.g. `x86_64-unknown-linux-musl`, `linux/amd64`, `Darwin arm64`.

    Raises `CompileError` that names the nearest known target.
    """
    if len(name) > 100:
        raise _unknown(name[:100])
    target = _NAMES.get(_plain(name))
    if target is None:
        raise _unknown(name)
    return target


def _unknown(name: str) -> CompileError:
    near = difflib.get_close_matches(_plain(name), _NAMES, n=1, cutoff=0.5)
    guess = f"did you mean {_NAMES[near[0]].triple}? " if near else ""
    known = ", ".join(_BY_TRIPLE)
    return CompileError(f"no target is named {name!r}", hint=f"{guess}The targets are {known}")


def this_machine() -> Target:
    """The target of the machine this runs on; raises `CompileError` when no runner can be built for it."""
    return normalise(f"{platform.system()} {platform.machine()}")
