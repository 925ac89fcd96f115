"""How everything is printed.

The rules of the output:
- results go to standard output, everything else (progress, notes, errors) to standard error;
- an error is `error:` and a sentence, then `hint:` with the exact next command where there is one;
- a terminal gets one live line, a pipe gets one plain line per phase, `--json` exactly one document;
- colours only on terminals, never with NO_COLOR, and never as the only carrier of meaning;
- the final table is always printed, failed hosts first;
- of a failed command at most its last ten lines are shown, and no text twice;
- what comes from hosts and documents is printed without its control characters.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LABEL_WIDTH = 12
_STYLES = {
    "error:": "bold red",
    "failed": "red",
    "unreachable": "red",
    "undo failed": "red",
    "cancelled": "yellow",
    "rolled back": "yellow",
    "warning:": "yellow",
    "hint:": "cyan",
    "succeeded": "green",
    "verified": "green",
}


def out() -> Console:
    """The console of results."""
    return _console(sys.stdout)


def err() -> Console:
    """The console of everything else."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)


def printable(text: object) -> str:
    """The text without escape sequences and control characters, so that a host cannot paint on our terminal."""
    return _CONTROL.sub("", str(text)).replace("\t", "    ")


def styled(label: str, width: int = 0) -> Text:
    """A label in its colour, padded to `width`."""
    return Text().append(label.ljust(width), style=_STYLES.get(label, ""))


def row(label: str, *cells: str, width: int = _LABEL_WIDTH) -> Text:
    """One line: the label in its column, then the cells three spaces apart."""
    line = styled(label, width)
    return line.append("  " + "   ".join(cell for cell in map(printable, cells) if cell))


def note(*parts: str) -> None:
    """A line on standard error: what is happening, not a result."""
    err().print(row(*parts, width=8) if len(parts) > 1 else Text(printable(parts[0])))


def warning(message: str) -> None:
    """Something the user should know that is no error."""
    err().print(styled("warning:").append(" " + printable(message)))


def hint(text: str) -> None:
    """What to type next."""
    err().print(styled("hint:").append(" " + printable(text)))


def error(message: str, next_step: str | None = None) -> None:
    """`error:` and, when there is a next step, `hint:`."""
    err().print(styled("error:").append(" " + printable(message)))
    if next_step:
        hint(next_step)


def columns(rows: Iterable[Iterable[Any]]) -> list[str]:
    """Rows as aligned text columns; the last column is never padded."""
    table = [[printable(cell) for cell in cells] for cells in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)] if table else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in table]
