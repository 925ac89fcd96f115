"""A worker as `workers.run`, with a broker that loses patience: messages come back while they are worked on."""

from __future__ import annotations

import os
import sys
from typing import Any

from deploy_tasks import broker
from workers.run import main

SECONDS = "IMPATIENT_S"


def _hurry() -> None:
    ordinary = broker.transport_options

    def hurried() -> dict[str, Any]:
        after = float(os.environ[SECONDS])
        return ordinary() | {"visibility_timeout": after, "unacked_restore_interval": 1}

    broker.transport_options = hurried


if __name__ == "__main__":
    _hurry()
    sys.exit(main())
