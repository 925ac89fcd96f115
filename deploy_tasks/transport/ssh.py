"""A link over SSH, by Fabric with strict rules: known host keys, named credentials, no configuration of the user's."""

from __future__ import annotations

import logging
import socket
import threading
import time
from functools import cache
from typing import Any

import paramiko
from fabric import Config, Connection

from deploy_tasks.transport import bootstrap
from deploy_tasks.transport.channel import ChannelClosed, Tail
from deploy_tasks.transport.endpoint import Endpoint
from deploy_tasks.transport.hostkeys import HostKey, Trust
from deploy_tasks.transport.options import ConnectOptions
from deploy_tasks.transport.wire import Wire

# One call each to encrypt and authenticate, and both sides have them in hardware.
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_READ = 1 << 16
_JOIN_S = 5.0
_LOOK_S = 1.0
_NEAR_S = 0.002
# What waits unread at the server on a short way. An OpenSSH server that is sent more than its program reads grows its
# buffers to the whole window of 2 MiB, and pays for it with tens of thousands of page faults a connection.
_IN_FLIGHT = 1 << 18
# Paramiko logs a traceback for every host that is down; we report each error once, ourselves. Set a level to see it.
_PARAMIKO_LOG = "deploy_tasks.transport.paramiko"
logging.getLogger(_PARAMIKO_LOG).setLevel(logging.CRITICAL)


class SshLink:
    """An authenticated SSH connection."""

    def __init__(self, connection: Connection, wire: Wire, options: ConnectOptions) -> None:
        self._connection = connection
        self._wire = wire
        self._options = options

    @property
    def alive(self) -> bool:
        """Whether the connection stands as far as this side knows."""
        transport = self._connection.transport
        return transport is not None and transport.is_active()

    def open(self, *, become: bool) -> SshChannel:
        """Start the bootstrap in a session of its own."""
        channel = self._connection.transport.open_session(timeout=self._options.channel_timeout_s)
        try:
            channel.settimeout(self._options.channel_timeout_s)
            channel.exec_command(bootstrap.command(become=become))
        except BaseException:
            channel.close()
            raise
        return SshChannel(channel, most_in_flight=_IN_FLIGHT if self.near else None)

    @property
    def sent(self) -> int:
        """Bytes given to the socket, encryption included."""
        return self._wire.sent

    def confirmed(self) -> int:
        """How many of them the host's kernel has confirmed."""
        return self._wire.confirmed()

    @property
    def near(self) -> bool:
        """Whether the round trip is that of a local network."""
        seconds = self._wire.round_trip_s()
        return seconds is not None and seconds < _NEAR_S

    def abort(self) -> None:
        """Tear the connection down at once."""
        self._wire.close()

    def close(self) -> None:
        """Close the connection; its thread and descriptor are gone afterwards."""
        _close(self._connection, self._wire)

    def forget(self) -> None:
        """Give up the descriptor in a forked child."""
        self._wire.release()


class SshChannel:
    """A session channel."""

    def __init__(self, channel: paramiko.Channel, *, most_in_flight: int | None = None) -> None:
        self._channel = channel
        self._window = channel.out_window_size
        self._most = most_in_flight
        self._stderr = Tail()
        self._news = threading.Event()
        # Packets as large as the server takes, instead of a full one and a crumb.
        self._chunk = channel.out_max_packet_size - 64
        channel.settimeout(None)
        channel.in_buffer.set_event(self._news)
        channel.in_stderr_buffer.set_event(self._news)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        view = memoryview(data)
        while view:
            self._await_reader()
            try:
                sent = self._channel.send(bytes(view[: self._chunk]))
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if sent == 0 or not self._channel.transport.is_active():
                raise ChannelClosed("the connection ended")
            view = view[sent:]

    def _await_reader(self) -> None:
        """Wait while too much is under way. Returns as well when the connection ended; sending then fails."""
        channel = self._channel
        if self._most is None:
            return
        with channel.out_buffer_cv:
            while self._window - channel.out_window_size > self._most and not channel.closed:
                if not channel.transport.is_active():
                    return
                channel.out_buffer_cv.wait(_LOOK_S)

    def receive(self, timeout_s: float) -> bytes:
        """Some output. The error stream is read along, or an unread one would fill the window and block the host."""
        deadline = time.monotonic() + timeout_s
        channel = self._channel
        while True:
            self._drain()
            if channel.recv_ready():
                return bytes(channel.recv(_READ))
            if channel.closed or channel.eof_received or not channel.transport.is_active():
                return bytes(channel.recv(_READ)) if channel.recv_ready() else b""
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._news.wait(left)

    def _drain(self) -> None:
        while self._channel.recv_stderr_ready():
            self._stderr.add(self._channel.recv_stderr(_READ))

    def exit_status(self, timeout_s: float) -> int | None:
        """The exit status the server reports; -1 (killed by a signal) becomes 255 as in `ssh`."""
        if not self._channel.status_event.wait(timeout_s) or not self._channel.exit_status_ready():
            return None
        status = int(self._channel.exit_status)
        return status if status >= 0 else None

    @property
    def stderr(self) -> str:
        """The end of the error stream."""
        self._drain()
        return str(self._stderr)

    def close(self) -> None:
        """Close the session, not the connection."""
        self._channel.close()


def open_link(endpoint: Endpoint, wire: Wire, trust: Trust, login: dict[str, Any], options: ConnectOptions) -> SshLink:
    """Key exchange, host key check, login over a wire whose server has greeted. The wire is closed when it fails.

    Raises HostKeyRefused, Paramiko's errors, EOFError or OSError.
    """

    def transport(sock: Wire, **arguments: Any) -> paramiko.Transport:
        made = paramiko.Transport(sock, **arguments)
        _prefer(made, trust)
        return made

    connection = Connection(
        endpoint.address,
        user=endpoint.user,
        port=endpoint.port,
        config=_config(),
        connect_kwargs={
            **login,
            "sock": wire,
            "transport_factory": transport,
            "timeout": options.connect_timeout_s,
            "banner_timeout": options.connect_timeout_s,
            "auth_timeout": options.auth_timeout_s,
            "channel_timeout": options.channel_timeout_s,
        },
    )
    connection.client.set_log_channel(_PARAMIKO_LOG)
    connection.client.set_missing_host_key_policy(_Strict(endpoint, trust))
    try:
        connection.open()
        connection.transport.set_keepalive(options.keepalive_s)
    except BaseException:
        _close(connection, wire)
        raise
    return SshLink(connection, wire, options)


def _close(connection: Connection, wire: Wire) -> None:
    """End the connection and its thread. The descriptor goes last, when nobody can be reading it any more."""
    transport = connection.client.get_transport()
    wire.close()
    connection.client.close()
    if transport is not None and transport.is_alive():
        transport.join(_JOIN_S)
    wire.release()


class _Strict(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
    """Asked for every host, since Paramiko's own store stays empty: only a key we trust lets the login begin."""

    def __init__(self, endpoint: Endpoint, trust: Trust) -> None:
        self._endpoint = endpoint
        self._trust = trust

    def missing_host_key(self, client: Any, hostname: str, key: paramiko.PKey) -> None:
        self._trust.check(self._endpoint, HostKey(key.get_name(), key.asbytes()))


def _prefer(transport: paramiko.Transport, trust: Trust) -> None:
    """Fast ciphers first; of the host's keys, only kinds we know one of, so that it shows one we can check."""
    security = transport.get_security_options()
    security.ciphers = [cipher for cipher in _CIPHERS if cipher in security.ciphers]
    wanted = [name for kind in trust.kinds for name in (_RSA if kind == "ssh-rsa" else (kind,))]
    usable = [name for name in wanted if name in security.key_types]
    if usable:
        security.key_types = usable


@cache
def _config() -> Config:
    """An empty configuration: neither `~/.fabric.yaml` nor `~/.ssh/config` is read."""
    return Config(ssh_config=paramiko.SSHConfig(), lazy=True)


def connect_socket(address: str, port: int, timeout_s: float) -> socket.socket:
    """A connected TCP socket. Raises OSError."""
    return socket.create_connection((address, port), timeout=timeout_s)
