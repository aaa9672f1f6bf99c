"""Making the mail itself: headers and parts, as RFC 5322, 2369, 2919 and 8058 want them.

The policies of the standard library cannot be left to write these headers.  Folding at 78
characters, Python 3.11 turns a long ``List-Unsubscribe`` into encoded words, which silently kills
one-click; folding at 998, it writes encoded words beyond the 75 characters of RFC 2047 section 2;
and either way it may lose a space between two encoded words of a ``Subject``.  So every header that
matters is spelled here, and kept as it is.

Texts are quoted-printable, also for servers that offer 8BITMIME: a later server that does not would
have to rewrite an eight-bit text, and that breaks the signature that the first one put on it (RFC
6376 section 5.3).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from email.charset import SHORTEST, Charset
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from herald.mailing.letters.marks import PREFERENCES_MARK, address_to, without_preferences
from herald.mailing.sending.splice import Skeleton, Uncut, cut
from herald.model.ids import ListId
from herald.model.mailing import Edition

LINE_MOST = 998
"""Bytes of a line without its end (RFC 5322 section 2.1.1)."""

_SPELLED = frozenset(
    {
        "from",
        "to",
        "subject",
        "message-id",
        "list-id",
        "list-help",
        "list-owner",
        "list-post",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "list-subscribe",
        "list-archive",
        "archived-at",
    }
)
"""From and To are among them because the standard library, folding a name that needs encoding,
leaves its other words bare: a name with a comma or a bracket may become a second recipient."""


_USUAL = re.compile(r"[A-Za-z0-9_+=-]+(\.[A-Za-z0-9_+=-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""Addresses that stand in a header as they are, as nearly all do: parsing one takes long."""

_OF_A_URL = ":/?&=%#@+,;~!$'()*[]"
"""What stands in a URL as it is; all else is spelled in %."""


class UnsafeHeader(ValueError):
    """A value would break out of its header: it holds a line break or another control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who writes to a list."""

    list: ListId
    list_name: str
    name: str
    address: str

    @property
    def domain(self) -> str:
        """The domain that signs, and that names the list and its mails."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Public pages about an edition and its list; empty where there is none."""

    joining: str = ""
    """Where anybody may ask to join the list."""
    letters: str = ""
    """Where the list's letters stand."""
    letter: str = ""
    """Where this edition stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What differs between two recipients of one edition."""

    address: str
    name: str
    message_id: str
    token: str
    """Of the unsubscribe link."""
    preferences: str = ""
    """The token of the link to the preferences."""
    date: datetime
    public_url: str
    """Where the world reaches Herald's pages; empty where it does not."""
    leaving_to: str = ""
    """Where Herald itself reads mails that ask to leave; empty where the list's sender does."""

    def link(self, sender: Sender) -> str:
        """Return the visible unsubscribe link: a page, or a mail."""
        if self.public_url:
            return f"{self.public_url.rstrip('/')}/u/{self.token}"
        return self.mail_link(sender)

    def mail_link(self, sender: Sender) -> str:
        """Return the link that makes a mail by which the reader leaves."""
        to = quote(self.leaving_to or sender.address, safe="@")
        return f"mailto:{to}?subject=unsubscribe%20{quote(self.token)}"

    def preferences_link(self, sender: Sender) -> str:
        """Return the link to the reader's preferences; without a page, a mail to the sender."""
        if self.public_url:
            return f"{self.public_url.rstrip('/')}/p/{self.preferences}"
        return f"mailto:{quote(sender.address, safe='@')}"


def make_mail(
    edition: Edition, sender: Sender, envelope: Envelope, pages: Pages = Pages()
) -> bytes:
    """Return the mail for one recipient.

    The same arguments make the same bytes. Raises UnsafeHeader.
    """
    if not envelope.public_url:
        edition = without_preferences(edition)
    own = address_to(edition, envelope.link(sender), envelope.preferences_link(sender))
    mail = EmailMessage(policy=AS_SPELLED)
    mail["From"] = mailbox(sender.name, sender.address)
    mail["To"] = mailbox(envelope.name, envelope.address)
    mail["Subject"] = subject_header(own.subject)
    mail["Date"] = format_datetime(envelope.date.replace(microsecond=0))
    mail["Message-ID"] = _safe(envelope.message_id)
    for name, value in (*_list_headers(sender, envelope), *_page_headers(pages)):
        mail[name] = _safe(value)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(own.text, charset="utf-8", cte="quoted-printable")
    mail.add_alternative(
        own.html,
        subtype="html",
        charset="utf-8",
        cte="quoted-printable",
    )
    mail["Content-Language"] = _safe(own.language)  # set_content drops an earlier one
    # Nothing random: a retry sends the same bytes. "=_" never occurs in quoted-printable text.
    mail.set_boundary(f"=_{envelope.message_id.strip('<>').partition('@')[0]}")
    return mail.as_bytes()


@dataclass(frozen=True, slots=True)
class Mould:
    """An edition from which the mails of all its recipients are made, without building each."""

    skeleton: Skeleton

    def fill(self, envelope: Envelope) -> bytes:
        """Return what ``make_mail`` gives for *envelope*, if it is of this mould's edition.

        Its date and public URL are those that the mould was made with. Raises UnsafeHeader.
        """
        to = f"To: {mailbox(envelope.name, envelope.address)}"
        _short(to)
        values = {
            _TO: to,
            _NAME: envelope.message_id.strip("<>").partition("@")[0],
            _LEAVING: envelope.token,
            _PREFERRING: envelope.preferences,
        }
        try:
            return self.skeleton.join({name: value.encode() for name, value in values.items()})
        except Uncut as error:
            raise UnsafeHeader(str(error)) from error


_TO, _NAME, _LEAVING, _PREFERRING = "to", "name", "leaving", "preferring"


def make_mould(edition: Edition, sender: Sender, like: Envelope, pages: Pages = Pages()) -> Mould:
    """Return the mould of *edition* for all whose envelope differs from *like* in person only.

    Raises UnsafeHeader.
    """
    # The stand-ins come from a hash of what the mail says: it cannot hold them by itself.
    seed = hashlib.sha256("\0".join((edition.text, edition.html, edition.subject)).encode())

    def stand_in(name: str, like: str) -> str:
        return hashlib.shake_256(seed.digest() + name.encode()).hexdigest(len(like))[: len(like)]

    name, at, domain = like.message_id.strip("<>").partition("@")
    named = stand_in(_NAME, name)
    to = f"{stand_in(_TO, 'x' * 32)}@to.invalid"
    envelope = replace(
        like,
        address=to,
        name="",
        message_id=f"<{named}{at}{domain}>",
        token=stand_in(_LEAVING, like.token),
        preferences=stand_in(_PREFERRING, like.preferences),
    )
    mail = make_mail(edition, sender, envelope, pages)
    fixed = {_NAME: named, _LEAVING: envelope.token}
    if envelope.public_url and PREFERENCES_MARK in edition.text + edition.html:
        fixed[_PREFERRING] = envelope.preferences
    try:
        skeleton = cut(
            mail,
            {name: token.encode() for name, token in fixed.items()},
            {_TO: f"To: {to}".encode()},
        )
    except Uncut as error:
        raise UnsafeHeader(str(error)) from error
    return Mould(skeleton)


def _list_headers(sender: Sender, envelope: Envelope) -> list[tuple[str, str]]:
    link = envelope.link(sender)
    by_mail = envelope.mail_link(sender)
    headers = [
        ("List-Id", f"{_phrase(sender.list_name)} <{_label(sender.list)}.{sender.domain}>"),
        ("List-Help", f"<mailto:{quote(sender.address, safe='@')}?subject=help>"),
        ("List-Owner", f"<mailto:{quote(sender.address, safe='@')}>"),
        ("List-Post", "NO"),
    ]
    if link.startswith("https://"):
        # RFC 8058 section 3.1: exactly one HTTPS URI, and this Post header.
        headers.append(("List-Unsubscribe", f"<{link}>, <{by_mail}>"))
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    else:
        headers.append(("List-Unsubscribe", f"<{by_mail}>"))
    return headers


def _page_headers(pages: Pages) -> list[tuple[str, str]]:
    """Return the headers that name public pages (RFC 2369, and RFC 5064 for a single letter)."""
    there = (
        ("List-Subscribe", pages.joining),
        ("List-Archive", pages.letters),
        ("Archived-At", pages.letter),
    )
    return [(name, f"<{quote(url, safe=_OF_A_URL)}>") for name, url in there if url]


def _mail_link(sender: Sender, token: str) -> str:
    return f"mailto:{quote(sender.address, safe='@')}?subject=unsubscribe%20{quote(token)}"


def mailbox(name: str, address: str) -> str:
    """Return a name and an address as From and To want them; raise UnsafeHeader."""
    bare = address if _USUAL.fullmatch(address) else _spelled_address(address)
    return f"{_phrase(name)} <{bare}>" if name.strip() else bare


def _spelled_address(address: str) -> str:
    try:
        return str(Address(addr_spec=_safe(address)))
    except (HeaderParseError, ValueError) as error:
        raise UnsafeHeader(f"{address!r} is no address ({error})") from error


def _phrase(name: str) -> str:
    """Return a name as a phrase: quoted, or wholly in encoded words."""
    name = _safe(name.strip())
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    return Header(name, _utf_8(), maxlinelen=75).encode(linesep="")


def subject_header(subject: str) -> str:
    """Return a subject folded, in encoded words where it needs them; raise UnsafeHeader."""
    charset = "us-ascii" if subject.isascii() else _utf_8()
    folded = Header(_safe(subject), charset, maxlinelen=75, header_name="Subject")
    return folded.encode(linesep=SMTP.linesep)


def _utf_8() -> Charset:
    """Return UTF-8, spelled as short as can be in headers.

    Python keeps that for the whole process, and Apprise changes it: the same name must make the
    same bytes before and after.
    """
    charset = Charset("utf-8")
    charset.header_encoding = SHORTEST
    return charset


def _label(list_id: ListId) -> str:
    """Return a list's id as a part of a domain name."""
    return "".join(mark if mark.isalnum() and mark.isascii() else "-" for mark in list_id)


def _safe(value: str) -> str:
    if any(unicodedata.category(mark) in {"Cc", "Zl", "Zp", "Cs"} for mark in value):
        raise UnsafeHeader("a header must not hold a line break or another control character")
    return value


def _short(header: str) -> str:
    """Return a header as it is; raise UnsafeHeader if a line of it cannot cross the wire."""
    if not header.isascii() or max(map(len, header.splitlines())) > LINE_MOST:
        name = header.partition(":")[0]
        raise UnsafeHeader(f"{name} must be ASCII and at most {LINE_MOST} characters long")
    return header


class _AsSpelled(EmailPolicy):
    """Keeps the headers that were spelled above; the others are short and ASCII."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Keep such a header as it is: parsed, its encoded words would be decoded."""
        return (
            (name, value) if name.lower() in _SPELLED else super().header_store_parse(name, value)
        )

    def fold(self, name: str, value: Any) -> str:
        """Return a header as text."""
        if name.lower() not in _SPELLED:
            return str(super().fold(name, value))
        return _short(f"{name}: {value}") + self.linesep

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header as bytes."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


AS_SPELLED = _AsSpelled(linesep=SMTP.linesep, max_line_length=76)
"""Keeps the headers that this module spells as they are."""
