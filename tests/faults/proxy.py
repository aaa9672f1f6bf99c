"""Stands between Herald and PostgreSQL, and can lose the answer to a COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.servers.conversing import conversing

_COMMIT = b"COMMIT;"
_MOST = 65536


@dataclass(slots=True)
class Proxy:
    """A way to a server; each connection has one of its own behind it."""

    server: int
    """The server's port."""
    port: int = 0
    loses_next: bool = False
    """The next COMMIT reaches the server, its answer gets lost, and the connection with it."""
    lost: int = 0
    """How many answers it has lost."""
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what both sides say until one of them has gone."""
        to_read, to_write = await asyncio.open_connection("127.0.0.1", self.server)
        there = asyncio.create_task(self._pass_on(reader, to_write, to_read))
        back = asyncio.create_task(_copy(to_read, writer, there))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.wait({there, back})
            to_write.close()
            writer.transport.abort()

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        to_write: asyncio.StreamWriter,
        to_read: asyncio.StreamReader,
    ) -> None:
        while said := await reader.read(_MOST):
            is_lost = self.loses_next and _COMMIT in said
            to_write.write(said)
            await to_write.drain()
            if is_lost:
                self.loses_next = False
                self.lost += 1
                return


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, there: asyncio.Task[None]
) -> None:
    """Hand back what the server answers, unless its answer is lost."""
    while said := await reader.read(_MOST):
        if there.done():
            return
        writer.write(said)
        await writer.drain()


@asynccontextmanager
async def proxied(address: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Give a proxy before the database at *address*, and the address behind which it stands."""
    port = int(address.rpartition(":")[2].partition("/")[0])
    proxy = Proxy(port)
    async with conversing(proxy.serve) as proxy.port:
        yield proxy, address.replace(f":{port}/", f":{proxy.port}/")
