"""Handing mails to a mail server: the only module that speaks SMTP.

What makes a failure *uncertain* is the moment.  Before the body is written, nothing can have been
accepted; from the final dot until its reply was read, anything may have been (RFC 1047).  So DATA
and the body are two steps here, where the library's ``data()`` is one.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Awaitable
from typing import Protocol

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from herald.model.mailing import (
    Accepted,
    Deferred,
    MailOutcome,
    MailServer,
    Rejected,
    RelayTrouble,
    Tls,
    Uncertain,
)

_START_INPUT = 354
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_REPLY_MOST = 500
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Mailer(Protocol):
    """Hands over one mail after the other; a fake in memory is one too."""

    async def connect(self) -> RelayTrouble | None:
        """Make sure that there is a connection; return what is wrong if there is none."""
        ...

    async def send(self, *, sender: str, recipient: str, mail: bytes) -> MailOutcome:
        """Hand over *mail* once and tell what came of it; never raises for what a server does."""
        ...

    async def close(self) -> None:
        """Take leave of the server."""
        ...


class SmtpMailer:
    """One connection to the mail server, kept from mail to mail.  Never used by two tasks."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._smtp: SMTP | None = None

    async def connect(self) -> RelayTrouble | None:
        """Connect, protect the way and log in, unless that stands already."""
        if self._smtp is not None and self._smtp.is_connected:
            return None
        smtp = _connection(self._server)
        try:
            await smtp.connect()
            await smtp.ehlo()
        except SMTPAuthenticationError as error:
            return RelayTrouble(f"it refused our user or password: {_told(error)}", error.code)
        except SMTPResponseException as error:
            return RelayTrouble(_told(error), error.code)
        except ssl.SSLError as error:
            return RelayTrouble(f"its certificate or protection failed: {error}")
        except (SMTPException, OSError, ValueError) as error:
            return RelayTrouble(f"{error} (check smtp: in config/herald.yaml)")
        self._smtp = smtp
        return None

    async def send(self, *, sender: str, recipient: str, mail: bytes) -> MailOutcome:
        """Hand over one mail over the open connection."""
        if self._smtp is None:
            return RelayTrouble("there is no connection")
        try:
            refusal = await self._envelope(self._smtp, sender, recipient)
        except (SMTPException, OSError) as error:
            # Nothing of the mail has left.
            await self._drop()
            return Deferred(f"connection lost: {_told(error)}")
        if refusal is not None:
            return refusal
        return await self._body(self._smtp, mail)

    async def close(self) -> None:
        """Say QUIT, if the server still listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None and smtp.is_connected:
            await _quietly(smtp.quit())
            smtp.close()

    async def _envelope(self, smtp: SMTP, sender: str, recipient: str) -> MailOutcome | None:
        """Say MAIL, RCPT and DATA; return why not, or None when the server awaits the body."""
        try:
            await smtp.mail(sender)
        except SMTPSenderRefused as error:
            await self._reset(error.code)
            return RelayTrouble(f"it refused the sender: {_told(error)}", error.code)
        try:
            await smtp.rcpt(recipient)
        except SMTPRecipientRefused as error:
            await self._reset(error.code)
            return _refusal(error.code, _told(error))
        reply = await smtp.execute_command(b"DATA")
        if reply.code != _START_INPUT:
            await self._reset(reply.code)
            return _refusal(reply.code, _without_addresses(reply.message))
        return None

    async def _body(self, smtp: SMTP, mail: bytes) -> MailOutcome:
        protocol = smtp.protocol
        if protocol is None:
            return Deferred("connection lost before the mail was sent")
        try:
            protocol.write(_stuffed(mail))
        except (SMTPException, OSError) as error:
            await self._drop()
            return Deferred(f"connection lost: {_told(error)}")
        try:
            reply = await protocol.read_response(timeout=self._server.final_timeout)
        except (SMTPException, OSError) as error:
            await self._drop()
            return Uncertain(f"the server did not answer after the mail: {_told(error)}")
        if reply.code == 421:
            await self._drop()
        said = _without_addresses(reply.message)
        if 200 <= reply.code < 300:
            return Accepted(said, reply.code)
        if 400 <= reply.code < 600:
            return _refusal(reply.code, said)
        await self._drop()
        return Uncertain(f"the server answered {reply.code} after the mail: {said}")

    async def _reset(self, code: int) -> None:
        """Get ready for the next mail; a server that says 421 is about to hang up."""
        if code == 421 or self._smtp is None or not self._smtp.is_connected:
            await self._drop()
            return
        try:
            await self._smtp.rset()
        except (SMTPException, OSError):
            await self._drop()

    async def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _connection(server: MailServer) -> SMTP:
    return SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls is Tls.IMPLICIT,
        start_tls=server.tls is Tls.STARTTLS,
        username=server.user,
        password=server.password,
        timeout=server.timeout,
        # A server on this machine has no certificate that anybody signed, and no way to listen in.
        validate_certs=server.host not in _LOCAL,
    )


def _refusal(code: int, said: str) -> Deferred | Rejected:
    return Rejected(said, code) if code >= 500 else Deferred(said, code)


def _stuffed(mail: bytes) -> bytes:
    """Return the body as it crosses the line, dots doubled, the final one included."""
    lines = _LINE_END.split(mail)
    if lines and not lines[-1]:
        lines.pop()
    doubled = [b"." + line if line.startswith(b".") else line for line in lines]
    return b"\r\n".join([*doubled, b".", b""])


def _told(error: BaseException) -> str:
    message = error.message if isinstance(error, SMTPException) else str(error)
    return _without_addresses(str(message) or type(error).__name__)


def _without_addresses(said: str) -> str:
    """Return what a server said fit for a journal: no personal data, no end."""
    return _ADDRESS.sub("<address>", " ".join(said.split()))[:_REPLY_MOST]


async def _quietly(leaving: Awaitable[object]) -> None:
    try:
        await leaving
    except (SMTPException, OSError):
        return
