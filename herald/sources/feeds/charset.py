"""Finds out how a document's bytes are to be read, where header, prolog and bytes disagree."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BARE = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
"""How UTF-16 without a mark begins."""
_PROLOG = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
_LATIN = frozenset({"iso8859-1", "latin-1", "ascii", "cp1252"})
"""What web pages call by these names is windows-1252, as browsers know."""
_FEW = 0.02


def decode(body: bytes, content_type: str = "") -> tuple[str, str]:
    """Return the text and, in plain words, what was wrong with the encoding, else "".

    A byte-order mark decides; else UTF-8 if the bytes are that; else the prolog, the header,
    windows-1252. Never raises.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _lossy(body[len(mark) :], name)
    for start, name in _BARE:
        if body.startswith(start):
            return _lossy(body, name)
    try:
        return body.decode("utf-8"), ""
    except UnicodeDecodeError:
        return _declared(body, content_type)


def _declared(body: bytes, content_type: str) -> tuple[str, str]:
    in_prolog = _PROLOG.search(body[:1024])
    in_header = _CHARSET.search(content_type)
    names = [
        *([in_prolog[1].decode("ascii")] if in_prolog else []),
        *([in_header[1]] if in_header else []),
    ]
    claimed_utf8 = False
    for name in names:
        codec = _codec(name)
        if codec == "utf-8":
            claimed_utf8 = True
        elif codec:
            return _lossy(body, codec)
    if claimed_utf8:
        text = body.decode("utf-8", errors="replace")
        if text.count("\N{REPLACEMENT CHARACTER}") <= _FEW * len(text) and not text.isascii():
            spoilt = text.count("\N{REPLACEMENT CHARACTER}")
            if _mostly_utf8(body, spoilt):
                return text, "some characters are not valid UTF-8, although the feed says so"
        return (
            body.decode("cp1252", errors="replace"),
            "the feed says that it is UTF-8, but it is not; it was read as windows-1252",
        )
    problem = "" if names else "the feed does not say which character encoding it uses"
    return body.decode("cp1252", errors="replace"), problem


def _mostly_utf8(body: bytes, spoilt: int) -> bool:
    """Tell whether more characters beyond ASCII are valid UTF-8 than are not."""
    good = sum(ord(character) > 127 for character in body.decode("utf-8", errors="ignore"))
    return good > spoilt


def _codec(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
        "".encode(codec)
    except (LookupError, ValueError, TypeError):
        return ""
    if codec in _LATIN:
        return "cp1252"
    return codec if codecs.lookup(codec)._is_text_encoding else ""  # noqa: SLF001 -- codecs has no public way to tell text encodings from base64 and rot13


def _lossy(body: bytes, codec: str) -> tuple[str, str]:
    try:
        return body.decode(codec), ""
    except (UnicodeError, ValueError):
        return (
            body.decode(codec, errors="replace"),
            f"some characters are not valid in the feed's encoding ({codec})",
        )
