"""A mailbox that copies come back to, emptied over IMAP: the only module that speaks it.

A mail is taken out of the mailbox only after its effect is on disk.  What says nothing stays, and
is marked as read: it may be a letter from a person.
"""

from __future__ import annotations

import asyncio
import imaplib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from herald.errors import HeraldError
from herald.mailing.bounces.reading import READ_MOST, without_addresses
from herald.model.bounces import Effect
from herald.model.mailing import Tls

AT_ONCE = 200
"""Mails of one visit; the next ones wait for the next visit."""

T = TypeVar("T")

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_TIMEOUT = 60.0
"""Seconds to wait for an answer."""


class MailboxTrouble(HeraldError):
    """The mailbox for what comes back cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where what comes back lies, and how to get at it."""

    host: str
    port: int = 993
    tls: Tls = Tls.IMPLICIT
    user: str
    password: str = field(default="", repr=False)
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied:
    """What one visit to a mailbox came to."""

    counted: int = 0
    """Taken out: they had an effect, or had had it before."""
    ignored: int = 0
    """Left there and marked as read: they say nothing."""


async def empty(mailbox: Mailbox, take: Callable[[bytes], Awaitable[Effect]]) -> Emptied:
    """Let the mails that nobody has read take effect, one by one; raise MailboxTrouble.

    What *take* raises ends the visit, with the mail left as it was.
    """
    visit = await asyncio.to_thread(_talk, partial(_Visit, mailbox))
    counted = ignored = 0
    try:
        for uid in await asyncio.to_thread(_talk, visit.unread):
            raw = await asyncio.to_thread(_talk, partial(visit.fetch, uid))
            if raw is None:
                continue
            if await take(raw) is Effect.IGNORED:
                ignored += 1
                await asyncio.to_thread(_talk, partial(visit.keep, uid))
            else:
                counted += 1
                await asyncio.to_thread(_talk, partial(visit.remove, uid))
    finally:
        await asyncio.to_thread(visit.leave)
    return Emptied(counted=counted, ignored=ignored)


class _Visit:
    """One logged in connection; used by one thread at a time."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._imap = _connection(mailbox)
        try:
            self._imap.login(_quoted(mailbox.user), mailbox.password)
            # Before the login many servers name only what it takes to log in.
            told = self._expect(self._imap.capability())
            self._can = b" ".join(one for one in told if isinstance(one, bytes)).upper().split()
            self._expect(self._imap.select(_quoted(mailbox.folder)))
        except BaseException:
            self._imap.shutdown()
            raise

    def unread(self) -> tuple[str, ...]:
        """Return which mails are to be looked at, the oldest first."""
        found = self._expect(self._imap.uid("SEARCH", "UNSEEN UNDELETED"))
        uids = (found[0] or b"").split() if found else []
        return tuple(uid.decode("ascii") for uid in uids[:AT_ONCE])

    def fetch(self, uid: str) -> bytes | None:
        """Return the beginning of a mail, leaving it unread; None if it is gone."""
        asked = f"(BODY.PEEK[]<0.{READ_MOST}>)"
        for part in self._expect(self._imap.uid("FETCH", uid, asked)):
            if isinstance(part, tuple):
                return bytes(part[1])
        return None

    def keep(self, uid: str) -> None:
        """Mark a mail as read."""
        self._expect(self._imap.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))

    def remove(self, uid: str) -> None:
        """Take a mail out, and no other one that somebody has marked for that (RFC 4315)."""
        self._expect(self._imap.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen \Deleted)"))
        if b"UIDPLUS" in self._can:
            self._expect(self._imap.uid("EXPUNGE", uid))

    def leave(self) -> None:
        """Log out, if the server still listens."""
        try:
            self._imap.logout()
        except (imaplib.IMAP4.error, OSError):
            self._imap.shutdown()

    @staticmethod
    def _expect(answer: tuple[str, list[Any]]) -> list[Any]:
        said, found = answer
        if said != "OK":
            raise imaplib.IMAP4.error(b" ".join(x for x in found if isinstance(x, bytes)).decode())
        return found


def _talk(do: Callable[[], T]) -> T:
    """Return what *do* gives, or say in words for people why it cannot."""
    try:
        return do()
    except ssl.SSLError as error:
        raise MailboxTrouble(f"{_WHERE}: its certificate or protection failed: {error}") from error
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        why = without_addresses(str(error)) or type(error).__name__
        raise MailboxTrouble(
            f"{_WHERE} cannot be read: {why} (check bounces: in config/herald.yaml, and"
            " HERALD_BOUNCES__MAILBOX__PASSWORD)"
        ) from error


_WHERE = "the mailbox for what comes back"


def _connection(mailbox: Mailbox) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if mailbox.host in _LOCAL:
        # A server on this machine has no certificate that anybody signed.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if mailbox.tls is Tls.IMPLICIT:
        return imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=_TIMEOUT)
    imap = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=_TIMEOUT)
    if mailbox.tls is Tls.STARTTLS:
        imap.starttls(context)
    return imap


def _quoted(text: str) -> str:
    """Return a text as IMAP wants it; the library leaves names as they are."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("the user's and the folder's name must be plain ASCII")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
