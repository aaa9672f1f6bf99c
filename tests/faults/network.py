"""A network on loopback that misbehaves as real ones do, and remembers what it accepted.

It lives in the test's own process, so that no kill of a worker can make it forget. A request that
it has read whole goes on landing after its client has died.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MOST_HEAD = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How often the network misbehaves, each from 0 to 1, and how slow it is."""

    throttles: float = 0.03
    refuses: float = 0.03
    """500, and nothing was published."""
    cuts: float = 0.03
    """Published, and the connection ends without an answer."""
    hides: float = 0.02
    """Published, and the answer is 502."""
    hangs: float = 0.01
    """Published, and no answer ever."""
    slowness: float = 0.15
    """Seconds until a request lands, at most."""


GOOD = Manners(throttles=0, refuses=0, cuts=0, hides=0, hangs=0, slowness=0.01)


@dataclass(slots=True)
class FakeNetwork:
    """One server for every account: ``POST /CHANNEL/KEY`` publishes, ``GET`` looks up.

    Accounts whose name begins with ``keyed`` take a repeat of a key for the same post.
    """

    dice: random.Random
    manners: Manners = field(default_factory=Manners)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(channel, key) and how often it was published."""
    port: int = 0
    _landing: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeNetwork"]:
        """Listen on a free port of the loopback interface."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await self.settled()

    async def settled(self) -> None:
        """Wait until everything that was read has landed."""
        while self._landing:
            await asyncio.wait(set(self._landing))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, _ = head.decode().split(" ", 2)
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            json.loads(await reader.readexactly(length) or b"{}")
            _, channel, key = path.split("/")
            if method == "GET":
                found = self.accepted[channel, key]
                await _answer(writer, 200 if found else 404)
            else:
                # Shielded by being a task: the client may die, the request goes on.
                task = asyncio.create_task(self._publish(channel, key, writer))
                self._landing.add(task)
                task.add_done_callback(self._landing.discard)
                await asyncio.wait({task})
        except (OSError, EOFError):
            return
        finally:
            writer.close()

    async def _publish(self, channel: str, key: str, writer: asyncio.StreamWriter) -> None:
        manners, roll = self.manners, self.dice.random()
        if (roll := roll - manners.throttles) < 0:
            return await _answer(writer, 429)
        if (roll := roll - manners.refuses) < 0:
            return await _answer(writer, 500)
        await asyncio.sleep(self.dice.random() * manners.slowness)
        if not (channel.startswith("keyed") and self.accepted[channel, key]):
            self.accepted[channel, key] += 1
        if (roll := roll - manners.cuts) < 0:
            return None
        if (roll := roll - manners.hides) < 0:
            return await _answer(writer, 502)
        if (roll - manners.hangs) < 0:
            await asyncio.sleep(1.0)
            return None
        return await _answer(writer, 200)


async def _answer(writer: asyncio.StreamWriter, status: int) -> None:
    body = json.dumps({"status": status}).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    try:
        writer.write(head.encode())
        await writer.drain()
        writer.write(body)
        await writer.drain()
    except OSError:
        return
