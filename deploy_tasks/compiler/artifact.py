"""The artifact's form: `runner ‖ files.tar.gz ‖ program.json.gz ‖ trailer`.

The trailer has 128 bytes, big endian: magic, version, zero, the three lengths, the SHA-256 of files and of program,
24 zero bytes. The Go side reads the same form; `tests/cases/artifact.json` holds the cases both must agree on.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

from deploy_tasks.errors import CompileError

MAGIC = b"DTARTIF1"
VERSION = 1
TRAILER_SIZE = 128
_FORM = struct.Struct(">8sIIQQQ32s32s24x")
# What Python's own gzip writes differs between its versions: header and trailer are written here.
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, slots=True)
class Trailer:
    """The trailer read: lengths in bytes, digests in hex."""

    runner_size: int
    files_size: int
    program_size: int
    files_digest: str
    program_digest: str

    @property
    def size(self) -> int:
        """Size of the whole artifact in bytes."""
        return self.runner_size + self.files_size + self.program_size + TRAILER_SIZE

    def pack(self) -> bytes:
        """The trailer's 128 bytes."""
        digests = bytes.fromhex(self.files_digest), bytes.fromhex(self.program_digest)
        return _FORM.pack(MAGIC, VERSION, 0, self.runner_size, self.files_size, self.program_size, *digests)

    @classmethod
    def unpack(cls, data: bytes) -> Trailer:
        """Read 128 bytes; raises `CompileError` when they are not the trailer of an artifact."""
        if len(data) != TRAILER_SIZE:
            raise CompileError(f"not an artifact: the trailer has {len(data)} bytes instead of {TRAILER_SIZE}")
        magic, version, zero, runner, files, program, files_digest, program_digest = _FORM.unpack(data)
        if magic != MAGIC:
            raise CompileError("not an artifact: the file does not end with the mark of one")
        if version != VERSION:
            raise CompileError(f"artifact of version {version}, only version {VERSION} is understood")
        if zero or any(data[-24:]):
            raise CompileError("damaged artifact: what must be zero in its trailer is not")
        return cls(runner, files, program, files_digest.hex(), program_digest.hex())


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an artifact."""

    runner: bytes
    files: bytes
    program: bytes


def trailer(runner_size: int, files: bytes, program: bytes) -> bytes:
    """The trailer for a runner of that many bytes, the packed files (may be empty) and the packed program."""
    digests = hashlib.sha256(files).hexdigest(), hashlib.sha256(program).hexdigest()
    return Trailer(runner_size, len(files), len(program), *digests).pack()


def link(runner: bytes, files: bytes, program: bytes) -> bytes:
    """One executable of the three parts."""
    return b"".join((runner, files, program, trailer(len(runner), files, program)))


def split(artifact: bytes) -> Parts:
    """The parts of an artifact, checked; raises `CompileError` when anything in it does not fit."""
    read = Trailer.unpack(artifact[-TRAILER_SIZE:])
    if read.size != len(artifact):
        raise CompileError(f"damaged artifact: {len(artifact)} bytes instead of {read.size}")
    middle = read.runner_size + read.files_size
    files = artifact[read.runner_size : middle]
    program = artifact[middle : middle + read.program_size]
    for name, part, digest in (("files", files, read.files_digest), ("program", program, read.program_digest)):
        if hashlib.sha256(part).hexdigest() != digest:
            raise CompileError(f"damaged artifact: the digest of its {name} does not hold")
    return Parts(artifact[: read.runner_size], files, program)


def gzip(data: bytes, level: int = 6) -> bytes:
    """`data` packed; no clock, no name, so the same bytes in give the same bytes out."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"".join((GZIP_HEAD, packer.compress(data), packer.flush(), gzip_tail(zlib.crc32(data), len(data))))


def gzip_tail(crc: int, size: int) -> bytes:
    """The last eight bytes of a gzip stream."""
    return struct.pack("<II", crc, size & 0xFFFFFFFF)


def gunzip(data: bytes, limit: int) -> bytes:
    """`data` unpacked; raises `CompileError` when it is damaged or unpacks to more than `limit` bytes."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(data, limit + 1)
    except zlib.error as error:
        raise CompileError(f"damaged gzip data: {error}") from None
    if len(found) > limit:
        raise CompileError(f"gzip data unpacks to more than {limit} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise CompileError("damaged gzip data: it does not end where it should")
    return found
