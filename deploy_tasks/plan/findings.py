"""Collecting problems while a document is lowered, so that all of them are told at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic_core import PydanticCustomError

from deploy_tasks.errors import Problem
from deploy_tasks.plan.problems import MAX_PROBLEMS


class Findings:
    """The problems found so far in one document."""

    def __init__(self, source: str | None = None) -> None:
        self.source = source
        self.problems: list[Problem] = []
        #: Places of the document that were mended to go on; what is found there later may be a consequence.
        self.mended: list[str] = []

    def add(self, path: str, message: str, hint: str | None = None) -> None:
        """Note one problem; beyond a bound they are dropped, nobody reads thousands."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(path, message, hint or None, self.source))

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        """Note the error that a field or operator raises inside under this path, and go on after the block."""
        try:
            yield
        except PydanticCustomError as error:
            context = error.context or {}
            self.add(path, str(context.get("message", error)), str(context.get("hint") or "") or None)
