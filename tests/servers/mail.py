"""A mail server on loopback that follows a script, and remembers what it has really taken."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum


class Rude(Enum):
    """What a server does in place of a reply."""

    CLOSES = "closes"
    RESETS = "resets"
    SAYS_NOTHING = "says nothing"


Reply = bytes | Rude

GOOD: dict[str, Reply] = {
    "greeting": b"220 hello",
    "EHLO": b"250-herald.test\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN",
    "HELO": b"250 herald.test",
    "STARTTLS": b"220 go on",
    "AUTH": b"235 welcome",
    "MAIL": b"250 ok",
    "RCPT": b"250 ok",
    "DATA": b"354 go on",
    "body": b"",
    "dot": b"250 queued as 1",
    "RSET": b"250 ok",
    "QUIT": b"221 bye",
}
"""What a good server says at each step; at ``body`` it would interrupt a mail that is half sent."""


class ScriptedMailServer:
    """Answers each step as it is told; a mail counts as taken once its final dot was read."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, **replies: Reply) -> None:
        self.replies: dict[str, Reply] = {**GOOD, **replies}
        self.tls = tls
        self.takes = True
        """False: it reads a mail whole, and does not keep it."""
        self.taken: list[bytes] = []
        self.steps: list[str] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ScriptedMailServer]:
        """Listen on a free port, on every address of loopback."""
        server = await asyncio.start_server(self._begin, "0.0.0.0", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            goes_on = await self._say(writer, "greeting")
            while goes_on and (line := await reader.readline()):
                step = line.split()[0].decode("ascii", "replace").upper()
                goes_on = await self._say(writer, step) and step != "QUIT"
                said = self.replies.get(step, b"")
                if step == "STARTTLS" and self.tls and said == GOOD["STARTTLS"]:
                    await writer.start_tls(self.tls)
                if step == "DATA" and isinstance(said, bytes) and said.startswith(b"354"):
                    goes_on = await self._take(reader, writer)
        except (OSError, EOFError, ValueError):
            return
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.replies["body"] != b"":
            await reader.read(10)
            return await self._say(writer, "body")
        mail = await reader.readuntil(b"\r\n.\r\n")
        if self.takes:
            self.taken.append(mail)
        return await self._say(writer, "dot")

    async def _say(self, writer: asyncio.StreamWriter, step: str) -> bool:
        """Reply to *step*; tell whether the conversation goes on."""
        self.steps.append(step)
        reply = self.replies.get(step, b"250 ok")
        match reply:
            case Rude.SAYS_NOTHING:
                await asyncio.Event().wait()
            case Rude.CLOSES:
                return False
            case Rude.RESETS:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return False
        writer.write(reply + b"\r\n")
        await writer.drain()
        return not reply.startswith(b"421")
