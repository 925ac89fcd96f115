"""The first line of a template file may change settings: `#jinja2: trim_blocks: False, lstrip_blocks: True`."""

from __future__ import annotations

import ast
from typing import Any

from deploy_tasks.errors import Problem

_MARK = "#jinja2:"
_FLAGS = frozenset({"trim_blocks", "lstrip_blocks"})
_MARKERS = frozenset(
    f"{kind}_{end}_string" for kind in ("block", "variable", "comment") for end in ("start", "end")
) | {"line_statement_prefix", "line_comment_prefix"}


def split_header(text: str, *, where: str) -> tuple[str, dict[str, Any], list[Problem]]:
    """The template without its header, the settings the header makes, and what is wrong with them."""
    if not text.startswith(_MARK):
        return text, {}, []
    line, _, rest = text.removeprefix(_MARK).partition("\n")
    settings: dict[str, Any] = {}
    problems = []
    for pair in line.split(","):
        name, _, literal = (part.strip() for part in pair.partition(":"))
        try:
            value = ast.literal_eval(literal)
        except (ValueError, SyntaxError):
            value = None
        if name in _FLAGS and isinstance(value, (bool, int, str)):
            settings[name] = bool(value)  # Ansible sets the value as it is: any text that is not empty counts as true
        elif name in _MARKERS and isinstance(value, str) and value:
            settings[name] = value
        else:
            hint = f"the settings are {', '.join(sorted(_FLAGS | _MARKERS))}"
            problems.append(Problem(where, f"'{pair.strip()}' is no setting of a template", hint=hint, line=1))
    return rest, settings, problems
