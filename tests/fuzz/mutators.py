"""Spoils documents: each spoiler takes bytes and a source of chance, and gives other bytes."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from random import Random

from tests.fuzz.seeds import SEEDS, Kind
from tests.fuzz.structures import spoil_calendar, spoil_json, spoil_words, spoil_xml
from tests.fuzz.tokens import FAMILIES

Spoiler = Callable[[bytes, Random], bytes]
MOST_BYTES = 400_000
"""A spoiled document is cut here: size is the business of other tests."""
_ENCODINGS = (
    "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "latin-1", "cp1251",
    "cp1252", "koi8-r", "shift_jis", "gb18030", "iso2022_jp", "cp037", "cp500", "utf-7",
)  # fmt: skip
_DECLARED = (
    b"utf-8", b"UTF-16", b"utf-32", b"windows-1251", b"iso-8859-1", b"ebcdic-cp-us", b"utf-7",
    b"x-unknown", b"", b"hex", b"base64", b"idna", b"zlib", b"unicode_escape", b"undefined",
)  # fmt: skip


def flip(body: bytes, chance: Random) -> bytes:
    """Change some bytes."""
    spoiled = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        if spoiled:
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
    return bytes(spoiled)


def delete(body: bytes, chance: Random) -> bytes:
    """Take a slice out."""
    start, end = _slice(body, chance)
    return body[:start] + body[end:]


def repeat(body: bytes, chance: Random) -> bytes:
    """Write a slice several times."""
    start, end = _slice(body, chance)
    return body[:end] + body[start:end] * chance.choice((1, 1, 2, 5, 40)) + body[end:]


def move(body: bytes, chance: Random) -> bytes:
    """Put a slice elsewhere."""
    start, end = _slice(body, chance)
    rest = body[:start] + body[end:]
    to = chance.randint(0, len(rest))
    return rest[:to] + body[start:end] + rest[to:]


def truncate(body: bytes, chance: Random) -> bytes:
    """Let the connection break."""
    return body[: chance.randint(0, len(body))]


def insert(body: bytes, chance: Random) -> bytes:
    """Put a dangerous word anywhere."""
    place = chance.randint(0, len(body))
    return body[:place] + a_token(chance).encode("utf-8", "surrogatepass") + body[place:]


def splice(body: bytes, chance: Random) -> bytes:
    """Go on with the end of another document."""
    other = chance.choice(SEEDS).text.encode()
    return body[: chance.randint(0, len(body))] + other[chance.randint(0, len(other)) :]


def encode(body: bytes, chance: Random) -> bytes:
    """Write the document in another encoding, and leave what it says of itself."""
    text = body.decode("utf-8", "replace")
    return codecs.encode(text, chance.choice(_ENCODINGS), "replace")


def declare(body: bytes, chance: Random) -> bytes:
    """Say another encoding than the one it is in."""
    told = chance.choice(_DECLARED)
    if b"encoding=" in body[:200]:
        head, _, rest = body.partition(b"encoding=")
        return head + b'encoding="' + told + b'"' + rest[rest.find(b"?") :]
    return b'<?xml version="1.0" encoding="' + told + b'"?>' + body


def a_token(chance: Random) -> str:
    """Return a dangerous word."""
    return chance.choice(chance.choice(FAMILIES))


ANYWHERE: tuple[Spoiler, ...] = (
    flip, delete, repeat, move, truncate, insert, insert, splice, encode, declare,
)  # fmt: skip
BY_KIND: dict[Kind, tuple[Spoiler, ...]] = {
    Kind.XML: (spoil_xml, spoil_words),
    Kind.JSON: (spoil_json, spoil_words),
    Kind.CALENDAR: (spoil_calendar, spoil_words),
    Kind.PAGE: (spoil_words,),
}


def spoil(body: bytes, kind: Kind, chance: Random) -> bytes:
    """Spoil a document some times over: mostly within its structure, so that much is still read."""
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 5, 8))):
        family = BY_KIND[kind] if chance.random() < 0.7 else ANYWHERE
        body = chance.choice(family)(body, chance)[:MOST_BYTES]
    return body


def _slice(body: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randint(0, len(body))
    length = chance.choice((1, 4, 30, 200, 2_000))
    return start, min(len(body), start + chance.randint(0, length))
