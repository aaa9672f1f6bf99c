"""Reading a mail that came back.  Pure; it never raises, whatever the mail holds.

A report that a machine wrote for machines is believed before one that was written for people: DSN
(RFC 3464) and complaints (RFC 5965) first, then what is no notification at all (RFC 3834), then the
many shapes of older servers, which ``flufl.bounce`` knows.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from itertools import islice

from flufl.bounce import all_failures

from herald.mailing.bounces.verp import read_bounce_address, read_envelope_id
from herald.mailing.tokens import read_token
from herald.model.bounces import BounceKind, CopyOf, ReturnedMail

READ_MOST = 262_144
"""Bytes of a mail that are looked at: what it reports stands before the letter that it returns."""

_OLD_SHAPES_MOST = 65_536
"""Bytes of a mail that is read line by line, pattern by pattern."""
_PARTS_MOST = 50
_LINE_MOST = 2000
_DEEPEST = 20
_DIAGNOSTIC_MOST = 300
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"]+@[^\s<>()\[\]:;,\"]+")
_STATUS = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_UNSUBSCRIBE = re.compile(r"(?:/u/|unsubscribe(?:%20| |\+))([A-Za-z0-9._-]{40,200})")

_NO_SUCH_ADDRESS = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""RFC 3463 and 7505: no such mailbox or domain, moved for good, closed.  Every other refusal, such
as a policy's 5.7.1, says something about this letter or its sender, and nothing of the address."""

_COMPLAINTS = frozenset({"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list"})
_AUTOMATIC_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-response-id", "x-challenge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """By what Herald knows its own signs again."""

    key: bytes
    pattern: str = ""
    """Of bounce addresses; empty where copies have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What a report says."""

    kind: BounceKind
    status: str = ""
    diagnostic: str = ""


_NOTHING = _Told(kind=BounceKind.NOTHING)


def read_returned(raw: bytes, seal: Seal, *, came_to: str = "") -> ReturnedMail:
    """Return what a mail says that came back; *came_to* is its envelope's recipient, if known."""
    cut = _harmless(raw[:READ_MOST])
    fingerprint = hashlib.sha256(raw).hexdigest()
    try:
        mail = message_from_bytes(cut)
        parts = tuple(islice(mail.walk(), _PARTS_MOST))
        fingerprint = _fingerprint(mail) or fingerprint
        told = _told(mail, parts, size=len(raw))
        copy = _copy_of(mail, parts, came_to, seal)
    except Exception:  # noqa: BLE001  # anybody may send anything here: it is no bounce then
        told, copy = _NOTHING, None
    return ReturnedMail(
        kind=told.kind,
        copy=copy,
        status=told.status,
        diagnostic=told.diagnostic,
        fingerprint=fingerprint,
    )


def without_addresses(said: str) -> str:
    """Return a server's words on one line that ends, every address taken out of them."""
    printable = "".join(mark if mark.isprintable() else " " for mark in said[:_LINE_MOST])
    return _ADDRESS.sub("<address>", " ".join(printable.split()))[:_DIAGNOSTIC_MOST]


def kind_of(status: str) -> BounceKind:
    """Return what a copy's failure with an enhanced status code says about its address."""
    return BounceKind.HARD if status in _NO_SUCH_ADDRESS else BounceKind.SOFT


def status_in(said: str) -> str:
    """Return the first enhanced status code in a server's words; empty without one."""
    found = _STATUS.search(said[:_LINE_MOST])
    return found.group(0) if found else ""


def _told(mail: Message, parts: tuple[Message, ...], *, size: int) -> _Told:
    for part in parts:
        match part.get_content_type():
            case "message/feedback-report":
                return _complaint(part)
            case "message/delivery-status" | "message/global-delivery-status":
                return _delivery_status(part)
    if is_automatic(mail) or size > _OLD_SHAPES_MOST:
        return _NOTHING
    return _old_shape(mail, parts)


def _complaint(part: Message) -> _Told:
    """Read what a reader's mail provider reports; *not-spam* is its opposite."""
    fields = _first_inside(part)
    kind = _field(fields, "feedback-type").casefold()
    return _Told(kind=BounceKind.COMPLAINT) if kind in _COMPLAINTS else _NOTHING


def _delivery_status(part: Message) -> _Told:
    """Read the recipients of a DSN, of whom there is one: a delay is no failure, nor is success."""
    inside = part.get_payload()
    groups = [group for group in inside if isinstance(group, Message)] if inside else []
    for group in groups:
        if _field(group, "action").casefold() != "failed":
            continue
        said = _field(group, "diagnostic-code").partition(";")
        diagnostic = without_addresses(said[2] or said[0])
        written = _field(group, "status")
        status = status_in(written) or status_in(diagnostic)
        # A relay of the reader's may give up with a general code, and quote the one that counts.
        if kind_of(status) is BounceKind.SOFT and written.startswith("5"):
            quoted = status_in(diagnostic)
            status = quoted if kind_of(quoted) is BounceKind.HARD else status
        return _Told(kind=kind_of(status), status=status, diagnostic=diagnostic)
    return _NOTHING


def is_automatic(mail: Message) -> bool:
    """Tell whether a mail is an absence, a confirmation or a challenge (RFC 3834 section 5)."""
    if _field(mail, "auto-submitted").casefold().startswith(("auto-replied", "auto-notified")):
        return True
    if _field(mail, "precedence").casefold() in {"auto_reply", "auto-reply"}:
        return True
    return any(mail.get(name) is not None for name in _AUTOMATIC_HEADERS)


def _old_shape(mail: Message, parts: tuple[Message, ...]) -> _Told:
    """Read a notification of a server that follows no standard."""
    # It would log a traceback, with what stood in the mail.
    logging.getLogger("flufl.bounce").disabled = True
    _, permanent = all_failures(mail)
    if not permanent:
        return _NOTHING
    for line in _lines(parts):
        if status := status_in(line):
            return _Told(kind=kind_of(status), status=status, diagnostic=without_addresses(line))
    # It failed, and nobody said why: that alone ends no subscription.
    return _Told(kind=BounceKind.SOFT)


def _copy_of(mail: Message, parts: tuple[Message, ...], came_to: str, seal: Seal) -> CopyOf | None:
    """Return whose copy it is, by the first genuine sign: where it came to, then what it quotes.

    The recipient that a report names (``Original-Recipient``) is no sign: anybody may write one.
    """
    texts = [came_to, *_values(mail), *(text for part in parts for text in _values(part))]
    texts.extend(_lines(parts))
    return (
        _first(texts, lambda text: _by_address(text, seal))
        or _first(texts, lambda text: read_envelope_id(text, seal.key))
        or _first(texts, lambda text: _by_link(text, seal.key))
    )


def _first(texts: list[str], read: Callable[[str], CopyOf | None]) -> CopyOf | None:
    return next((copy for text in texts if (copy := read(text)) is not None), None)


def _by_address(text: str, seal: Seal) -> CopyOf | None:
    return read_bounce_address(text, seal.pattern, seal.key) if seal.pattern else None


def _by_link(text: str, key: bytes) -> CopyOf | None:
    """Read the link for leaving in the letter that is enclosed: a provider may hide the address."""
    for found in _UNSUBSCRIBE.finditer(text):
        if (subscription := read_token(found.group(1), key)) is not None:
            return CopyOf(subscription=subscription)
    return None


def _values(part: Message) -> Iterator[str]:
    for value in islice(part.values(), 200):
        yield "".join(str(value)[:_LINE_MOST].split("\r\n"))


def _lines(parts: tuple[Message, ...]) -> Iterator[str]:
    """Yield the lines of every part that is text, the quoted headers of a letter among them."""
    for part in parts:
        if part.is_multipart() or part.get_content_maintype() != "text":
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            # Quoted headers are folded: a continued line belongs to the one before.
            text = re.sub(r"\r?\n[ \t]+", " ", content[:_OLD_SHAPES_MOST].decode("latin-1"))
            yield from (line[:_LINE_MOST] for line in islice(text.splitlines(), 2000))


def _first_inside(part: Message) -> Message:
    inside = part.get_payload()
    if isinstance(inside, list) and inside and isinstance(inside[0], Message):
        return inside[0]
    return part


def _field(part: Message, name: str) -> str:
    value = part.get(name)
    return " ".join(str(value)[:_LINE_MOST].split()) if value is not None else ""


def _fingerprint(mail: Message) -> str:
    """Return what tells a mail from every other, by whatever way it came."""
    name = _field(mail, "message-id")
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest() if name else ""


def _harmless(raw: bytes) -> bytes:
    """Return a mail without what only serves to keep its reader busy: boxes in boxes in boxes."""
    with suppress(ValueError):
        if raw.lower().count(b"boundary=") > _DEEPEST:
            return raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n")[0] + b"\n\n"
    return raw
