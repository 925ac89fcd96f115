"""The files that template files include, import and extend, so that they travel with the plan."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from deploy_tasks.errors import PlanError
from deploy_tasks.plan.documents import BadDocument, decode, read_bounded
from deploy_tasks.plan.jinja_parts import read_parts
from deploy_tasks.plan.jinja_references import Library, template_folders
from deploy_tasks.plan.lookup_files import Wanted, in_text, looks_up

MAX_TEMPLATE = 4 << 20
_MAX_LISTED = 20_000
_REFERS = re.compile(r"\b(?:include|import|extends)\b")


def included(
    name: str, file: Path, base: Path, search: Iterable[str], playbook_dir: str, settings: Mapping[str, Any]
) -> list[str]:
    """The plan-relative names of all that the template `name`, which lies at `file`, may need.

    What is wrong with any of them is told where templates are checked.
    """
    found: dict[str, None] = {}

    def read(part: str) -> str:
        found[part] = None
        return read_template(base / part)

    with suppress(PlanError):
        text = read_template(file)
        if _REFERS.search(text):
            library = on_disk(base, template_folders(search, playbook_dir, name))
            read_parts(text, where=name, library=library, read=read, settings=settings)
    return list(found)


def looked_up(templates: Iterable[Path], where: str, search: tuple[str, ...]) -> Iterator[Wanted]:
    """The lookups of files in some template files."""
    for template in templates:
        with suppress(PlanError):
            text = read_template(template)
            if looks_up(text):
                yield from in_text(text, where, search)


def read_template(file: Path) -> str:
    """The text of a template file. Raises `PlanError`."""
    try:
        return decode(read_bounded(file, MAX_TEMPLATE), str(file))
    except BadDocument as error:
        raise PlanError([error.problem]) from None


def on_disk(base: Path, folders: Iterable[str]) -> Library:
    """The library of the templates below a folder."""

    return Library(
        tuple(folders),
        lambda name: (base / name).is_file(),
        lambda folder: itertools.islice(_below(base, folder), _MAX_LISTED),
    )


def _below(base: Path, folder: str) -> Iterator[str]:
    for place, inner, files in os.walk(base / folder):
        inner.sort()
        for file in sorted(files):
            yield Path(place, file).relative_to(base).as_posix()
