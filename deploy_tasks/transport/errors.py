"""What can go wrong between a worker and a host: every error names the host, the phase and whether to try again."""

from __future__ import annotations

from typing import ClassVar

from deploy_tasks.errors import DeployError


class TransportError(DeployError):
    """Root of the transport's errors.

    `phase` is connecting, sending, running, verifying or undoing. `retryable` says whether the same call may succeed
    later without anybody changing anything. `touched` says whether the host may have been changed: its request was
    on the way when it failed.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, host: str, phase: str, message: str, *, hint: str | None = None, touched: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.host = host
        self.phase = phase
        self.touched = touched


class Unreachable(TransportError):
    """No SSH connection: refused, timed out, no such name, no banner."""

    retryable = True


class HostKeyRefused(TransportError):
    """The host showed a key that is not known, not the known one, or revoked. Nothing was sent to it."""


class AuthRefused(TransportError):
    """The host does not let us in with the key, agent or password we have."""


class HostRefused(TransportError):
    """The host's side of the dialogue refused; `reason` is one word of the protocol (no_space, noexec, busy, …)."""

    def __init__(
        self, host: str, phase: str, reason: str, message: str, *, hint: str | None = None, touched: bool = False
    ) -> None:
        super().__init__(host, phase, message, hint=hint, touched=touched)
        self.reason = reason


class HostSilent(TransportError):
    """Nothing came from the host, or nothing could be sent to it, for too long."""

    retryable = True


class ConnectionLost(TransportError):
    """The connection ended in the middle of the dialogue."""

    retryable = True


class DeadlineExceeded(TransportError):
    """The host used up the time it had."""


class ProtocolError(TransportError):
    """The host said something the dialogue does not have."""


class Cancelled(TransportError):
    """Cancelled before the host was asked to do anything."""
