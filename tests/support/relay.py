"""A relay between a worker and a host that delays every byte: latency for machines whose kernel cannot make it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator


class Relay:
    """Listens on a loopback port and passes on to `target`; each direction takes `delay_s` longer."""

    def __init__(self, target: tuple[str, int], delay_s: float) -> None:
        self.target, self.delay_s = target, delay_s
        self.port = 0
        #: How often the near side spoke after the far side had: each waited at least one round trip for an answer.
        self.turns = 0
        self._far_spoke = True
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Listen, in a thread of its own."""
        self._thread.start()
        self._up.wait(10)

    def stop(self) -> None:
        """Drop every connection and end."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self.target)
        await asyncio.gather(self._carry(reader, there_writer, far=False), self._carry(there_reader, writer, far=True))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, far: bool) -> None:
        """Read as fast as it comes, write each piece when its time has come: latency, not a narrower line."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        deliver = asyncio.ensure_future(self._deliver(pieces, writer))
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                self._heard(far=far)
                pieces.put_nowait((self._loop.time() + self.delay_s, data))
        pieces.put_nowait((self._loop.time() + self.delay_s, b""))
        await deliver

    def _heard(self, *, far: bool) -> None:
        self.turns += int(self._far_spoke and not far)
        self._far_spoke = far

    async def _deliver(self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = await pieces.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                if not data:
                    break
                writer.write(data)
                await writer.drain()
        writer.close()


@contextlib.contextmanager
def relayed(target: tuple[str, int], delay_s: float) -> Iterator[Relay]:
    """A relay for the block."""
    made = Relay(target, delay_s)
    made.start()
    try:
        yield made
    finally:
        made.stop()
