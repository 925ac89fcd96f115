"""Key pairs in OpenSSH's formats, made in a fraction of a millisecond."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An Ed25519 key: `private` is an unencrypted OpenSSH private key file, `public` the words `ssh-ed25519 AAAA…`."""

    private: bytes = field(repr=False)
    public: str

    def write(self, path: Path) -> None:
        """Write `path` (mode 0600) and `path.pub`."""
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(self.private)
        path.with_name(f"{path.name}.pub").write_text(f"{self.public}\n")


def make_key() -> KeyPair:
    """A new key."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return KeyPair(private, public.decode())
