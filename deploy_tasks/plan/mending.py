"""Going on after the first mistakes: a document that its model refuses is mended in place of what is wrong, so that
everything else in it is checked too and all problems are told at once. A mended document is never deployed.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deploy_tasks.errors import Problem
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.problems import from_validation, path_of

_ROUNDS = 4
# Where one of these is wrong, nothing more can be said of the thing that has it.
_TELLING = frozenset({"module", "args", "conditions"})
_Document = TypeVar("_Document", bound=BaseModel)
_Location = tuple[int | str, ...]


def validated(model: type[_Document], data: Any, findings: Findings) -> _Document | None:
    """The document; where it is wrong the problems are noted and it is mended. None: beyond mending."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        findings.problems += from_validation(error, source=findings.source)
        return _mended(model, data, error, findings)


def follows(problem: Problem, mended: list[str]) -> bool:
    """Whether a problem may only be there because of a mended place."""
    return any(problem.path == place or problem.path.startswith((f"{place}.", f"{place}[")) for place in mended)


def _mended(model: type[_Document], data: Any, error: ValidationError, findings: Findings) -> _Document | None:
    draft = copy.deepcopy(data)
    for _ in range(_ROUNDS):
        for number, detail in enumerate(error.errors(include_url=False, include_context=False, include_input=False)):
            location: _Location = tuple(part for part in detail["loc"] if part != "[key]")
            findings.mended.append(_place(location))
            if not _mend(draft, location, detail["type"] == "missing", number):
                return None
        try:
            return model.model_validate(draft)
        except ValidationError as again:
            error = again
    return None


def _place(location: _Location) -> str:
    while location and location[-1] in _TELLING:
        location = location[:-1]
    return path_of(location)


def _mend(draft: Any, location: _Location, missing: bool, number: int) -> bool:
    """Put a stand-in for what is missing, take away what is wrong. False when the place cannot be found."""
    if not location:
        return False
    holder = draft
    for part in location[:-1]:
        try:
            holder = holder[part]
        except (KeyError, IndexError, TypeError):
            return _mend(draft, location[:-1], False, number)
    last = location[-1]
    if missing and isinstance(holder, dict):
        holder[last] = _stand_in(str(last), number)
    elif isinstance(holder, dict) and last in holder:
        del holder[last]
    elif isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        holder[last] = {}
    else:
        return len(location) > 1 and _mend(draft, location[:-1], False, number)
    return True


def _stand_in(key: str, number: int) -> Any:
    if key.endswith("s") and key != "args":
        return []
    if key == "args":
        return {}
    return "debug" if key == "module" else f"{key} {number}"
