"""Warnings of what reads plans and inventories, on the screen: each once, and not thousands of them."""

from __future__ import annotations

import logging

from deploy_tasks.cli import render

_READERS = "deploy_tasks.plan"
_MOST = 50


class _Notices(logging.Handler):
    """Prints the warnings of one command. A document is read more than once: the same warning comes again."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self._told and len(self._told) < _MOST:
            self._told.add(text)
            render.warning(text)


def show() -> None:
    """Print from here on what the readers of documents warn of; what an earlier command was told is forgotten."""
    logger = logging.getLogger(_READERS)
    for handler in [each for each in logger.handlers if isinstance(each, _Notices)]:
        logger.removeHandler(handler)
    logger.addHandler(_Notices())
