"""Signing a mail: one header more, the same each time, so that a second attempt sends one mail.

The signature bears no moment (``t=``), for that reason.  The names of headers that must not be
added on the way stand once more in ``h=`` than the mail has them (RFC 6376 section 5.4).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from herald.mailing.dkim.canonical import (
    chosen,
    relaxed_body,
    relaxed_header,
    split_mail,
    with_crlf,
)
from herald.mailing.dkim.keys import KeyFault, SigningKey
from herald.mailing.sending.smtp import Mailer, NextEnvelope
from herald.model.mailing import MailOutcome, MailServer, RelayTrouble

SEALED = (
    b"From",
    b"To",
    b"Subject",
    b"Date",
    b"Message-ID",
    b"Reply-To",
    b"MIME-Version",
    b"Content-Type",
    b"List-Unsubscribe",
    b"List-Unsubscribe-Post",
)
"""Nobody may add a second one: a reader would see, or a mail program use, a stranger's."""

SIGNED = (b"List-Id", b"Content-Language", b"Auto-Submitted")
"""Signed where they are there."""

_LINE = 72
_DOMAIN = re.compile(rb"@([A-Za-z0-9.-]+|[^\s<>@\"]+)>?\s*$")


class Unsignable(ValueError):
    """A mail has no From whose domain could sign it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs for the domain of each mail's From."""

    key: SigningKey

    def sign(self, mail: bytes) -> bytes:
        """Return the mail with its signature on top; raise Unsignable."""
        mail = with_crlf(mail)
        fields, body = split_mail(mail)
        there = [name.lower() for name, _ in fields]
        names = [name for name in SEALED for _ in range(there.count(name.lower()) + 1)]
        names += [name for name in SIGNED for _ in range(there.count(name.lower()))]
        body_hash = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest())
        algorithm = b"rsa-sha256" if self.key.kind == "rsa" else b"ed25519-sha256"
        value = b"".join(
            (
                b" v=1; a=" + algorithm + b"; c=relaxed/relaxed; d=" + _domain_of(fields),
                b"; s=" + self.key.selector.encode("ascii") + b";\r\n\th=",
                _folded_names(names),
                b";\r\n\tbh=" + body_hash + b";\r\n\tb=",
            )
        )
        headers = [relaxed_header(*field) + b"\r\n" for field in chosen(fields, names)]
        headers.append(relaxed_header(b"DKIM-Signature", value))
        signature = _signature(self.key, b"".join(headers))
        return b"DKIM-Signature:" + value + _folded(signature) + b"\r\n" + mail


class SigningMailer:
    """Signs each mail before another mailer hands it over."""

    def __init__(self, mailer: Mailer, signer: Signer) -> None:
        self._mailer = mailer
        self._signer = signer

    async def connect(self) -> RelayTrouble | None:
        """Connect as the other does."""
        return await self._mailer.connect()

    async def send(
        self,
        *,
        sender: str,
        recipient: str,
        mail: bytes,
        ahead: NextEnvelope | None = None,
        envelope_id: str = "",
    ) -> MailOutcome:
        """Hand over the signed mail; what cannot be signed does not leave."""
        try:
            signed = self._signer.sign(mail)
        except Unsignable as error:
            return RelayTrouble(str(error))
        return await self._mailer.send(
            sender=sender, recipient=recipient, mail=signed, ahead=ahead, envelope_id=envelope_id
        )

    async def close(self) -> None:
        """Take leave as the other does."""
        await self._mailer.close()


class UnsignedMailer:
    """Hands over nothing: what was to be signed must not leave unsigned."""

    def __init__(self, fault: KeyFault) -> None:
        self._trouble = RelayTrouble(f"nothing was sent, for it cannot be signed: {fault.why}")

    async def connect(self) -> RelayTrouble | None:
        """Return why not."""
        return self._trouble

    async def send(
        self,
        *,
        sender: str,
        recipient: str,
        mail: bytes,
        ahead: NextEnvelope | None = None,
        envelope_id: str = "",
    ) -> MailOutcome:
        """Return why not."""
        return self._trouble

    async def close(self) -> None:
        """Do nothing."""


def signing(
    mailer: Callable[[MailServer], Mailer], key: SigningKey | KeyFault | None
) -> Callable[[MailServer], Mailer]:
    """Return what makes mailers that sign; without a key, what makes them as before."""
    match key:
        case SigningKey():
            signer = Signer(key=key)
            return lambda server: SigningMailer(mailer(server), signer)
        case KeyFault():
            return lambda _: UnsignedMailer(key)
        case None:
            return mailer


def _signature(key: SigningKey, text: bytes) -> bytes:
    private = key.private
    if isinstance(private, RSAPrivateKey):
        return base64.b64encode(private.sign(text, PKCS1v15(), SHA256()))
    # RFC 8463 section 3: what is signed is the hash.
    return base64.b64encode(private.sign(hashlib.sha256(text).digest()))


def _domain_of(fields: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Return the domain after From: a signature counts for DMARC only if it is the same."""
    written = [value for name, value in fields if name.lower() == b"from"]
    found = _DOMAIN.search(written[0]) if len(written) == 1 else None
    if found is None:
        raise Unsignable("a mail without one From with an address cannot be signed")
    try:
        return found.group(1).decode("utf-8").lower().encode("idna")
    except UnicodeError as error:
        raise Unsignable("the domain after From is none that can be looked up") from error


def _folded_names(names: list[bytes]) -> bytes:
    lines, line = [], b""
    for name in names:
        if line and len(line) + len(name) + 1 > _LINE:
            lines.append(line + b":")
            line = name
        else:
            line = line + b":" + name if line else name
    return b"\r\n\t ".join([*lines, line])


def _folded(text: bytes) -> bytes:
    return b"\r\n\t ".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))
