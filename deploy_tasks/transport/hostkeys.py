"""Which key a host must show: pinned in the inventory, or in OpenSSH's known_hosts files. Nothing else is accepted."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from deploy_tasks.transport.endpoint import Endpoint
from deploy_tasks.transport.errors import HostKeyRefused

_LARGEST_FILE = 64 << 20


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public host key: its type (`ssh-ed25519`) and its bytes."""

    kind: str
    blob: bytes

    @classmethod
    def parse(cls, text: str) -> HostKey | None:
        """From the words `ssh-ed25519 AAAA… [comment]`; None when they are not a key."""
        words = text.split()
        if len(words) < 2:
            return None
        try:
            return cls(words[0], base64.b64decode(words[1], validate=True))
        except (binascii.Error, ValueError):
            return None

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint}"


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that one host may show, those it must not, and where they are written down."""

    keys: tuple[HostKey, ...]
    revoked: tuple[HostKey, ...]
    source: str

    @property
    def kinds(self) -> list[str]:
        """The types of the keys, in order, each once."""
        return list(dict.fromkeys(key.kind for key in self.keys))

    def check(self, endpoint: Endpoint, shown: HostKey) -> None:
        """Raise HostKeyRefused unless the host showed a key it may show."""
        where, pinned = endpoint.known_as, endpoint.host_key is not None
        if shown in self.revoked:
            message = f"host key of {where} is revoked in {self.source}: {shown}"
            raise HostKeyRefused(endpoint.name, "connecting", message, hint="the host needs a new key")
        if shown in self.keys:
            return
        if self.keys:
            known = ", ".join(str(key) for key in self.keys)
            raise HostKeyRefused(
                endpoint.name,
                "connecting",
                f"host key of {where} changed: it shows {shown}, {self.source} has {known}",
                hint=self._hint_pinned(endpoint) if pinned else self._hint_changed(endpoint),
            )
        message = f"host key of {where} is not known: it shows {shown}, {self.source} has none"
        raise HostKeyRefused(endpoint.name, "connecting", message, hint=self._hint_enrol(endpoint))

    def _hint_pinned(self, endpoint: Endpoint) -> str:
        return f"if the host was reinstalled, change deploy_tasks_host_key of {endpoint.name} in the inventory"

    def _hint_changed(self, endpoint: Endpoint) -> str:
        return (
            f"if the host was reinstalled: ssh-keygen -R '{endpoint.known_as}' -f {self.source}, then enrol it again: "
            f"{self._hint_enrol(endpoint)}"
        )

    def _hint_enrol(self, endpoint: Endpoint) -> str:
        return (
            f"ssh-keyscan -p {endpoint.port} {endpoint.address} | tee /dev/stderr | ssh-keygen -lf - ; if the "
            f"fingerprint is the host's own (there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), add the line to "
            f"{self.source}"
        )


def trust(endpoint: Endpoint, known_hosts: Path) -> Trust:
    """What is known of this host. Raises HostKeyRefused when the inventory's key is not one."""
    if endpoint.host_key is None:
        return KnownHosts.read(known_hosts).trust(endpoint)
    key = HostKey.parse(endpoint.host_key)
    if key is None:
        raise HostKeyRefused(
            endpoint.name,
            "connecting",
            "deploy_tasks_host_key in the inventory is not a public key",
            hint='write it as "ssh-ed25519 AAAA…", as in the host\'s /etc/ssh/ssh_host_ed25519_key.pub',
        )
    return Trust((key,), (), "the inventory")


@dataclass(frozen=True, slots=True)
class _Entry:
    names: str
    key: HostKey
    revoked: bool

    def covers(self, name: str) -> bool:
        """Whether the entry's names (hashed, or a comma list of patterns with negations) cover this one."""
        if self.names.startswith("|1|"):
            return self._covers_hashed(name)
        covered = False
        for pattern in self.names.split(","):
            if fnmatch.fnmatchcase(name, _literal_brackets(pattern.lstrip("!").lower())):
                if pattern.startswith("!"):
                    return False
                covered = True
        return covered

    def _covers_hashed(self, name: str) -> bool:
        try:
            salt, digest = (base64.b64decode(word) for word in self.names[3:].split("|"))
        except ValueError:
            return False
        return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)


def _literal_brackets(pattern: str) -> str:
    """OpenSSH's patterns know * and ? only; the brackets of `[host]:port` are themselves."""
    return pattern.replace("[", "[[]")


class KnownHosts:
    """A known_hosts file, read once per version of the file. Exact names are looked up, patterns and hashes tried."""

    def __init__(self, entries: Iterable[_Entry], source: str) -> None:
        self._source = source
        self._exact: dict[str, list[_Entry]] = {}
        self._others: list[_Entry] = []
        for entry in entries:
            if entry.names.startswith("|") or any(mark in entry.names for mark in "*?!"):
                self._others.append(entry)
            else:
                for name in entry.names.lower().split(","):
                    self._exact.setdefault(name, []).append(entry)

    @classmethod
    def read(cls, path: Path) -> KnownHosts:
        """The file as it is now; a missing one knows nobody."""
        try:
            status = path.stat()
        except OSError:
            return cls((), str(path))
        return _read(path, status.st_mtime_ns, status.st_size)

    def trust(self, endpoint: Endpoint) -> Trust:
        """The keys of this host."""
        name = endpoint.known_as.lower()
        found = [*self._exact.get(name, ()), *(entry for entry in self._others if entry.covers(name))]
        keys = tuple(entry.key for entry in found if not entry.revoked)
        return Trust(keys, tuple(entry.key for entry in found if entry.revoked), self._source)


@lru_cache(maxsize=8)
def _read(path: Path, _modified: int, size: int) -> KnownHosts:
    if size > _LARGEST_FILE:
        return KnownHosts((), str(path))
    return KnownHosts(_parse(path.read_text(errors="replace")), str(path))


def _parse(text: str) -> Iterator[_Entry]:
    """The entries we can check. Certificate authorities are left out: a host that has only one is not known."""
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0) if words[0].startswith("@") else ""
        key = HostKey.parse(" ".join(words[1:3])) if len(words) >= 3 else None
        if key is not None and marker in ("", "@revoked"):
            yield _Entry(words[0], key, marker == "@revoked")
