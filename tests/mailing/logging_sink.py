"""A mail server that writes a log as Postfix does, and always before it answers."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

_MOST = 2**22


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How often, of a hundred mails, it misbehaves."""

    cuts: float = 0.0
    """Hangs up when it has read the header: the mail is thrown away, its header is in the log."""
    mutes: float = 0.0
    """Takes the mail, and hangs up without a word."""


class LoggingSink:
    """Takes every mail; its clock can be put ahead."""

    def __init__(self, log: Path, *, seed: int, manners: Manners = Manners()) -> None:
        self.log = log
        self.ahead = timedelta()
        self.taken: Counter[str] = Counter()
        """Message-IDs."""
        self.reached = asyncio.Event()
        """Set when so many were taken as somebody waits for."""
        self.awaited = 0
        self.mutes = 0
        self.cuts = 0
        self._manners = manners
        self._dice = random.Random(seed)
        self._file = log.open("ab", buffering=0)
        self._ids = 0
        self._numbers = 0
        self._count = 0
        self._senders: dict[int, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen on a free port."""
        server = await asyncio.start_server(self._begin, "127.0.0.1", 0, limit=_MOST)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await self.quiet()
            self._file.close()

    async def reach(self, count: int) -> None:
        """Wait until so many mails more were taken."""
        self.awaited = self._count + count
        self.reached.clear()
        await self.reached.wait()

    async def quiet(self) -> None:
        """Wait until every connection has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def note(self, said: str, *, ago: timedelta = timedelta()) -> None:
        """Write a line of Postfix's master."""
        self._write("master", 1, said, ago=ago)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._numbers += 1
        number = self._numbers
        self._write("smtpd", number, "connect from localhost[127.0.0.1]")
        try:
            writer.write(b"220 sink\r\n")
            goes_on = True
            while goes_on and (line := await reader.readline()):
                goes_on = await self._answer(line, number, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            self._write("smtpd", number, "disconnect from localhost[127.0.0.1] commands=9")
            writer.transport.abort()

    async def _answer(
        self,
        line: bytes,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        verb = line[:4].upper()
        if verb == b"EHLO":
            writer.write(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        elif verb == b"MAIL":
            self._senders[number] = line.partition(b"<")[2].partition(b">")[0].decode()
            writer.write(b"250 2.1.0 Ok\r\n")
        elif verb == b"DATA":
            writer.write(b"354 go on\r\n")
            return await self._take(number, reader, writer)
        elif verb == b"QUIT":
            writer.write(b"221 bye\r\n")
            await writer.drain()
            return False
        else:
            writer.write(b"250 2.1.5 Ok\r\n")
        return True

    async def _take(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Take one mail, or not; return whether the conversation goes on."""
        self._ids += 1
        queue_id = f"{self._ids:09X}"
        self._write("smtpd", number, f"{queue_id}: client=localhost[127.0.0.1]")
        chance = self._dice.uniform(0, 100)
        try:
            header = await reader.readuntil(b"\r\n\r\n")
            name = str(message_from_bytes(header)["Message-ID"])
            self._write("cleanup", 2, f"{queue_id}: message-id={name}")
            if chance < self._manners.cuts:
                self.cuts += 1
                raise asyncio.IncompleteReadError(b"", None)
            await reader.readuntil(b"\r\n.\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            said = "lost connection after DATA (99 bytes) from localhost[127.0.0.1]"
            self._write("smtpd", number, said)
            return False
        self.taken[name] += 1
        self._count += 1
        sender = self._senders[number]
        self._write("qmgr", 3, f"{queue_id}: from=<{sender}>, size=99, nrcpt=1 (queue active)")
        if self._count >= self.awaited:
            self.reached.set()
        if chance > 100 - self._manners.mutes:
            self.mutes += 1
            return False
        writer.write(f"250 2.0.0 Ok: queued as {queue_id}\r\n".encode())
        return True

    def _write(self, program: str, number: int, said: str, *, ago: timedelta = timedelta()) -> None:
        at = datetime.now(UTC) + self.ahead - ago
        self._file.write(f"{at.isoformat()} sink postfix/{program}[{number}]: {said}\n".encode())
