"""Making many mails of one: the skeleton of an edition, cut where recipients differ.  Pure.

Building a mail costs milliseconds, joining its segments microseconds.  A skeleton is built once,
by the same code as any mail, with stand-ins at the places that differ from reader to reader.  A
stand-in is as long as what will stand there, of letters that mean the same in a header, an
address, a link, an attribute and quoted-printable text.  So whatever was folded around it or
through it (a soft line break may go through the middle of a link) is folded as it would have been
around the value, and the joined bytes are those that building the mail itself would give.

Values are joined, never searched for: no value is taken for the stand-in of another one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LETTERS = re.compile(rb"[A-Za-z0-9._-]+")
"""What needs no escaping anywhere in a mail."""

_SHORTEST = 16
"""Letters of a stand-in."""

_SOFT_BREAK = b"=\r\n"


class Uncut(ValueError):
    """A stand-in is not where it should be, or a value does not fit its place."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a value; all of it but for a soft line break in its middle."""

    name: str
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A mail in segments: bytes that all recipients share, and pieces of their own values."""

    segments: tuple[bytes | _Piece, ...]
    lengths: Mapping[str, int]
    """Of each value that has a fixed length; the others may have any."""

    def join(self, values: Mapping[str, bytes]) -> bytes:
        """Return the mail with *values* in their places; raise Uncut if one does not fit."""
        for name, length in self.lengths.items():
            if len(values[name]) != length or not LETTERS.fullmatch(values[name]):
                raise Uncut(f"{name} does not fit its place")
        return b"".join(
            segment
            if isinstance(segment, bytes)
            else values[segment.name][segment.start : segment.end]
            for segment in self.segments
        )


def cut(mail: bytes, fixed: Mapping[str, bytes], free: Mapping[str, bytes]) -> Skeleton:
    """Cut *mail* at its stand-ins, given by name.

    *fixed* ones are replaced by values of the same length, wherever they stand, soft line breaks
    in their middle left where they are; *free* ones stand whole, once each. Raises Uncut where one
    is missing, or a free one not alone.
    """
    for name, stand_in in (*fixed.items(), *free.items()):
        if len(stand_in) < _SHORTEST:
            raise Uncut(f"the stand-in of {name} might stand there by chance")
    for name, stand_in in free.items():
        if mail.count(stand_in) != 1:
            raise Uncut(f"{name} stands in the mail {mail.count(stand_in)} times")
    found = re.compile(
        b"|".join(
            [
                *(b"(?P<%s>%s)" % (name.encode(), _broken(token)) for name, token in fixed.items()),
                *(b"(?P<%s>%s)" % (name.encode(), re.escape(at)) for name, at in free.items()),
            ]
        )
    )
    segments: list[bytes | _Piece] = []
    seen: set[str] = set()
    end = 0
    for match in found.finditer(mail):
        name = str(match.lastgroup)
        seen.add(name)
        segments.append(mail[end : match.start()])
        segments.extend(_pieces(name, match.group()) if name in fixed else [_Piece(name, 0, None)])
        end = match.end()
    segments.append(mail[end:])
    missing = sorted({*fixed, *free} - seen)
    if missing:
        raise Uncut(f"{missing[0]} has no place in the mail")
    lengths = {name: len(stand_in) for name, stand_in in fixed.items()}
    return Skeleton(segments=tuple(segments), lengths=lengths)


def _broken(stand_in: bytes) -> bytes:
    """Return a pattern for *stand_in* with soft line breaks anywhere in it."""
    letters = [re.escape(stand_in[at : at + 1]) for at in range(len(stand_in))]
    return (b"(?:%s)?" % _SOFT_BREAK).join(letters)


def _pieces(name: str, found: bytes) -> list[bytes | _Piece]:
    pieces: list[bytes | _Piece] = []
    at = 0
    for part in found.split(_SOFT_BREAK):
        if pieces:
            pieces.append(_SOFT_BREAK)
        if part:
            pieces.append(_Piece(name, at, at + len(part)))
        at += len(part)
    return pieces
