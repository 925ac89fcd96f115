"""Log lines of worker processes: one form for people, one for machines. Nothing a host said is ever logged."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from deploy_tasks.settings import Settings

#: Loggers that repeat what the ledger tells better, or that print other people's data.
_QUIET = ("paramiko", "fabric", "invoke", "amqp", "kombu", "celery.redirected", "botocore")


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, process, message, and the exception if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up(settings: Settings, level: int | str | None = None) -> None:
    """Send all log lines of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    if settings.log_format == "json":
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=level or settings.log_level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
