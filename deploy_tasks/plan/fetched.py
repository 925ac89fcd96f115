"""The place of a file that was fetched from a host, by the task's words: pure text that touches no disk."""

from __future__ import annotations

import posixpath

_LONGEST = 4096


class NoPlace(ValueError):
    """These words name no place for a file; the text says why."""


def place(dest: str, src: str, *, flat: bool, host: str, folder: str = "", role: str = "") -> str:
    """Where the file lies: absolute, from the home folder (`~`), or counted from the plan's folder.

    As with Ansible that is `dest/HOST/src`, or `dest` itself when `flat`, with the name of the file behind a slash.
    `folder` is that of the playbook within the plan's, from which a relative `dest` counts; one that is made of
    `playbook_dir` or `role_path` begins with it or with `role`, and counts from the plan's. Whatever `src` is, it leads
    no further up than to `dest/HOST`. Raises `NoPlace`.
    """
    if "\0" in dest + src + host or len(dest) + len(src) > _LONGEST:
        raise NoPlace("src and dest are no paths")
    if not flat:
        return posixpath.normpath(posixpath.join(counted(dest, folder, role) or ".", _host(host), _inner(src)))
    if not dest:
        raise NoPlace("dest names no file")
    if dest.endswith("/"):
        dest += _file_name(src)
    return posixpath.normpath(counted(dest, folder, role))


def counted(dest: str, folder: str, role: str) -> str:
    """A dest as it counts from the plan's folder; `folder` and `role` as for `place`."""
    known = [name for name in (folder, role) if name]
    if dest in known or dest.startswith(("/", "~", *(f"{name}/" for name in known))):
        return dest
    return posixpath.join(folder, dest)


def _host(name: str) -> str:
    if "/" in name or name in ("", ".", ".."):
        raise NoPlace(f"the host's name {name[:80]!r} cannot be that of a folder")
    return name


def _inner(src: str) -> str:
    """What a path of the host is below a folder of its own."""
    inner = posixpath.normpath(src).lstrip("/")
    if inner in ("", ".", "..") or inner.startswith("../"):
        raise NoPlace(f"src {src[:200]!r} leads out of the folder of its host")
    return inner


def _file_name(src: str) -> str:
    name = posixpath.basename(src)
    if name in ("", ".", ".."):
        raise NoPlace(f"src {src[:200]!r} names no file")
    return name
