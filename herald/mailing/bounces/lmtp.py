"""A door for the mail server on this machine: what comes back is handed over by LMTP (RFC 2033).

A mail is answered with 250 once its effect is on disk, and with 451 while the store is away: the
mail server keeps it then, and tries again.  There is no login, so the door opens on loopback or on
a socket file alone, and takes mail only for addresses that copies come back to.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from herald.errors import HeraldError
from herald.mailing.bounces.reading import READ_MOST
from herald.model.bounces import Effect

SIZE_MOST = 20_000_000
"""Bytes of a mail; what comes back may enclose the whole letter of somebody else."""
RECIPIENTS_MOST = 50
CONNECTIONS_MOST = 20
IDLE_SECONDS = 120.0
"""For which the next line is waited for."""

_LINE_MOST = 4096
_ERRORS_MOST = 20
_PATH = re.compile(rb"(?:FROM|TO):\s*<([^<>\s]*)>(?:\s.*)?", re.IGNORECASE | re.DOTALL)
_FROM_MACHINE = re.compile(
    rb"^(auto-submitted:(?!\s*no\b)|precedence:|list-id:|x-auto)", re.IGNORECASE | re.MULTILINE
)

Take = Callable[[bytes, str], Awaitable[Effect]]
"""Lets a mail take effect that came to an address; raises HeraldError while it cannot."""
Knows = Callable[[str], Awaitable[bool]]
"""Tells whether copies come back to an address; raises HeraldError while it cannot."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Letter:
    """What was said of the mail that is being handed over."""

    sender: bytes | None = None
    recipients: list[str] = field(default_factory=list)


class Door:
    """Speaks LMTP with one mail server at a time per connection."""

    def __init__(
        self, take: Take, knows: Knows, *, size_most: int = SIZE_MOST, idle: float = IDLE_SECONDS
    ) -> None:
        self._take = take
        self._knows = knows
        self._size_most = size_most
        self._idle = idle
        self._open: set[asyncio.Task[None] | None] = set()

    @asynccontextmanager
    async def standing_open(self, listen: str) -> AsyncIterator[str]:
        """Listen on ``127.0.0.1:8461`` or on a socket file; give where; raise OSError if taken."""
        host, colon, port = listen.rpartition(":")
        if colon and port.isdigit():
            server = await asyncio.start_server(
                self._meet, host.strip("[]"), int(port), limit=_LINE_MOST
            )
            where = "{}:{}".format(*server.sockets[0].getsockname()[:2])
        else:
            server = await asyncio.start_unix_server(self._meet, listen, limit=_LINE_MOST)
            # Mail servers run as users of their own; whoever gets here can forge nothing.
            Path(listen).chmod(0o666)  # noqa: ASYNC240  # one system call
            where = listen
        try:
            yield where
        finally:
            server.close()
            # What was not answered yet is handed over again.
            for task in tuple(self._open):
                if task is not None:
                    task.cancel()
            if where == listen and "/" in listen:
                with suppress(OSError):
                    Path(listen).unlink()  # noqa: ASYNC240

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._open.add(task)
        try:
            if len(self._open) > CONNECTIONS_MOST:
                writer.write(b"421 4.3.2 too many at once, come back later\r\n")
            else:
                await _Talk(self, reader, writer).go_on()
            await writer.drain()
        except (OSError, EOFError, TimeoutError):
            return
        finally:
            self._open.discard(task)
            writer.close()

    async def knows(self, address: str) -> bytes:
        """Return the reply to a recipient."""
        try:
            is_known = await self._knows(address)
        except HeraldError as error:
            log.warning("mail that came back waits", extra={"why": str(error)})
            return b"451 4.3.0 the store is away, try again later"
        return b"250 2.1.5 ok" if is_known else b"550 5.1.1 nothing comes back to this address"

    async def take(self, mail: bytes, letter: _Letter, address: str) -> bytes:
        """Return the reply to a whole mail, once it has taken effect."""
        try:
            effect = await self._take(mail, address)
        except HeraldError as error:
            log.warning("mail that came back waits", extra={"why": str(error)})
            return b"451 4.3.0 the store is away, try again later"
        except Exception:  # whatever it is: the mail must not be lost
            log.exception("mail that came back could not be read")
            return b"451 4.3.0 something is wrong here, try again later"
        if effect is Effect.IGNORED and letter.sender and not _is_from_machine(mail):
            # A person must learn that nobody reads this; a machine must not be answered.
            return b"550 5.7.1 nobody reads letters to this address"
        return b"250 2.0.0 taken"

    @property
    def size_most(self) -> int:
        """Bytes of a mail."""
        return self._size_most

    @property
    def idle(self) -> float:
        """Seconds for which the next line is waited for."""
        return self._idle


class _Talk:
    """One connection."""

    def __init__(
        self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._door = door
        self._reader = reader
        self._writer = writer
        self._is_greeted = False
        self._letter = _Letter()
        self._errors = 0

    async def go_on(self) -> None:
        """Talk until one of the two takes leave."""
        self._say(b"220 herald LMTP")
        while self._errors < _ERRORS_MOST:
            await self._writer.drain()
            line = await self._line()
            if line is None:
                return
            verb, _, rest = line.strip().partition(b" ")
            if verb.upper() == b"QUIT":
                self._say(b"221 2.0.0 bye")
                return
            await self._answer(verb.upper(), rest.strip())
        self._say(b"421 4.7.0 too many errors")

    async def _line(self) -> bytes | None:
        async with asyncio.timeout(self._door.idle):
            try:
                line = await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError:
                self._say(b"500 5.5.2 the line is too long")
                return None
        return line

    async def _answer(self, verb: bytes, rest: bytes) -> None:
        match verb:
            case b"LHLO":
                self._is_greeted, self._letter = True, _Letter()
                size = b"250 SIZE %d" % self._door.size_most
                for word in (b"herald", b"PIPELINING", b"ENHANCEDSTATUSCODES", b"8BITMIME"):
                    self._say(b"250-" + word)
                self._say(size)
            case b"MAIL":
                self._mail(rest)
            case b"RCPT":
                await self._rcpt(rest)
            case b"DATA":
                await self._data()
            case b"RSET":
                self._letter = _Letter()
                self._say(b"250 2.0.0 ok")
            case b"NOOP":
                self._say(b"250 2.0.0 ok")
            case b"VRFY":
                self._say(b"252 2.5.0 try it")
            case _:
                self._refuse(b"500 5.5.1 this is LMTP, say LHLO")

    def _mail(self, rest: bytes) -> None:
        found = _PATH.fullmatch(rest)
        if not self._is_greeted or self._letter.sender is not None:
            self._refuse(b"503 5.5.1 LHLO comes first, and one MAIL at a time")
        elif found is None or not rest.upper().startswith(b"FROM"):
            self._refuse(b"501 5.5.4 write MAIL FROM:<address>")
        else:
            self._letter.sender = found.group(1)
            self._say(b"250 2.1.0 ok")

    async def _rcpt(self, rest: bytes) -> None:
        found = _PATH.fullmatch(rest)
        if self._letter.sender is None:
            self._refuse(b"503 5.5.1 MAIL comes first")
        elif found is None or not rest.upper().startswith(b"TO"):
            self._refuse(b"501 5.5.4 write RCPT TO:<address>")
        elif len(self._letter.recipients) >= RECIPIENTS_MOST:
            self._say(b"452 4.5.3 too many recipients at once")
        else:
            address = found.group(1).decode("utf-8", "replace")
            reply = await self._door.knows(address)
            if reply.startswith(b"250"):
                self._letter.recipients.append(address)
            self._say(reply)

    async def _data(self) -> None:
        letter = self._letter
        if not letter.recipients:
            self._refuse(b"503 5.5.1 no recipient was taken")
            return
        self._say(b"354 go on, and end with a dot")
        await self._writer.drain()
        mail = await self._body()
        self._letter = _Letter()
        for address in letter.recipients:
            if mail is None:
                self._say(b"552 5.3.4 the mail is too large")
            else:
                self._say(await self._door.take(mail, letter, address))

    async def _body(self) -> bytes | None:
        """Return the beginning of a mail, as much as is looked at; None of one that is too large.

        Only CR LF, a dot and CR LF end it: where one server takes less for an end and another does
        not, strangers smuggle mails.
        """
        kept, size, tail = bytearray(), 0, b"\r\n"
        while True:
            async with asyncio.timeout(self._door.idle):
                piece = await self._piece()
            if tail == b"\r\n" and piece == b".\r\n":
                return bytes(kept) if size <= self._door.size_most else None
            text = piece.removeprefix(b".") if tail == b"\r\n" else piece
            tail = (tail + piece)[-2:]
            size += len(text)
            if len(kept) < READ_MOST:
                kept += text[: READ_MOST - len(kept)]

    async def _piece(self) -> bytes:
        """Return a line, or as much of a long one as is there."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            return await self._reader.readexactly(error.consumed)

    def _refuse(self, reply: bytes) -> None:
        self._errors += 1
        self._say(reply)

    def _say(self, reply: bytes) -> None:
        self._writer.write(reply + b"\r\n")


def _is_from_machine(mail: bytes) -> bool:
    head = mail.partition(b"\r\n\r\n")[0]
    return _FROM_MACHINE.search(head) is not None
