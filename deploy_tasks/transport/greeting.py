"""Whether a host is there at all, without logging in."""

from __future__ import annotations

import socket

from deploy_tasks.transport.endpoint import Endpoint


def greets(endpoint: Endpoint, timeout_s: float) -> bool:
    """Whether an SSH server answers on the host's port in time. This machine always does."""
    if endpoint.connection == "local":
        return True
    try:
        with socket.create_connection((endpoint.address, endpoint.port), timeout=timeout_s) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
