"""Opening a link: TCP, banner, a turn at the key exchange, login; again where trying again makes sense."""

from __future__ import annotations

import errno
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paramiko

from deploy_tasks.transport import ssh
from deploy_tasks.transport.credentials import login
from deploy_tasks.transport.endpoint import Endpoint
from deploy_tasks.transport.errors import AuthRefused, Cancelled, HostKeyRefused, TransportError, Unreachable
from deploy_tasks.transport.hostkeys import Trust, trust
from deploy_tasks.transport.link import Link
from deploy_tasks.transport.local import LocalLink
from deploy_tasks.transport.options import ConnectOptions
from deploy_tasks.transport.turns import Turns
from deploy_tasks.transport.watchdog import WATCHDOG, Guard
from deploy_tasks.transport.wire import NoBanner, Wire

PHASE = "connecting"
# How often to try, and the longest first pause. A server that drops connections because too many come at once
# (MaxStartups) deserves more patience than one that refuses.
_TRIES, _PAUSE_S = 3, 0.3
_CROWDED_TRIES, _LONGEST_PAUSE_S = 10, 3.0


@dataclass(frozen=True)
class Attempt:
    """Why one attempt failed: the words for the operator, and how many such attempts are worth it."""

    message: str
    tries: int
    hint: str | None = None


class Connector:
    """Opens links for one process."""

    def __init__(self, options: ConnectOptions) -> None:
        self._options = options
        self._turns = Turns(options.handshakes)

    def connect(self, endpoint: Endpoint, guard: Guard, cancelled: Callable[[], bool]) -> Link:
        """A fresh link. Raises Unreachable, HostKeyRefused, AuthRefused or Cancelled; leaves nothing open then."""
        if endpoint.connection == "local":
            link = LocalLink()
            guard.arm(link.abort)
            return link
        trusted = trust(endpoint, self._options.known_hosts)
        credentials = login(endpoint, self._options.key_file, self._options.use_agent)
        tries = 0
        while True:
            tries += 1
            outcome = self._attempt(endpoint, trusted, credentials, guard)
            if not isinstance(outcome, Attempt):
                return outcome
            if tries >= outcome.tries or guard.expired:
                raise _unreachable(endpoint, outcome, tries)
            _pause(tries, guard, cancelled, endpoint)

    def _attempt(self, endpoint: Endpoint, trusted: Trust, credentials: dict[str, Any], guard: Guard) -> Link | Attempt:
        timeout_s = min(self._options.connect_timeout_s, guard.remaining_s)
        wire: Wire | None = None
        try:
            wire = Wire(ssh.connect_socket(endpoint.address, endpoint.port, max(timeout_s, 0.001)))
            guard.arm(wire.close)
            wire.await_banner(timeout_s)
            with (
                self._turns.turn(),
                WATCHDOG.guard(self._options.connect_timeout_s + self._options.auth_timeout_s) as own,
            ):
                own.arm(wire.close)
                link = ssh.open_link(endpoint, wire, trusted, credentials, self._options)
            guard.arm(link.abort)
            return link
        except Exception as error:
            guard.disarm()
            if wire is not None:
                wire.close()
                wire.release()
            return _judge(endpoint, error, timeout_s)


def _judge(endpoint: Endpoint, error: Exception, timeout_s: float) -> Attempt:
    """What an error of an attempt means; raises what trying again cannot mend."""
    port = endpoint.port
    if isinstance(error, TransportError):
        raise error
    if isinstance(error, paramiko.AuthenticationException):
        raise _refused_login(endpoint, error) from None
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        raise _incompatible(endpoint, error) from None
    if isinstance(error, NoBanner):
        return Attempt(f"port {port}: {error}", _CROWDED_TRIES if "closed" in str(error) else _TRIES)
    if isinstance(error, socket.gaierror):
        return Attempt(f"no address for {endpoint.address}: {error.strerror}", 1, "ansible_host must name the host")
    if isinstance(error, ConnectionRefusedError):
        return Attempt(f"refused on port {port}", _TRIES)
    if isinstance(error, TimeoutError):
        return Attempt(f"no answer on port {port} in {timeout_s:.0f} s", _TRIES)
    if isinstance(error, (ConnectionResetError, BrokenPipeError, EOFError)):
        return Attempt(f"port {port}: connection closed during the key exchange", _CROWDED_TRIES)
    if isinstance(error, OSError):
        tries = _TRIES if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT) else 1
        return Attempt(f"port {port}: {error.strerror or error}", tries)
    if isinstance(error, paramiko.SSHException):
        return Attempt(f"port {port}: {str(error) or 'key exchange failed'}", _TRIES)
    raise error


def _refused_login(endpoint: Endpoint, error: paramiko.AuthenticationException) -> TransportError:
    text = str(error)
    if "timeout" in text.lower() or "EOF" in text:
        return Unreachable(endpoint.name, PHASE, f"the login did not end: {text}")
    user = endpoint.user or "the worker's own user name"
    what = "the password" if endpoint.password is not None and endpoint.key_file is None else "the key"
    return AuthRefused(
        endpoint.name,
        PHASE,
        f"{what} is not accepted for {user}: {text.rstrip('.')}",
        hint=f"try it: ssh -o IdentitiesOnly=yes {_ssh_words(endpoint)}",
    )


def _incompatible(endpoint: Endpoint, error: Exception) -> TransportError:
    if "host key" in str(error).lower():
        message = f"host key of {endpoint.known_as}: it offers no key of a kind we know one of ({error})"
        hint = f"ssh-keyscan -p {endpoint.port} {endpoint.address} shows the keys it has; enrol the right one"
        return HostKeyRefused(endpoint.name, PHASE, message, hint=hint)
    hint = "the SSH server offers only algorithms this worker does not speak"
    refused = Unreachable(endpoint.name, PHASE, f"no common algorithm: {error}", hint=hint)
    return refused


def _ssh_words(endpoint: Endpoint) -> str:
    key = f"-i {endpoint.key_file} " if endpoint.key_file else ""
    user = f"{endpoint.user}@" if endpoint.user else ""
    return f"{key}-p {endpoint.port} {user}{endpoint.address}"


def _unreachable(endpoint: Endpoint, outcome: Attempt, tries: int) -> Unreachable:
    times = f" after {tries} tries" if tries > 1 else ""
    return Unreachable(endpoint.name, PHASE, f"{outcome.message}{times}", hint=outcome.hint)


def _pause(tries: int, guard: Guard, cancelled: Callable[[], bool], endpoint: Endpoint) -> None:
    """Wait before the next try, longer each time and each host differently, so that a crowd thins out."""
    longest = min(_LONGEST_PAUSE_S, _PAUSE_S * 2 ** (tries - 1))
    end = time.monotonic() + min(random.uniform(longest / 2, longest), guard.remaining_s)  # noqa: S311
    nap = threading.Event()
    while (left := end - time.monotonic()) > 0:
        if cancelled():
            raise Cancelled(endpoint.name, PHASE, "cancelled while connecting")
        nap.wait(min(left, 0.5))
