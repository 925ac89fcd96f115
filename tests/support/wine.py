"""The Windows of tests: wine in a folder of its own, with a library that programs of Go want and older wines lack."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

_IMAGE, _SECTION = 0x180000000, 0x1000


def wine() -> str | None:
    """The program that starts those of Windows; None without one."""
    debian = Path("/usr/lib/wine/wine64")  # what the package wine64 has without the package wine
    return shutil.which("wine64") or shutil.which("wine") or (str(debian) if debian.exists() else None)


class Windows:
    """A Windows that forgets itself with its folder."""

    def __init__(self, wine: str, folder: Path) -> None:
        self.wine, self.drive = wine, folder / "prefix" / "drive_c"
        self.environment = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all",
            "DISPLAY": "",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=",
        }
        self.run("wineboot", "--init")
        library = self.drive / "windows" / "system32" / "bcryptprimitives.dll"
        if not library.exists():
            library.write_bytes(forwarding(library.name, {"ProcessPrng": "advapi32.SystemFunction036"}))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Start a program there and wait for it."""
        return subprocess.run(
            [self.wine, *arguments], env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )


def forwarding(name: str, exports: dict[str, str]) -> bytes:
    """A library (PE32+, no code in it) whose functions are those of other libraries: name to `library.function`.
    Laid out after Microsoft's "PE Format"; the loader reads nothing else of it."""
    section = _exports(name, exports)
    raw = section.ljust(-(-len(section) // 512) * 512, b"\0")
    header = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    header += struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0, 0, 0, 240, 0x2022)
    header += struct.pack("<HBBIIIII", 0x20B, 0, 0, 0, len(raw), 0, 0, _SECTION)
    header += struct.pack("<QIIHHHHHHIIIIHH", _IMAGE, 0x1000, 512, 6, 0, 0, 0, 6, 0, 0, 2 * _SECTION, 512, 0, 3, 0x100)
    header += struct.pack("<QQQQII", 0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    header += struct.pack("<II", _SECTION, len(section)) + bytes(15 * 8)
    header += struct.pack("<8sIIIIIIHHI", b".rdata", len(section), _SECTION, len(raw), 512, 0, 0, 0, 0, 0x40000040)
    return header.ljust(512, b"\0") + raw


def _exports(name: str, exports: dict[str, str]) -> bytes:
    """The table of what the library has, then the texts it points to."""
    names, count = sorted(exports), len(exports)
    addresses = _SECTION + 40
    texts = addresses + 10 * count
    blob, places = b"", []
    for text in [name, *(exports[each] for each in names), *names]:
        places.append(texts + len(blob))
        blob += text.encode() + b"\0"
    table = (0, 0, 0, 0, places[0], 1, count, count, addresses, addresses + 4 * count, addresses + 8 * count)
    pointers = struct.pack(f"<{2 * count}I{count}H", *places[1:], *range(count))
    return struct.pack("<IIHHIIIIIII", *table) + pointers + blob
