"""Warnings of what reads plans and inventories, and of what puts fetched files in place, on the screen: each once, and
not thousands of them. Words of hosts are in them, which paint nothing on our terminal."""

from __future__ import annotations

import logging

from deploy_tasks.cli import render

_TOLD_OF = ("deploy_tasks.plan", "deploy_tasks.rollout.receiving")
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
    """Print from here on what is warned of; what an earlier command was told is forgotten."""
    notices = _Notices()
    for name in _TOLD_OF:
        logger = logging.getLogger(name)
        for handler in [each for each in logger.handlers if isinstance(each, _Notices)]:
            logger.removeHandler(handler)
        logger.addHandler(notices)
