"""The socket under an SSH connection, arranged so that it costs little while busy and nearly nothing while idle.

Paramiko reads every packet with two small reads and wakes up ten times a second to look whether it was closed. Here
one large read serves many packets, an idle connection sleeps, and closing wakes its reader at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import termios
import time

_READ = 65536
_NAP_S = 5
_SEND_S = 1
_LONGEST_GREETING = 16384
_RTT_AT = 148  # of tcpi_min_rtt in struct tcp_info


class NoBanner(Exception):
    """The peer closed or kept silent instead of greeting as an SSH server does."""


class Wire:
    """A connected socket with read-ahead; has what Paramiko asks of a socket."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._ahead = b""
        self._at = 0
        self.sent = 0
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def await_banner(self, timeout_s: float) -> None:
        """Wait for the server's greeting without taking it away, so that the key exchange begins with a server that
        is there. Raises NoBanner."""
        deadline = time.monotonic() + timeout_s
        while not (self._ahead.startswith(b"SSH-") or b"\nSSH-" in self._ahead):
            left = deadline - time.monotonic()
            if left <= 0:
                raise NoBanner(f"no SSH banner in {timeout_s:g} s")
            self._raw.settimeout(left)
            try:
                data = self._raw.recv(_READ)
            except TimeoutError:
                continue
            if not data:
                said = self._ahead.decode(errors="replace").strip()[:100]
                raise NoBanner(f"closed before its SSH banner{': ' + said if said else ''}")
            self._ahead += data
            if len(self._ahead) > _LONGEST_GREETING:
                raise NoBanner("it sends something else than an SSH banner")
        self._sleep_in_kernel()

    def _sleep_in_kernel(self) -> None:
        """Blocking calls with the kernel's own time limits: one system call per read instead of two."""
        self._raw.setblocking(True)
        for option, seconds in ((socket.SO_RCVTIMEO, _NAP_S), (socket.SO_SNDTIMEO, _SEND_S)):
            self._raw.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))

    def settimeout(self, timeout_s: float | None) -> None:
        """Ignored: reads nap for seconds and are woken by `close`."""

    def recv(self, count: int) -> bytes:
        """At most `count` bytes; BlockingIOError (which Paramiko takes for a timeout) when nothing came for long."""
        if self._at >= len(self._ahead):
            self._ahead, self._at = self._raw.recv(_READ), 0
        data = self._ahead[self._at : self._at + count]
        self._at += len(data)
        return data

    def send(self, data: bytes) -> int:
        """Send some of the bytes; BlockingIOError when none went for a second."""
        count = self._raw.send(data)
        self.sent += count
        return count

    def confirmed(self) -> int:
        """How many of the sent bytes the peer's kernel has confirmed: what still waits is on a slow or broken way.
        Raises OSError when the kernel cannot say."""
        waiting = struct.unpack("i", fcntl.ioctl(self._raw.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0]
        return self.sent - int(waiting)

    def round_trip_s(self) -> float | None:
        """The shortest round trip that the kernel has seen, in seconds; None where it does not tell (Linux's tcp_info,
        tcp(7)). Unlike the mean it does not grow when one of the machines is busy."""
        if not hasattr(socket, "TCP_INFO"):
            return None
        try:
            info = self._raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RTT_AT + 4)
        except OSError:
            return None
        return float(struct.unpack_from("I", info, _RTT_AT)[0]) / 1e6 if len(info) == _RTT_AT + 4 else None

    @property
    def _closed(self) -> bool:
        """What Paramiko looks at before it waits for its thread."""
        return self._raw.fileno() == -1

    def getpeername(self) -> object:
        """The peer's address."""
        return self._raw.getpeername()

    def fileno(self) -> int:
        """The descriptor, -1 when released."""
        return self._raw.fileno()

    def close(self) -> None:
        """End the connection at once, whoever is reading or writing; callable from any thread. The descriptor stays
        until `release`, so that no other thread meets a reused number."""
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the descriptor back."""
        self._raw.close()
