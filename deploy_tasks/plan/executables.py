"""Which platforms an executable is for, by its first bytes: ELF, Mach-O and PE."""

from __future__ import annotations

import struct

#: How much of a file says it: the headers that are looked at lie within.
HEAD = 64 << 10

_ELF_MACHINES = {62: "x86_64", 183: "aarch64"}
_LINUX = (0, 3)  # System V, which Linux has, and Linux itself
_MACH_O = {b"\xcf\xfa\xed\xfe": "<", b"\xfe\xed\xfa\xcf": ">"}
_MACH_O_CPUS = {0x01000007: "x86_64", 0x0100000C: "aarch64"}
_FAT = b"\xca\xfe\xba\xbe"
_MAX_FAT = 16
_PE_MACHINES = {0x8664: "x86_64"}


def targets_of(head: bytes) -> tuple[str, ...] | None:
    """The target triples that an executable with this beginning runs on; empty: none that there is a runner for.

    None when it is no executable of a known form.
    """
    try:
        if head.startswith(b"\x7fELF"):
            return _elf(head)
        if head[:4] in _MACH_O:
            return _named(_MACH_O_CPUS, [struct.unpack_from(_MACH_O[head[:4]] + "I", head, 4)[0]], "macos")
        if head.startswith(_FAT):
            return _fat(head)
        if head.startswith(b"MZ"):
            return _pe(head)
    except (struct.error, IndexError):
        return ()  # cut off
    return None


def _named(machines: dict[int, str], found: list[int], system: str) -> tuple[str, ...]:
    return tuple(f"{machines[each]}-{system}" for each in found if each in machines)


def _elf(head: bytes) -> tuple[str, ...]:
    wide, order, system = head[4], "<" if head[5] == 1 else ">", head[7]
    if wide != 2 or system not in _LINUX:
        return ()
    return _named(_ELF_MACHINES, [struct.unpack_from(order + "H", head, 18)[0]], "linux")


def _fat(head: bytes) -> tuple[str, ...]:
    count = struct.unpack_from(">I", head, 4)[0]
    if count > _MAX_FAT:
        return ()  # a class file of Java begins alike
    return _named(_MACH_O_CPUS, [struct.unpack_from(">I", head, 8 + 20 * each)[0] for each in range(count)], "macos")


def _pe(head: bytes) -> tuple[str, ...]:
    at = struct.unpack_from("<I", head, 0x3C)[0]
    if head[at : at + 4] != b"PE\x00\x00":
        return ()
    return _named(_PE_MACHINES, [struct.unpack_from("<H", head, at + 4)[0]], "windows")
