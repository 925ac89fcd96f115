"""Run the gofmt of the pinned Go toolchain with the given arguments."""

import os
import sys
from pathlib import Path

import go

binary = Path(str(go.__file__)).parent / "bin" / "gofmt"
os.execv(binary, ["gofmt", *sys.argv[1:]])  # noqa: S606
