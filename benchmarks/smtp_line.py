"""A long line on the loopback network: whatever it carries arrives half a round trip later.

    python -m benchmarks.smtp_line 2525 0.02   # to that port, so many seconds there and back

It prints the port of its near end.

A process of its own, so that carrying costs neither side. It ends when its input does.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque

_EARLY = 0.0005
"""Seconds: the loop wakes up to a millisecond late, for it counts in whole ones."""


class End(asyncio.Protocol):
    """One end of a connection: what it hears is said at the other end, later."""

    def __init__(self, delay: float, far: tuple[str, int] | None = None) -> None:
        """Delay by so many seconds; an end that is called rings up *far* for its other end."""
        self._delay = delay
        self._far = far
        self._loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        self._calling: asyncio.Task[None] | None = None
        self._under_way: deque[tuple[float, bytes]] = deque()
        self.other: End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ring up the far side, if this end was called."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self._far is not None:
            self._calling = self._loop.create_task(self._call(*self._far))

    def data_received(self, data: bytes) -> None:
        """Let *data* travel; nothing overtakes what left before it."""
        self._under_way.append((self._loop.time() + self._delay - _EARLY, data))
        if len(self._under_way) == 1:
            self._loop.call_at(self._under_way[0][0], self._arrive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the end of a connection travel too."""
        self.data_received(b"")

    async def _call(self, host: str, port: int) -> None:
        _, self.other = await self._loop.create_connection(lambda: End(self._delay), host, port)
        self.other.other = self

    def _arrive(self) -> None:
        while self._under_way and self._under_way[0][0] <= self._loop.time():
            _, data = self._under_way.popleft()
            self._say(data)
        if self._under_way:
            self._loop.call_at(self._under_way[0][0], self._arrive)

    def _say(self, data: bytes) -> None:
        """Say at the other end what has arrived there; nothing at all is its end."""
        transport = self.other.transport if self.other is not None else None
        if transport is None or transport.is_closing():
            return
        if data:
            transport.write(data)
        else:
            transport.close()


async def main() -> None:
    """Listen on a port of its own, and print it."""
    far, delay = ("127.0.0.1", int(sys.argv[1])), float(sys.argv[2]) / 2
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: End(delay, far), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    # Connections that nobody has ended have nothing to say any more.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
