"""Handing mails to a mail server: connecting, and choosing how to speak with it.

Connecting, TLS, EHLO and AUTH are aiosmtplib's.  What follows is `pipelining` where the server
offers it, else `one_by_one`; both keep the same promises.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Protocol, cast

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from herald.mailing.sending.one_by_one import OneByOne, is_ahead, told
from herald.mailing.sending.pipelining import Pipelined
from herald.mailing.sending.wire import (
    Commands,
    Conversation,
    Offers,
    commands_for,
    offers_of,
    size_for,
)
from herald.model.mailing import MailOutcome, MailServer, Rejected, RelayTrouble, Tls
from herald.model.network import Proof

PROOFS: tuple[Proof, ...] = ()
"""By what a mail server lets one copy be told from two: by nothing, for it cannot be asked."""

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class NextEnvelope:
    """From whom to whom the mail after this one goes."""

    sender: str
    recipient: str
    envelope_id: str = ""


class Mailer(Protocol):
    """Hands over one mail after the other; a fake in memory is one too."""

    async def connect(self) -> RelayTrouble | None:
        """Make sure that there is a connection; return what is wrong if there is none."""
        ...

    async def send(
        self,
        *,
        sender: str,
        recipient: str,
        mail: bytes,
        ahead: NextEnvelope | None = None,
        envelope_id: str = "",
    ) -> MailOutcome:
        """Hand over *mail* once and tell what came of it; never raises for what a server does.

        *ahead* is what will most likely be sent next over this connection, within seconds: a
        mailer may announce it together with this mail, and must cope if something else comes, or
        nothing. *envelope_id* names the mail if it comes back, where the server can note that.
        """
        ...

    async def close(self) -> None:
        """Take leave of the server."""
        ...


class SmtpMailer:
    """One connection to the mail server, kept from mail to mail.  Never used by two tasks."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._talk: Conversation | None = None
        self._offers = Offers()
        self._protection = ""

    @property
    def protection(self) -> str:
        """The TLS version of the open connection, such as ``TLSv1.3``; empty where it is bare."""
        return self._protection if self._talk is not None and self._talk.is_open else ""

    @property
    def offers(self) -> Offers:
        """What the server said at the last EHLO that it can do."""
        return self._offers

    async def connect(self) -> RelayTrouble | None:
        """Connect, protect the way and log in, unless that stands already."""
        if self._talk is not None and self._talk.is_open:
            return None
        self._drop()
        smtp = _connection(self._server)
        try:
            await smtp.connect()
            await smtp.ehlo()
        except SMTPAuthenticationError as error:
            why = f"it refused our user or password: {told(error, self._server)}"
            trouble = RelayTrouble(why, error.code)
        except SMTPResponseException as error:
            trouble = RelayTrouble(told(error, self._server), error.code)
        except ssl.SSLError as error:
            trouble = RelayTrouble(f"its certificate or protection failed: {error}")
        except (SMTPException, OSError, ValueError) as error:
            why = told(error, self._server)
            trouble = RelayTrouble(f"{why} (check smtp: in config/herald.yaml)")
        else:
            return self._begin(smtp)
        smtp.close()
        return trouble

    async def send(
        self,
        *,
        sender: str,
        recipient: str,
        mail: bytes,
        ahead: NextEnvelope | None = None,
        envelope_id: str = "",
    ) -> MailOutcome:
        """Hand over one mail over the open connection."""
        envelope = NextEnvelope(sender, recipient, envelope_id)
        is_eight_bit = not mail.isascii()
        opening = self._opening(envelope, is_eight_bit=is_eight_bit)
        if isinstance(opening, Commands) and self._talk and not self._talk.goes_on_with(opening):
            # Another mail was announced, and the server may be waiting for it: no dot for that.
            self._drop()
            trouble = await self.connect()
            if trouble is not None:
                return trouble
            opening = self._opening(envelope, is_eight_bit=is_eight_bit)
        if self._talk is None:
            return RelayTrouble("there is no connection")
        size = size_for(mail, self._offers)
        if not isinstance(opening, Commands):
            return opening
        if isinstance(size, RelayTrouble):
            return size
        following = self._opening(ahead, is_eight_bit=is_eight_bit) if ahead else None
        try:
            return await self._talk.send(
                opening,
                mail,
                size=size,
                ahead=following if isinstance(following, Commands) else None,
            )
        except asyncio.CancelledError:
            # What was said and what was answered belong together no more.
            self._drop()
            raise

    async def close(self) -> None:
        """Take leave of the server, if it still listens."""
        talk, self._talk = self._talk, None
        if talk is not None:
            await talk.leave()

    def _begin(self, smtp: SMTP) -> RelayTrouble | None:
        """Choose how to speak over a connection on which EHLO was answered."""
        if smtp.transport is None or is_ahead(smtp):
            smtp.close()
            return RelayTrouble("it said more than it was asked, before any mail")
        self._offers = offers_of(smtp.esmtp_extensions)
        secured = smtp.get_transport_info("ssl_object")
        self._protection = str(secured.version()) if secured is not None else ""
        self._talk = (
            Pipelined(cast("asyncio.Transport", smtp.transport), self._server)
            if self._offers.pipelining
            else OneByOne(smtp, self._server)
        )
        return None

    def _opening(
        self, envelope: NextEnvelope, *, is_eight_bit: bool
    ) -> Commands | Rejected | RelayTrouble:
        return commands_for(
            envelope.sender,
            envelope.recipient,
            self._offers,
            envelope_id=envelope.envelope_id,
            is_eight_bit=is_eight_bit,
        )

    def _drop(self) -> None:
        talk, self._talk = self._talk, None
        if talk is not None:
            talk.drop()


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
