"""Speaking SMTP without waiting for each answer (RFC 2920), to servers that offer it.

MAIL, RCPT and DATA leave together, and behind a mail's final dot those of the next mail: one round
trip for each mail, where asking one by one takes four.  Every reply is read, in order, and matched
with what was said; as soon as one does not fit, the line is cut before a body is sent.

A body leaves only when MAIL, RCPT and DATA of its own envelope were answered well and the server
has said nothing else.  So an envelope that was announced is never a mail: dropping the line ends
it, and no dot is ever written for it.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass

from herald.mailing.sending.wire import (
    AHEAD_OF_US,
    CLOSING,
    START_INPUT,
    Commands,
    Reply,
    fit_for_journal,
    refusal,
    stuffed,
)
from herald.model.mailing import (
    Accepted,
    Deferred,
    MailOutcome,
    MailServer,
    RelayTrouble,
    Uncertain,
)

_LINE_MOST = 8_192
"""Bytes of a reply's line; RFC 5321 section 4.5.3.1.5 allows 512, and servers say more."""
_REPLY_MOST = 32_768
_HELD_MOST = 65_536
"""Bytes that are kept unread; a server that says more is flooding us."""
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class Lost(Exception):
    """No more can be read from this server; take a new connection."""


class Replies(asyncio.Protocol):
    """What the server says, reply by reply, each kept until it is asked for.

    The library's own protocol gives out one reply for each packet, and loses what came with it.
    """

    def __init__(self) -> None:
        self._said = bytearray()
        self._ended = ""
        self._transport: asyncio.Transport | None = None
        self._news = asyncio.Event()

    @property
    def is_ahead(self) -> bool:
        """Tell whether something was said that nobody has asked for yet."""
        return bool(self._said)

    @property
    def is_open(self) -> bool:
        """Tell whether the server may say more."""
        return not self._ended

    def listen(self, transport: asyncio.Transport) -> None:
        """Take over a connection from whoever has read from it."""
        self._transport = transport
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        """Keep what came in, up to a limit."""
        self._said += data
        if len(self._said) > _HELD_MOST:
            self._end("it said far more than it was asked")
            if self._transport is not None:
                self._transport.abort()
        self._news.set()

    def eof_received(self) -> None:
        """Note that the server says no more; what it has said still counts."""
        self._end("it hung up")

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone; what the server has said still counts."""
        self._end(str(exc) if exc else "it hung up")

    async def next(self, within: float) -> Reply:
        """Return the next reply, in at most *within* seconds. Raises Lost."""
        if (reply := self._take()) is not None:  # replies to a group mostly come together
            return reply
        try:
            async with asyncio.timeout(within):
                while (reply := self._take()) is None:
                    if self._ended:
                        raise Lost(self._ended)
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise Lost("it did not answer in time") from None
        return reply

    def _take(self) -> Reply | None:
        """Cut the first whole reply off what was said; None while it is not there."""
        texts: list[bytes] = []
        codes: set[bytes] = set()
        begin = 0
        while (end := self._said.find(b"\n", begin)) >= 0:
            line = bytes(self._said[begin:end]).removesuffix(b"\r")
            found = _LINE.fullmatch(line)
            begin = end + 1
            if found is None or len(line) > _LINE_MOST or begin > _REPLY_MOST:
                raise Lost("it answered what is no reply")
            codes.add(found[1])
            texts.append(found[3] or b"")
            if found[2] != b"-":
                del self._said[:begin]
                if len(codes) > 1:
                    raise Lost("it answered two things at once")
                return Reply(int(found[1]), b"\n".join(texts).decode(errors="replace"))
        if len(self._said) - begin > _LINE_MOST:
            raise Lost("it answered without an end")
        return None

    def _end(self, why: str) -> None:
        self._ended = self._ended or why
        self._news.set()


@dataclass(frozen=True, slots=True)
class _Group:
    """Commands that were written and whose replies were not read."""

    commands: Commands
    resets: bool


class Pipelined:
    """A conversation in which what is known already is said at once.  Never used by two tasks."""

    def __init__(self, transport: asyncio.Transport, server: MailServer) -> None:
        """Take over *transport*, on which EHLO was answered last."""
        self._transport = transport
        self._server = server
        self._replies = Replies()
        self._replies.listen(transport)
        self._written: _Group | None = None
        self._needs_reset = False

    @property
    def is_open(self) -> bool:
        """Tell whether the connection stands, as far as is known."""
        return self._replies.is_open and not self._transport.is_closing()

    def goes_on_with(self, commands: Commands) -> bool:
        """Tell whether *commands* were announced, or nothing was."""
        return self._written is None or self._written.commands == commands

    async def send(
        self, commands: Commands, mail: bytes, *, size: bytes, ahead: Commands | None
    ) -> MailOutcome:
        """Hand over one mail, and announce *ahead* behind it."""
        if not self.is_open or not self.goes_on_with(commands):
            self.drop()
            return Deferred("connection lost before the mail was sent")
        if self._written is None:
            if self._replies.is_ahead:
                self.drop()
                return Deferred(AHEAD_OF_US)
            self._transport.write(self._group(commands, size))
        refused = await self._answers()
        if refused is None:
            return await self._body(mail, ahead)
        if self.is_open and ahead is not None:
            self._transport.write(self._group(ahead))
        return refused

    async def leave(self) -> None:
        """Say QUIT, unless the server may be waiting for a body: then a dropped line ends it."""
        if self.is_open and self._written is None:
            self._transport.write(b"QUIT\r\n")
            with suppress(Lost):
                await self._replies.next(self._server.timeout)
            self._transport.close()
        self.drop()

    def drop(self) -> None:
        """Hang up at once; what is written and has not left never leaves."""
        self._written = None
        self._transport.abort()

    def _group(self, commands: Commands, size: bytes = b"") -> bytes:
        """Return what opens a mail, and note that it is being said."""
        resets, self._needs_reset = self._needs_reset, False
        self._written = _Group(commands, resets)
        lines = (commands.mail + size, commands.rcpt, b"DATA", b"")
        return (b"RSET\r\n" if resets else b"") + b"\r\n".join(lines)

    async def _answers(self) -> MailOutcome | None:
        """Read what came of a group; None when the server awaits the body, and says no more."""
        group, self._written = self._written, None
        found: list[Reply] = []
        awaited = 4 if group is not None and group.resets else 3
        try:
            while len(found) < awaited:
                found.append(await self._replies.next(self._server.timeout))
                if found[-1].code == CLOSING:
                    raise Lost(self._fit(found[-1]))
        except Lost as lost:
            self.drop()
            return self._refusal(found[awaited - 3 :]) or Deferred(f"connection lost: {lost}")
        return await self._judged(found)

    async def _judged(self, found: list[Reply]) -> MailOutcome | None:
        """Weigh the replies to a whole group, and make ready for what comes next."""
        *before, data = found
        *reset, mail, rcpt = before
        fit = all(reply.is_good or reply.is_refusal for reply in before)
        fit = fit and (data.code == START_INPUT or data.is_refusal)
        refused = self._refusal([mail, rcpt, data])
        if self._replies.is_ahead:
            self.drop()
            # Two refusals that agree are about this envelope, whatever was said behind them.
            fit = fit and rcpt.is_refusal and data.is_refusal
        if not fit or (reset and not reset[0].is_good):
            self.drop()
            return Deferred(AHEAD_OF_US if not fit else self._fit(reset[0]))
        if refused is None:
            return None
        self._needs_reset = True
        if not self.is_open:
            return refused
        if data.code == START_INPUT:
            await self._say_nothing(is_for_nobody=not rcpt.is_good)
        return refused

    def _refusal(self, found: list[Reply]) -> MailOutcome | None:
        """Return the first no to MAIL, RCPT and DATA, as far as they were answered."""
        for step, reply in enumerate(found):
            if reply.is_refusal:
                if step == 0:
                    return RelayTrouble(f"it refused the sender: {self._fit(reply)}", reply.code)
                return refusal(reply.code, self._fit(reply))
        return None

    async def _say_nothing(self, *, is_for_nobody: bool) -> None:
        """Answer a server that awaits a mail without a recipient: a lone dot (RFC 2920, 3.1).

        Where the envelope is not certainly empty, or the mail is taken, the line is dropped: its
        replies and ours are not about the same.
        """
        if not is_for_nobody:
            self.drop()
            return
        self._transport.write(b".\r\n")
        try:
            reply = await self._replies.next(self._server.timeout)
        except Lost:
            self.drop()
            return
        if not reply.is_refusal or reply.code == CLOSING or self._replies.is_ahead:
            self.drop()

    async def _body(self, mail: bytes, ahead: Commands | None) -> MailOutcome:
        crossing = stuffed(mail)
        if not self.is_open:
            self.drop()
            return Deferred("connection lost before the mail was sent")
        self._transport.write(crossing + (self._group(ahead) if ahead is not None else b""))
        try:
            reply = await self._replies.next(self._server.final_timeout)
        except Lost as lost:
            self.drop()
            why = fit_for_journal(str(lost), self._server)
            return Uncertain(f"the server did not answer after the mail: {why}")
        said = self._fit(reply)
        if reply.code == CLOSING or (ahead is None and self._replies.is_ahead):
            self.drop()
        if reply.is_good:
            return Accepted(said, reply.code)
        if reply.is_refusal:
            return refusal(reply.code, said)
        self.drop()
        return Uncertain(f"the server answered {reply.code} after the mail: {said}")

    def _fit(self, reply: Reply) -> str:
        return fit_for_journal(reply.said, self._server)
