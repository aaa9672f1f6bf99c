"""Handing mails to a mail server: the only module that speaks SMTP.

What makes a failure *uncertain* is the moment.  Before the body is written, nothing can have been
accepted; from the final dot until its reply was read, anything may have been (RFC 1047).  So DATA
and the body are two steps here, where the library's ``data()`` is one.
"""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
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
from herald.model.network import Proof

PROOFS: tuple[Proof, ...] = ()
"""By what a mail server lets one copy be told from two: by nothing, for it cannot be asked."""

_START_INPUT = 354
_NOT_ALLOWED = 553
"""What a server would say to an address that it cannot read (RFC 5321 section 4.2.3)."""
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_REPLY_MOST = 500
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class NextEnvelope:
    """From whom to whom the mail after this one goes."""

    sender: str
    recipient: str


class Mailer(Protocol):
    """Hands over one mail after the other; a fake in memory is one too."""

    async def connect(self) -> RelayTrouble | None:
        """Make sure that there is a connection; return what is wrong if there is none."""
        ...

    async def send(
        self, *, sender: str, recipient: str, mail: bytes, ahead: NextEnvelope | None = None
    ) -> MailOutcome:
        """Hand over *mail* once and tell what came of it; never raises for what a server does.

        *ahead* is what will most likely be sent next over this connection; a mailer may announce
        it together with this mail, and must cope if something else comes, or nothing.
        """
        ...

    async def close(self) -> None:
        """Take leave of the server."""
        ...


class SmtpMailer:
    """One connection to the mail server, kept from mail to mail.  Never used by two tasks."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._smtp: SMTP | None = None

    @property
    def protection(self) -> str:
        """The TLS version of the open connection, such as ``TLSv1.3``; empty where it is bare."""
        secured = self._smtp.get_transport_info("ssl_object") if self._smtp else None
        return str(secured.version()) if secured is not None else ""

    async def connect(self) -> RelayTrouble | None:
        """Connect, protect the way and log in, unless that stands already."""
        if self._smtp is not None and self._smtp.is_connected:
            return None
        smtp = _connection(self._server)
        try:
            await smtp.connect()
            await smtp.ehlo()
        except SMTPAuthenticationError as error:
            why = f"it refused our user or password: {self._told(error)}"
            return RelayTrouble(why, error.code)
        except SMTPResponseException as error:
            return RelayTrouble(self._told(error), error.code)
        except ssl.SSLError as error:
            return RelayTrouble(f"its certificate or protection failed: {error}")
        except (SMTPException, OSError, ValueError) as error:
            return RelayTrouble(f"{self._told(error)} (check smtp: in config/herald.yaml)")
        self._smtp = smtp
        return None

    async def send(
        self, *, sender: str, recipient: str, mail: bytes, ahead: NextEnvelope | None = None
    ) -> MailOutcome:
        """Hand over one mail over the open connection; one step waits for the other's answer."""
        if self._smtp is None:
            return RelayTrouble("there is no connection")
        try:
            refusal = await self._envelope(self._smtp, sender, recipient)
        except (SMTPException, OSError) as error:
            # Nothing of the mail has left.
            await self._drop()
            return Deferred(f"connection lost: {self._told(error)}")
        if refusal is not None:
            return refusal
        outcome = await self._body(self._smtp, mail)
        await self._drop_if_ahead()
        return outcome

    async def close(self) -> None:
        """Say QUIT, if the server still listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None and smtp.is_connected:
            await _quietly(smtp.quit())
            smtp.close()

    async def _envelope(self, smtp: SMTP, sender: str, recipient: str) -> MailOutcome | None:
        """Say MAIL, RCPT and DATA; return why not, or None when the server awaits the body."""
        for say in (
            partial(self._mail, smtp, sender),
            partial(self._rcpt, smtp, recipient),
            partial(self._data, smtp),
        ):
            refusal = await say()
            if refusal is not None:
                return refusal
            if await self._drop_if_ahead():
                return Deferred("the server said more than it was asked; nothing was sent")
        return None

    async def _mail(self, smtp: SMTP, sender: str) -> MailOutcome | None:
        try:
            await smtp.mail(sender)
        except SMTPSenderRefused as error:
            await self._reset(error.code)
            return RelayTrouble(f"it refused the sender: {self._told(error)}", error.code)
        except ValueError:  # nothing was said
            return RelayTrouble("the sender's address has letters that mail does not carry")
        return None

    async def _rcpt(self, smtp: SMTP, recipient: str) -> MailOutcome | None:
        try:
            await smtp.rcpt(recipient)
        except SMTPRecipientRefused as error:
            await self._reset(error.code)
            return _refusal(error.code, self._told(error))
        except ValueError:
            await self._reset(_NOT_ALLOWED)
            return Rejected("the address has letters that mail does not carry", _NOT_ALLOWED)
        return None

    async def _data(self, smtp: SMTP) -> MailOutcome | None:
        reply = await smtp.execute_command(b"DATA")
        if reply.code == _START_INPUT:
            return None
        await self._reset(reply.code)
        return _refusal(reply.code, self._fit(reply.message))

    async def _body(self, smtp: SMTP, mail: bytes) -> MailOutcome:
        protocol = smtp.protocol
        if protocol is None:
            return Deferred("connection lost before the mail was sent")
        try:
            protocol.write(_stuffed(mail))
        except (SMTPException, OSError) as error:
            await self._drop()
            return Deferred(f"connection lost: {self._told(error)}")
        try:
            reply = await protocol.read_response(timeout=self._server.final_timeout)
        except (SMTPException, OSError) as error:
            await self._drop()
            return Uncertain(f"the server did not answer after the mail: {self._told(error)}")
        if reply.code == 421:
            await self._drop()
        said = self._fit(reply.message)
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
        await self._drop_if_ahead()

    async def _drop_if_ahead(self) -> bool:
        """Hang up if the server has said more than it was asked; tell whether it had.

        Its next words would be taken for the answer to what was not said yet: a mail that it takes
        would look as if it was refused, and would be sent again.
        """
        protocol = self._smtp.protocol if self._smtp is not None else None
        # The library has no public name for what it has read and not given out.
        if protocol is None or not protocol._buffer:  # noqa: SLF001
            return False
        await self._drop()
        return True

    def _told(self, error: BaseException) -> str:
        message = error.message if isinstance(error, SMTPException) else str(error)
        return self._fit(str(message) or type(error).__name__)

    def _fit(self, said: str) -> str:
        """Return what a server said fit for a journal: no secret, no personal data, no end."""
        for secret in _secrets_of(self._server):
            said = said.replace(secret, "***")
        return _without_addresses(said)

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
        validate_certs=not is_local(server.host),
    )


def is_local(host: str) -> bool:
    """Tell whether a mail server is on this machine, by its name alone."""
    return host in _LOCAL


def _refusal(code: int, said: str) -> Deferred | Rejected:
    return Rejected(said, code) if code >= 500 else Deferred(said, code)


def _stuffed(mail: bytes) -> bytes:
    """Return the body as it crosses the line, dots doubled, the final one included."""
    lines = _LINE_END.split(mail)
    if lines and not lines[-1]:
        lines.pop()
    doubled = [b"." + line if line.startswith(b".") else line for line in lines]
    return b"\r\n".join([*doubled, b".", b""])


def _secrets_of(server: MailServer) -> tuple[str, ...]:
    """Return the password as it stands in the settings, and as it crosses the line (RFC 4954)."""
    if not server.password:
        return ()
    plain = f"\0{server.user or ''}\0{server.password}"
    coded = (base64.b64encode(said.encode()).decode() for said in (plain, server.password))
    return (*coded, server.password)


def _without_addresses(said: str) -> str:
    """Return what a server said without personal data, on one line that ends."""
    return _ADDRESS.sub("<address>", " ".join(said.split()))[:_REPLY_MOST]


async def _quietly(leaving: Awaitable[object]) -> None:
    try:
        await leaving
    except (SMTPException, OSError):
        return
