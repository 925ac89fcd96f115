"""ansible-vault: reading what it encrypted, and keeping what was read apart from the plan.

A decrypted value never stands in a plan: `hide` puts a variable in its place, and the value itself is delivered to
the hosts when the deployment starts, as variables of the caller are. Variables of the inventory are delivered that way
in any case; their decrypted values are only noted (`reveal`), so that no log shows them.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from deploy_tasks.errors import PasswordError, PlanError, Problem
from deploy_tasks.plan.documents import BadDocument, decode, parse_yaml, read_bounded
from deploy_tasks.plan.yaml_values import untemplated

PREFIX = "__vault_"
_MAGIC = "$ANSIBLE_VAULT"
_HEADER = re.compile(r"\$ANSIBLE_VAULT;(1\.[0-9]);(\w+)(?:;([^\s;]{1,100}))?\s*")
_ROUNDS = 10_000
_MAX_PASSWORD = 1 << 20
_SCRIPT_TIMEOUT_S = 60
_WIDTH = 80
_WANTS = "give the password with --vault-password-file"


class Vault:
    """The passwords of a plan's encrypted values, and the values that were decrypted with them.

    Password files are read when the first encrypted value is met; one that may be executed is run and prints the
    password, as with Ansible. With several passwords each is tried in turn.
    """

    def __init__(self, password_files: Sequence[Path] = ()) -> None:
        self._files = tuple(password_files)
        self._passwords: tuple[bytes, ...] | None = None
        self._keys: dict[tuple[bytes, bytes], bytes] = {}
        self._again: dict[str, str] = {}
        #: What stands behind the variables that `hide` gave out.
        self.secrets: dict[str, Any] = {}
        #: Every text that `reveal` gave out.
        self.revealed: dict[str, None] = {}

    @property
    def opens(self) -> bool:
        """Whether there is a password at all."""
        return bool(self._files)

    @staticmethod
    def is_encrypted(data: bytes | str) -> bool:
        """Whether a file's content is one encrypted whole."""
        return data.startswith(_MAGIC.encode()) if isinstance(data, bytes) else data.startswith(_MAGIC)

    def hide(self, value: Any) -> str:
        """A template that stands for the value wherever the plan has it."""
        name = f"{PREFIX}{len(self.secrets)}"
        self.secrets[name] = value
        return f"{{{{ {name} }}}}"

    def hide_again(self, text: str) -> str:
        """The template that stands for a text; the same one wherever the text is hidden again."""
        if text not in self._again:
            self._again[text] = self.hide(text)
        return self._again[text]

    def hide_text(self, locked: str, shown: str) -> str:
        """The template that stands for one encrypted text. Like Ansible's, the text is no template itself.

        Raises `BadDocument`.
        """
        return self.hide(untemplated(self._plain(locked, shown)))

    def reveal(self, locked: str, shown: str) -> str:
        """One encrypted text itself, kept from templating. Raises `BadDocument`."""
        text = self._plain(locked, shown)
        self.revealed[text] = None
        return untemplated(text)

    def parse_yaml(self, text: str, source: str) -> Any:
        """The data of a YAML document that may be encrypted, or hold encrypted texts, with everything revealed.

        Raises `BadDocument`.
        """
        if not self.is_encrypted(text):
            return parse_yaml(text, source, lambda locked: self.reveal(locked, source))
        try:
            data = parse_yaml(self.decrypt_file(text, source), source, secret=True)
        except BadDocument as error:
            raise BadDocument(covered(error.problem)) from None
        self.revealed.update(dict.fromkeys(secret_texts({"": data})))
        return data

    def decrypt_file(self, text: str, shown: str) -> str:
        """The text of a file that is encrypted as a whole. Raises `BadDocument` with the file's first line."""
        try:
            return self._plain(text, shown)
        except BadDocument as error:
            raise BadDocument(replace(error.problem, line=1)) from None

    def _plain(self, locked: str, shown: str) -> str:
        return decode(self.decrypt(locked, shown), shown)

    def decrypt(self, text: str, shown: str) -> bytes:
        """What was encrypted. Raises `BadDocument` when the text is damaged or no password fits."""
        salt, digest, cipher = _parts(text, shown)
        passwords = self._read_passwords()
        if not passwords:
            raise BadDocument(Problem("", "is encrypted with ansible-vault", _WANTS, shown))
        for password in passwords:
            key = self._key(password, salt)
            if hmac.compare_digest(hmac.digest(key[32:64], cipher, "sha256"), digest):
                return _opened(key, cipher, shown)
        hint = "look at --vault-password-file: it names another password, or the text is damaged"
        raise BadDocument(Problem("", "is encrypted with another ansible-vault password", hint, shown))

    def encrypt(self, data: bytes) -> str:
        """The data as ansible-vault would write it, encrypted with the first password. Raises `PlanError` without."""
        passwords = self._read_passwords()
        if not passwords:
            raise PlanError([Problem("", "holds encrypted values", _WANTS)])
        salt = os.urandom(32)
        key = self._key(passwords[0], salt)
        padder = PKCS7(128).padder()
        locked = _stream(key).encryptor()
        cipher = locked.update(padder.update(data) + padder.finalize()) + locked.finalize()
        digest = hmac.digest(key[32:64], cipher, "sha256")
        inner = b"\n".join(binascii.hexlify(part) for part in (salt, digest, cipher))
        body = binascii.hexlify(inner).decode()
        lines = [body[start : start + _WIDTH] for start in range(0, len(body), _WIDTH)]
        return "\n".join([f"{_MAGIC};1.1;AES256", *lines, ""])

    def _key(self, password: bytes, salt: bytes) -> bytes:
        """32 bytes for the cipher, 32 for the digest, 16 to begin counting with."""
        if (password, salt) not in self._keys:
            self._keys[password, salt] = hashlib.pbkdf2_hmac("sha256", password, salt, _ROUNDS, 80)
        return self._keys[password, salt]

    def _read_passwords(self) -> tuple[bytes, ...]:
        if self._passwords is None:
            self._passwords = tuple(_password(path) for path in self._files)
        return self._passwords


def covered(problem: Problem) -> Problem:
    """The problem without the line of the document that its message shows."""
    return replace(problem, message=problem.message.partition("\n")[0])


def secret_texts(secrets: Mapping[str, Any]) -> Iterator[str]:
    """Every text and number among decrypted values, at any depth: what logs must not show."""
    pending: list[Any] = list(secrets.values())
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            pending.extend(value.values())
        elif isinstance(value, (list, tuple)):
            pending.extend(value)
        elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
            yield str(value)


def _parts(text: str, shown: str) -> tuple[bytes, bytes, bytes]:
    """Salt, digest and cipher text."""
    first, _, body = text.strip().partition("\n")
    header = _HEADER.fullmatch(first)
    if header is None:
        raise BadDocument(
            Problem("", "begins like a text encrypted by ansible-vault, but is none", "encrypt it again", shown)
        )
    if header[1] not in ("1.1", "1.2") or header[2] != "AES256":
        message = f"is encrypted as {header[1]} {header[2][:20]}, which is not read"
        raise BadDocument(Problem("", message, "ansible-vault rekey writes 1.1 AES256", shown))
    try:
        salt, digest, cipher = map(binascii.unhexlify, binascii.unhexlify("".join(body.split())).split(b"\n"))
    except (binascii.Error, ValueError):
        problem = Problem("", "is a damaged text of ansible-vault", "a line may be missing: encrypt it again", shown)
        raise BadDocument(problem) from None
    return salt, digest, cipher


def _stream(key: bytes) -> Cipher[modes.CTR]:
    return Cipher(algorithms.AES(key[:32]), modes.CTR(key[64:80]))


def _opened(key: bytes, cipher: bytes, shown: str) -> bytes:
    stream = _stream(key).decryptor()
    padded = stream.update(cipher) + stream.finalize()
    unpadder = PKCS7(128).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise BadDocument(Problem("", "is a damaged text of ansible-vault", "encrypt it again", shown)) from None


def _password(path: Path) -> bytes:
    """The password in a file, or what the file prints when it is a program. Raises `PasswordError`."""
    shown = str(path)
    if path.is_file() and os.access(path, os.X_OK):
        data = _printed(path)
    else:
        try:
            data = read_bounded(path, _MAX_PASSWORD)
        except BadDocument as error:
            raise PasswordError([replace(error.problem, hint="--vault-password-file names it")]) from None
    password = data.strip()
    if not password:
        raise PasswordError([Problem("", "holds no password", "write the vault's password into it", shown)])
    return password


def _printed(path: Path) -> bytes:
    shown = str(path)
    try:
        done = subprocess.run([str(path.absolute())], stdout=subprocess.PIPE, timeout=_SCRIPT_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or f"did not end within {_SCRIPT_TIMEOUT_S} s"
        hint = "chmod a-x when the file itself holds the password"
        raise PasswordError([Problem("", f"cannot be run for the vault's password: {reason}", hint, shown)]) from None
    if done.returncode:
        message = f"ended with status {done.returncode} instead of printing the vault's password"
        raise PasswordError([Problem("", message, None, shown)])
    return done.stdout[:_MAX_PASSWORD]
