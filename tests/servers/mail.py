"""A mail server on loopback that follows a script, and remembers what it has really taken."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum


class Rude(Enum):
    """What a server does in place of a reply."""

    CLOSES = "closes"
    RESETS = "resets"
    SAYS_NOTHING = "says nothing"


class Packets(Enum):
    """How a server's replies travel."""

    AS_SAID = "as said"
    GLUED = "glued"
    """As many as may wait, in one packet: until the client waits for them."""
    SPLIT = "split"
    """A byte at a time."""


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
    "lone dot": b"554 5.5.1 no valid recipients",
    "RSET": b"250 ok",
    "QUIT": b"221 bye",
}
"""What a good server says at each step; at ``body`` it would interrupt a mail that is half sent."""


class ScriptedMailServer:
    """Answers each step as it is told; a mail counts as taken once its final dot was read.

    A reply for ``RCPT 2`` is said the second time that anybody says RCPT. *offers* are what its
    EHLO announces beside the usual. It takes a mail for nobody as Postfix does: never.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        offers: tuple[str, ...] = (),
        packets: Packets = Packets.AS_SAID,
        **replies: Reply,
    ) -> None:
        self.replies: dict[str, Reply] = {**GOOD, **replies}
        if offers and "EHLO" not in replies:
            lines = ("herald.test", *offers, "STARTTLS", "AUTH PLAIN LOGIN")
            self.replies["EHLO"] = "\r\n".join(
                f"250{' ' if line == lines[-1] else '-'}{line}" for line in lines
            ).encode()
        self.packets = packets
        self.tls = tls
        self.is_implicit = False
        """TLS from the first byte, as on port 465."""
        self.takes = True
        """False: it reads a mail whole, and does not keep it."""
        self.asks_blindly = True
        """It awaits a mail after DATA even if it has taken no recipient."""
        self.taken: list[bytes] = []
        self.delivered: list[tuple[str, bytes]] = []
        """The envelope's recipient and the content of each mail that it has taken, unstuffed."""
        self.cut: list[bytes] = []
        """What it had of mails whose sender hung up before the dot."""
        self.steps: list[str] = []
        self.lines: list[str] = []
        """Every command, whole."""
        self.connections = 0
        self.port = 0
        self._counts: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ScriptedMailServer]:
        """Listen on a free port, on every address of loopback."""
        server = await asyncio.start_server(
            self._begin, "0.0.0.0", 0, ssl=self.tls if self.is_implicit else None
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                # Whatever nobody has read of it never will be.
                writer.transport.abort()
            await asyncio.sleep(0)

    async def has_reached(self, step: str, times: int = 1) -> None:
        """Wait until *step* was answered so many times."""
        while self.steps.count(step) < times:
            self._news.clear()
            await self._news.wait()

    async def has_hung_up(self) -> None:
        """Wait until the last of its conversations is over."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        talk = _Talk(reader, writer)
        try:
            goes_on = await self._say(talk, "greeting")
            while goes_on and (line := await reader.readline()):
                goes_on = await self._obey(talk, line)
        except (OSError, EOFError, ValueError):
            return
        finally:
            writer.close()

    async def _obey(self, talk: _Talk, line: bytes) -> bool:
        step = line.split()[0].decode("ascii", "replace").upper()
        self.lines.append(line.decode(errors="replace").rstrip())
        if step == "RSET":
            talk.reset()
        said = self._next_reply(step)
        if step == "MAIL" and talk.has_sender:
            said = b"503 5.5.1 nested MAIL"
        if step == "DATA" and not talk.recipients and not self.asks_blindly:
            said = b"554 5.5.1 no valid recipients"
        goes_on = await self._say(talk, step, said) and step != "QUIT"
        if not isinstance(said, bytes):
            return goes_on
        if step == "MAIL" and said.startswith(b"2"):
            talk.has_sender = True
        if step == "RCPT" and said.startswith(b"2"):
            talk.recipients.append(line.decode(errors="replace").split("<")[1].split(">")[0])
        if step == "STARTTLS" and self.tls and said == GOOD["STARTTLS"]:
            await talk.writer.start_tls(self.tls)
        if step == "DATA" and said.startswith(b"354"):
            return await self._take(talk)
        return goes_on

    async def _take(self, talk: _Talk) -> bool:
        if self.replies["body"] != b"":
            await talk.reader.read(10)
            return await self._say(talk, "body")
        mail = b""
        while not (mail == b".\r\n" or mail.endswith(b"\r\n.\r\n")):
            line = await talk.reader.readline()
            if not line:
                self.cut.append(mail)
                return False
            mail += line
        recipients = tuple(talk.recipients)
        talk.reset()
        if not recipients:
            return await self._say(talk, "lone dot")
        if self.takes:
            self.taken.append(mail)
            lines = mail.removesuffix(b".\r\n").split(b"\r\n")
            content = b"\r\n".join(line.removeprefix(b".") for line in lines)
            self.delivered += [(recipient, content) for recipient in recipients]
        return await self._say(talk, "dot")

    def _next_reply(self, step: str) -> Reply:
        self._counts[step] += 1
        usual = self.replies.get(step, b"250 ok")
        return self.replies.get(f"{step} {self._counts[step]}", usual)

    async def _say(self, talk: _Talk, step: str, reply: Reply | None = None) -> bool:
        """Reply to *step*; tell whether the conversation goes on."""
        self.steps.append(step)
        self._news.set()
        reply = self._next_reply(step) if reply is None else reply
        writer = talk.writer
        match reply:
            case Rude.SAYS_NOTHING:
                await self._send(talk)
                await asyncio.Event().wait()
            case Rude.CLOSES:
                await self._send(talk)
                return False
            case Rude.RESETS:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return False
        talk.waiting += reply + b"\r\n"
        is_over = reply.startswith(b"421")
        if is_over or self.packets is not Packets.GLUED or not talk.has_more:
            await self._send(talk)
        return not is_over

    async def _send(self, talk: _Talk) -> None:
        waiting, talk.waiting = talk.waiting, b""
        if self.packets is not Packets.SPLIT:
            talk.writer.write(waiting)
            await talk.writer.drain()
            return
        for place in range(len(waiting)):
            talk.writer.write(waiting[place : place + 1])
            await talk.writer.drain()
            await asyncio.sleep(0)


class _Talk:
    """One connection, and what it has come to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.recipients: list[str] = []
        self.has_sender = False
        self.waiting = b""

    def reset(self) -> None:
        """Forget the envelope."""
        self.recipients = []
        self.has_sender = False

    @property
    def has_more(self) -> bool:
        """Tell whether the client has said more than was answered."""
        return bool(self.reader._buffer)  # type: ignore[attr-defined]  # nothing public tells
