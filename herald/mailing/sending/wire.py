"""What crosses the line to a mail server: commands, bodies, and what of a reply may be kept.

Pure: both ways of speaking SMTP (`pipelining`, `one_by_one`) say the same words.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from herald.model.mailing import Deferred, MailOutcome, MailServer, Rejected, RelayTrouble

START_INPUT = 354
CLOSING = 421
"""A server that says so hangs up (RFC 5321 section 3.8)."""
AHEAD_OF_US = "the server said more than it was asked; nothing was sent"

_NOT_ALLOWED = 553
"""What a server would say to an address that it cannot read (RFC 5321 section 4.2.3)."""
_TOO_LARGE = 552
_REPLY_MOST = 500
_ENVID_MOST = 100
_ORCPT_MOST = 500
"""Characters that RFC 3461 sections 4.2 and 4.4 let stand there."""

_MEGABYTE = 1_000_000
_QUOTED = re.compile(r"[^\s<>]+@[^\s<>]+")
_MAILBOX = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s<>"@]+)@[^\s<>"@]+')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_XTEXT = re.compile(rb"[^!-*,-<>-~]")
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a server's answer to EHLO lets us say."""

    pipelining: bool = False
    """RFC 2920: commands need not wait for each other's replies."""
    size_most: int = 0
    """Bytes of the largest mail that it takes (RFC 1870); 0 where it does not tell."""
    eight_bit: bool = False
    """RFC 6152: bodies may hold bytes above 127."""
    utf8: bool = False
    """RFC 6531: addresses may hold letters beyond ASCII."""
    dsn: bool = False
    """RFC 3461: it notes under which name a mail comes back, and when."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of a server, its lines joined."""

    code: int
    said: str

    @property
    def is_good(self) -> bool:
        """Tell whether what was asked is done."""
        return 200 <= self.code < 300

    @property
    def is_refusal(self) -> bool:
        """Tell whether it says no, for now or for good."""
        return 400 <= self.code < 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What opens one mail; two are equal that open the same envelope, whatever its mail weighs."""

    mail: bytes
    rcpt: bytes


class Conversation(Protocol):
    """One open connection, after EHLO and login."""

    @property
    def is_open(self) -> bool:
        """Tell whether the connection stands, as far as is known."""
        ...

    def goes_on_with(self, commands: Commands) -> bool:
        """Tell whether *commands* may come next: nothing else has been announced."""
        ...

    async def send(
        self, commands: Commands, mail: bytes, *, size: bytes, ahead: Commands | None
    ) -> MailOutcome:
        """Hand over one mail; *size* goes with its MAIL unless that has been said already."""
        ...

    async def leave(self) -> None:
        """Say QUIT where that can end no mail, and hang up."""
        ...

    def drop(self) -> None:
        """Hang up at once."""
        ...


def offers_of(extensions: Mapping[str, str]) -> Offers:
    """Read what EHLO announced: parameters by the keyword in small letters."""
    size = extensions.get("size", "").strip()
    return Offers(
        pipelining="pipelining" in extensions,
        size_most=int(size) if size.isascii() and size.isdigit() else 0,
        eight_bit="8bitmime" in extensions,
        utf8="smtputf8" in extensions,
        dsn="dsn" in extensions,
    )


def commands_for(
    sender: str, recipient: str, offers: Offers, *, envelope_id: str = "", is_eight_bit: bool
) -> Commands | Rejected | RelayTrouble:
    """Return what opens a mail, or what keeps it from being sent to this server at all.

    *envelope_id* is what the mail is called if it comes back; said where the server offers DSN.
    """
    if sender and not _is_mailbox(sender):
        return RelayTrouble("the sender's address has letters that mail does not carry")
    if not _is_mailbox(recipient):
        return Rejected("the address has letters that mail does not carry", _NOT_ALLOWED)
    needs_utf8 = not (sender + recipient).isascii()
    if needs_utf8 and not offers.utf8:
        beyond = "has letters beyond a to z, and the mail server takes none (it offers no SMTPUTF8)"
        if not sender.isascii():
            return RelayTrouble(f"the sender's address {beyond}")
        # The status of RFC 6531: about the way, and nothing against the address.
        return Rejected(f"5.6.7 the address {beyond}", _NOT_ALLOWED)
    mail = [f"MAIL FROM:<{sender}>".encode()]
    rcpt = [f"RCPT TO:<{recipient}>".encode()]
    if offers.eight_bit and is_eight_bit:
        mail.append(b"BODY=8BITMIME")
    if needs_utf8:
        mail.append(b"SMTPUTF8")
    if offers.dsn:
        mail += _returning(envelope_id)
        rcpt += _noting(recipient)
    return Commands(mail=b" ".join(mail), rcpt=b" ".join(rcpt))


def size_for(mail: bytes, offers: Offers) -> bytes | RelayTrouble:
    """Return what MAIL says of the mail's weight, or why the server would not take it.

    A mail that is too large is nothing against its recipient, and the next copy is as large.
    """
    if not offers.size_most:
        return b""
    size = len(mail) + mail.count(b"\n") - mail.count(b"\r\n")
    if size > offers.size_most:
        most = f"{offers.size_most / _MEGABYTE:.1f}"
        why = f"the mail has {size / _MEGABYTE:.1f} MB, and the mail server takes {most} at most"
        return RelayTrouble(f"{why}: leave out pictures, or ask whose server it is", _TOO_LARGE)
    return b" SIZE=%d" % size


def stuffed(mail: bytes) -> bytes:
    """Return the body as it crosses the line, dots doubled, the final one included.

    Every kind of line end becomes CRLF: a bare one beside a dot is how a mail is smuggled into
    another.
    """
    breaks = mail.count(b"\r\n")
    is_plain = mail.count(b"\n") == mail.count(b"\r") == breaks and b"\n." not in mail
    if is_plain and mail.endswith(b"\r\n") and not mail.startswith(b"."):
        return mail + b".\r\n"  # as nearly every mail is: looking costs less than taking apart
    lines = _LINE_END.split(mail)
    if lines and not lines[-1]:
        lines.pop()
    doubled = [b"." + line if line.startswith(b".") else line for line in lines]
    return b"\r\n".join([*doubled, b".", b""])


def refusal(code: int, said: str) -> Deferred | Rejected:
    """Return what a refusal comes to for its recipient: by its first digit, for now or for good."""
    return Rejected(said, code) if code >= 500 else Deferred(said, code)


def fit_for_journal(said: str, server: MailServer) -> str:
    """Return what a server said without a secret or personal data, on one line that ends."""
    for secret in _secrets_of(server):
        said = said.replace(secret, "***")
    plain = "".join(letter if letter.isprintable() else " " for letter in said)
    return _QUOTED.sub("<address>", " ".join(plain.split()))[:_REPLY_MOST]


def _is_mailbox(address: str) -> bool:
    try:
        address.encode()
    except UnicodeEncodeError:
        return False
    return not _CONTROL.search(address) and _MAILBOX.fullmatch(address) is not None


def _returning(envelope_id: str) -> list[bytes]:
    """Let only the headers come back, under the copy's name: the server knows the rest."""
    name = _xtext(envelope_id)
    return [b"RET=HDRS", *([b"ENVID=" + name] if 0 < len(name) <= _ENVID_MOST else [])]


def _noting(recipient: str) -> list[bytes]:
    """Ask to hear of failure alone: a delay is the server's, and ends in one or the other."""
    original = b"ORCPT=rfc822;" + _xtext(recipient)
    is_known = recipient.isascii() and len(original) <= _ORCPT_MOST
    return [b"NOTIFY=FAILURE", *([original] if is_known else [])]


def _xtext(text: str) -> bytes:
    """Return *text* as RFC 3461 section 4 spells it: ``+`` and two digits for what stands out."""
    return _NOT_XTEXT.sub(lambda found: b"+%02X" % found[0][0], text.encode())


def _secrets_of(server: MailServer) -> tuple[str, ...]:
    """Return the password as it stands in the settings, and as it crosses the line (RFC 4954)."""
    if not server.password:
        return ()
    plain = f"\0{server.user or ''}\0{server.password}"
    coded = (base64.b64encode(said.encode()).decode() for said in (plain, server.password))
    return (*coded, server.password)
