"""Reading a mail by which somebody leaves a list (RFC 2369 section 3.2).  Pure; it never raises.

The link in a letter's header makes a mail whose subject is ``unsubscribe`` and a signed token, and
nothing else. Answers that machines give quote a subject, or put a word before it: they never leave.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

from herald.mailing.bounces.reading import READ_MOST, is_automatic
from herald.mailing.tokens import read_token
from herald.model.mailing import SubscriptionId

_SUBJECT = re.compile(r"unsubscribe[ +]([A-Za-z0-9._-]{40,200})", re.IGNORECASE)
_SUBJECT_MOST = 2000


def read_leaving(raw: bytes, key: bytes) -> SubscriptionId | None:
    """Return whose subscription a mail ends; None if it asks for nothing, or was forged."""
    head = raw[:READ_MOST].partition(b"\r\n\r\n" if b"\r\n\r\n" in raw[:READ_MOST] else b"\n\n")[0]
    try:
        mail = message_from_bytes(head + b"\n\n")
        if _is_notice(mail) or is_automatic(mail):
            return None
        found = _SUBJECT.fullmatch(_subject(mail))
    except Exception:  # noqa: BLE001  # anybody may send anything here: it asks for nothing then
        return None
    return read_token(found.group(1), key) if found is not None else None


def _is_notice(mail: Message) -> bool:
    """Tell whether nobody wrote it: a report, or what has no sender to answer to."""
    nobody = str(mail.get("return-path", "")).strip() == "<>"
    return nobody or mail.get_content_type() == "multipart/report"


def _subject(mail: Message) -> str:
    subjects = mail.get_all("subject") or []
    if len(subjects) != 1:
        return ""
    written = str(subjects[0])[:_SUBJECT_MOST]
    try:
        written = str(make_header(decode_header(written)))
    except (HeaderParseError, LookupError, ValueError):
        return ""
    return " ".join(written.split())
