"""The forms of a mail that a DKIM signature is about (RFC 6376 section 3.4).  Pure.

Written with ``bytes.replace`` rather than patterns: a body of 20 kB takes microseconds so, and
every copy of an issue has one of its own, for its links differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

Field = tuple[bytes, bytes]
"""A header's name as it is written, and all that follows the colon, without the last line end."""

_LONE_END = re.compile(rb"\r\n|\r|\n")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_SPACES = re.compile(rb"[ \t]+")
_NAME = re.compile(rb"[!-9;-~]+")


def with_crlf(mail: bytes) -> bytes:
    """Return a mail whose lines all end as they will on the way: CR and LF."""
    ends = mail.count(b"\r\n")
    if mail.count(b"\n") == ends and mail.count(b"\r") == ends:
        return mail
    return _LONE_END.sub(b"\r\n", mail)


def split_mail(mail: bytes) -> tuple[tuple[Field, ...], bytes]:
    """Return the headers from top to bottom, and the body; what is no header is passed over."""
    head, _, body = (
        mail.partition(b"\r\n\r\n") if not mail.startswith(b"\r\n") else (b"", b"", mail)
    )
    fields: list[Field] = []
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, colon, value = line.partition(b":")
        if colon and _NAME.fullmatch(name.rstrip(b" \t")):
            fields.append((name.rstrip(b" \t"), value))
    return tuple(fields), body


def relaxed_header(name: bytes, value: bytes) -> bytes:
    """Return a header in the form ``relaxed``, without a line end."""
    unfolded = _FOLD.sub(b"", value)
    return name.lower() + b":" + _SPACES.sub(b" ", unfolded).strip(b" \t")


def simple_header(name: bytes, value: bytes) -> bytes:
    """Return a header in the form ``simple``: as it is, without a line end."""
    return name + b":" + value


def relaxed_body(body: bytes) -> bytes:
    """Return a body in the form ``relaxed``: runs of blanks are one, none at the ends of lines."""
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    body = body.replace(b" \r\n", b"\r\n").removesuffix(b" ")
    return _without_last_lines(body)


def simple_body(body: bytes) -> bytes:
    """Return a body in the form ``simple``; an empty one is one line end."""
    return _without_last_lines(body) or b"\r\n"


def _without_last_lines(body: bytes) -> bytes:
    """Return a body without empty lines at its end, and with one line end."""
    ends = len(body)
    while body.endswith(b"\r\n", 0, ends):
        ends -= 2
    return body[:ends] + b"\r\n" if ends else b""


def chosen(fields: Sequence[Field], names: Iterable[bytes]) -> list[Field]:
    """Return the headers that *names* name, in their order (RFC 6376 section 5.4.2).

    Of several with one name the lowest comes first; a name that is used up names none.
    """
    left: dict[bytes, list[Field]] = {}
    for field in fields:
        left.setdefault(field[0].lower(), []).append(field)
    sought = (left.get(name.strip().lower()) for name in names)
    return [same.pop() for same in sought if same]
