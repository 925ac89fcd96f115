"""Programs as the store keeps them: what workers look up in what the hosts perform."""

from __future__ import annotations

from pathlib import Path

from deploy_tasks.compiler.artifact import gunzip
from deploy_tasks.compiler.lowering import MAX_PROGRAM
from deploy_tasks.errors import CompileError, StoreError


def read_program(packed: Path) -> bytes:
    """The JSON of a packed program. Raises `StoreError` when it is damaged or larger than any program may be."""
    try:
        return gunzip(packed.read_bytes(), MAX_PROGRAM)
    except (OSError, CompileError) as error:
        raise StoreError(f"the program in the store cannot be read: {error}") from None
