"""The packed files of an artifact: each content once, named by its digest, in order of first use."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from deploy_tasks.compiler.artifact import GZIP_HEAD, gzip_tail
from deploy_tasks.errors import CompileError

_BLOCK = 512
_CHUNK = 1 << 20
LARGEST_FILE = (8 << 30) - 1


class _Packer:
    """Gzip onto a stream without holding what is packed."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc = 0
        self._size = 0
        out.write(GZIP_HEAD)

    def write(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._out.write(self._packer.compress(data))

    def finish(self) -> None:
        self._out.write(self._packer.flush())
        self._out.write(gzip_tail(self._crc, self._size))


def pack(files: Iterable[tuple[str, Path]], out: BinaryIO) -> None:
    """Write `files`, pairs of digest and path, to `out` as tar.gz. The same contents give the same bytes.

    Raises `CompileError` when a file can no longer be read or no longer has the content it had.
    """
    packer = _Packer(out)
    for digest, path in files:
        try:
            _add(packer, digest, path)
        except OSError as error:
            raise CompileError(f"cannot read {path}: {error.strerror}") from error
    packer.write(b"\0" * (2 * _BLOCK))
    packer.finish()


def _add(packer: _Packer, digest: str, path: Path) -> None:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        packer.write(_header(digest, size))
        seen, left = hashlib.sha256(), size
        while left and (chunk := stream.read(min(_CHUNK, left))):
            left -= len(chunk)
            seen.update(chunk)
            packer.write(chunk)
    if left or seen.hexdigest() != digest:
        raise CompileError(f"{path} changed while it was compiled", hint="compile again when nobody writes to it")
    packer.write(b"\0" * (-size % _BLOCK))


def _header(digest: str, size: int) -> bytes:
    if size > LARGEST_FILE:
        raise CompileError(f"a file has {size} bytes, at most {LARGEST_FILE} can be embedded")
    entry = tarfile.TarInfo(digest)
    entry.size, entry.mode = size, 0o600
    return entry.tobuf(tarfile.USTAR_FORMAT)
