"""Speaking SMTP the plain way, for servers that offer no pipelining: each step awaits its answer.

What makes a failure *uncertain* is the moment.  Before the body is written, nothing can have been
accepted; from the final dot until its reply was read, anything may have been (RFC 1047).  So DATA
and the body are two steps here, where the library's ``data()`` is one.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress

from aiosmtplib import SMTP, SMTPException

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


class OneByOne:
    """A conversation in which nothing is said before the last answer.  Never used by two tasks."""

    def __init__(self, smtp: SMTP, server: MailServer) -> None:
        """Go on with *smtp*, on which EHLO was answered last."""
        self._smtp = smtp
        self._server = server

    @property
    def is_open(self) -> bool:
        """Tell whether the connection stands, as far as is known."""
        return self._smtp.is_connected

    def goes_on_with(self, commands: Commands) -> bool:  # whatever they are
        """Tell that anything may come next: nothing is ever announced."""
        return True

    async def send(
        self, commands: Commands, mail: bytes, *, size: bytes, ahead: Commands | None
    ) -> MailOutcome:
        """Hand over one mail; *ahead* is not needed."""
        try:
            refused = await self._envelope(commands, size)
        except (SMTPException, OSError) as error:
            # Nothing of the mail has left.
            self.drop()
            return Deferred(f"connection lost: {told(error, self._server)}")
        if refused is not None:
            return refused
        outcome = await self._body(mail)
        self._drop_if_ahead()
        return outcome

    async def leave(self) -> None:
        """Say QUIT, if the server still listens."""
        if self._smtp.is_connected:
            await _quietly(self._smtp.quit())
        self.drop()

    def drop(self) -> None:
        """Hang up at once."""
        self._smtp.close()

    async def _envelope(self, commands: Commands, size: bytes) -> MailOutcome | None:
        """Say MAIL, RCPT and DATA; return why not, or None when the server awaits the body."""
        for said in (commands.mail + size, commands.rcpt, b"DATA"):
            is_data = said == b"DATA"
            reply = await self._say(said)
            if not (reply.code == START_INPUT if is_data else reply.is_good):
                await self._reset(reply.code)
                return self._refused(said, reply)
            if self._drop_if_ahead():
                return Deferred(AHEAD_OF_US)
        return None

    def _refused(self, said: bytes, reply: Reply) -> MailOutcome:
        why = fit_for_journal(reply.said, self._server)
        if said.startswith(b"MAIL"):
            return RelayTrouble(f"it refused the sender: {why}", reply.code)
        if not reply.is_refusal:
            self.drop()
            return Deferred(f"the server answered {reply.code}: {why}")
        return refusal(reply.code, why)

    async def _say(self, command: bytes) -> Reply:
        reply = await self._smtp.execute_command(command)
        return Reply(reply.code, reply.message)

    async def _body(self, mail: bytes) -> MailOutcome:
        protocol = self._smtp.protocol
        if protocol is None:
            return Deferred("connection lost before the mail was sent")
        try:
            protocol.write(stuffed(mail))
        except (SMTPException, OSError) as error:
            self.drop()
            return Deferred(f"connection lost: {told(error, self._server)}")
        try:
            reply = await protocol.read_response(timeout=self._server.final_timeout)
        except (SMTPException, OSError) as error:
            self.drop()
            why = told(error, self._server)
            return Uncertain(f"the server did not answer after the mail: {why}")
        if reply.code == CLOSING:
            self.drop()
        said = fit_for_journal(reply.message, self._server)
        if 200 <= reply.code < 300:
            return Accepted(said, reply.code)
        if 400 <= reply.code < 600:
            return refusal(reply.code, said)
        self.drop()
        return Uncertain(f"the server answered {reply.code} after the mail: {said}")

    async def _reset(self, code: int) -> None:
        """Get ready for the next mail; a server that says 421 is about to hang up."""
        if code == CLOSING or not self._smtp.is_connected:
            self.drop()
            return
        try:
            await self._smtp.rset()
        except (SMTPException, OSError):
            self.drop()
        self._drop_if_ahead()

    def _drop_if_ahead(self) -> bool:
        """Hang up if the server has said more than it was asked; tell whether it had.

        Its next words would be taken for the answer to what was not said yet: a mail that it takes
        would look as if it was refused, and would be sent again.
        """
        if not is_ahead(self._smtp):
            return False
        self.drop()
        return True


def is_ahead(smtp: SMTP) -> bool:
    """Tell whether the server has said more than it was asked."""
    # The library has no public name for what it has read and not given out.
    return smtp.protocol is not None and bool(smtp.protocol._buffer)  # noqa: SLF001


def told(error: BaseException, server: MailServer) -> str:
    """Return what went wrong, fit for a journal."""
    message = error.message if isinstance(error, SMTPException) else str(error)
    return fit_for_journal(str(message) or type(error).__name__, server)


async def _quietly(leaving: Awaitable[object]) -> None:
    with suppress(SMTPException, OSError):
        await leaving
