"""Bytes to text: what is no UTF-8 is told apart and told where."""

from __future__ import annotations

import re

from herald.model.problem import Place, Problem

MOST_BYTES = 1_000_000
"""A file that people write is never larger; what is, was put there by accident or by malice."""

_SAVE = "save the file as UTF-8 (in most editors: Save as, Encoding, UTF-8)"
_DOCUMENTS = (b"PK\x03\x04", b"{\\rtf", b"%PDF", b"\xd0\xcf\x11\xe0")
"""How files of word processors begin: docx and odt, rtf, pdf, doc."""
_PLAIN = "save it as plain text in UTF-8, or copy its text into a file made by a text editor"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
UNREADABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_NAMES = {
    "\ufeff": "a byte-order mark in the middle of the text",
    "\u2028": "an invisible line separator (it comes from word processors)",
    "\u2029": "an invisible paragraph separator (it comes from word processors)",
    "\x85": "an invisible line break (it comes from old computers)",
    "\x00": "a NUL byte",
}


def decode(content: bytes, *, file: str) -> str | Problem:
    """Return the text of a UTF-8 file, a byte-order mark dropped, or what is wrong with it."""
    if len(content) > MOST_BYTES:
        return Problem(
            place=Place(file=file),
            code="too-large",
            message=f"the file has {len(content):,} bytes; Herald reads up to {MOST_BYTES:,}",
            hint="split it into several files, and keep pictures in files of their own",
        )
    if content.startswith(_DOCUMENTS):
        return _fault(file, "", "this is a document and no plain text", _PLAIN, code="no-text")
    if content.startswith(_UTF16) or b"\x00" in content[:200:2] or b"\x00" in content[1:200:2]:
        return _fault(file, "", "this is no UTF-8 text (it looks like UTF-16)", _SAVE)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _undecodable(content, error, file)
    if found := UNREADABLE.search(text):
        name = _NAMES.get(found[0], f"the control character U+{ord(found[0]):04X}")
        before = text[: found.start()]
        return _fault(file, before, f"here stands {name}", "delete it", code="control-character")
    return text


def _undecodable(content: bytes, error: UnicodeDecodeError, file: str) -> Problem:
    byte = content[error.start]
    looks_like = bytes([byte]).decode("cp1252", errors="replace")
    like = f", perhaps {looks_like!r} in Windows-1252 or Latin-1" if looks_like.isalnum() else ""
    message = f"the letter here is not saved as UTF-8 (byte 0x{byte:02X}{like})"
    before = content[: error.start].decode("utf-8-sig", errors="replace")
    return _fault(file, before, message, _SAVE)


def _fault(
    file: str, before: str, message: str, hint: str, *, code: str = "wrong-encoding"
) -> Problem:
    lines = re.split("\r\n|\r|\n", before)
    place = Place(file=file, line=len(lines), column=len(lines[-1]) + 1)
    return Problem(place=place, code=code, message=message, hint=hint)
