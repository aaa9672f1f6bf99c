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
from enum import StrEnum


class Sight(StrEnum):
    """How a network's account can be dealt with after a lost answer."""

    KEYED = "keyed"
    """It takes a repeat of a key for the same post, and shows nothing."""
    READ = "read"
    """It shows its posts."""
    FIXED = "fixed"
    """The post's id is given by who sends it: there is one for ever, and it is shown."""
    STAGED = "staged"
    """A post is laid out first; publishing what was laid out makes one post, which is shown."""
    BLIND = "blind"
    """It knows no keys and shows nothing."""


def sight_of(channel: str) -> Sight:
    """Return what kind of account *channel* is: ``read``, or ``read-other``."""
    return Sight(channel.partition("-")[0])


@dataclass(slots=True)
class Shelf:
    """What the accounts of a network hold."""

    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(channel, key) and how often it was published."""
    _staged: int = 0
    _used: set[int] = field(default_factory=set)

    def stage(self) -> int:
        """Take pictures, or a whole post that is laid out; nobody sees it yet."""
        self._staged += 1
        return self._staged

    def publish(self, channel: str, key: str, container: int) -> None:
        """Publish what was laid out as *container*."""
        match sight_of(channel):
            case Sight.KEYED | Sight.FIXED if self.accepted[channel, key]:
                return
            case Sight.STAGED if container in self._used:
                return
        self._used.add(container)
        self.accepted[channel, key] += 1


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
    """One server for every account.

    ``POST /CHANNEL/KEY/media`` lays out, ``POST /CHANNEL/KEY`` publishes, ``GET`` looks up.
    """

    dice: random.Random
    manners: Manners = field(default_factory=Manners)
    shelf: Shelf = field(default_factory=Shelf)
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
            told = json.loads(await reader.readexactly(length) or b"{}")
            _, channel, key, *rest = path.split("/")
            if method == "GET":
                found = self.shelf.accepted[channel, key]
                await _answer(writer, 200 if found else 404)
            elif rest == ["media"]:
                await _answer(writer, 200, {"container": self.shelf.stage()})
            else:
                # Shielded by being a task: the client may die, the request goes on.
                task = asyncio.create_task(self._publish(channel, key, told["container"], writer))
                self._landing.add(task)
                task.add_done_callback(self._landing.discard)
                await asyncio.wait({task})
        except (OSError, EOFError):
            return
        finally:
            writer.close()

    async def _publish(
        self, channel: str, key: str, container: int, writer: asyncio.StreamWriter
    ) -> None:
        manners, roll = self.manners, self.dice.random()
        if (roll := roll - manners.throttles) < 0:
            return await _answer(writer, 429)
        if (roll := roll - manners.refuses) < 0:
            return await _answer(writer, 500)
        await asyncio.sleep(self.dice.random() * manners.slowness)
        self.shelf.publish(channel, key, container)
        if (roll := roll - manners.cuts) < 0:
            return None
        if (roll := roll - manners.hides) < 0:
            return await _answer(writer, 502)
        if (roll - manners.hangs) < 0:
            await asyncio.sleep(1.0)
            return None
        return await _answer(writer, 200)


async def _answer(
    writer: asyncio.StreamWriter, status: int, told: dict[str, int] | None = None
) -> None:
    body = json.dumps(told or {"status": status}).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    try:
        writer.write(head.encode())
        await writer.drain()
        writer.write(body)
        await writer.drain()
    except OSError:
        return
