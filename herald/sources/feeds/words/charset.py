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
_BARE = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
"""How UTF-32, UTF-16 and EBCDIC begin without a mark: with "<", "{" or "<?xm"."""
_PROLOG = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"})
"""Python's own, which no document is written in; some refuse to put a mark for a bad byte."""
_LATIN = frozenset({"iso8859-1", "latin-1", "ascii", "cp1252"})
"""What web pages call by these names is windows-1252, as browsers know."""
_OTHER_NAMES = {"mac": "mac_roman", "csmacintosh": "mac_roman", "ms-cyrl": "cp1251"}
"""Names that IANA knows and Python does not."""
_WIDE = ("utf-16", "utf-32")
"""What these name was looked for in the bytes already: here it is a lie."""
_DOUBLED = re.compile(r"[ÃÂ][¡-©¬®-º¼-¿]|Ã[\x80-\x9f]|â€[\u0090-\u2122]|Ð[°-¿]Ñ")
"""Letters of UTF-8 that somebody took for windows-1252 and encoded again."""
_DOUBLED_STARTS = ("Ã", "Â", "â€", "Ð")
"""How each of these begins: looking for them first costs a tenth."""
_FEW_DOUBLED = 2


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
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _declared(body, content_type)
    return text, _disagreement(text, body, content_type)


def _disagreement(text: str, body: bytes, content_type: str) -> str:
    """Say what a stricter reader than this one would stumble over in a document in UTF-8."""
    if any(start in text for start in _DOUBLED_STARTS) and _is_doubled(text):
        return (
            "letters with accents look like Ã© or â€™: the text was encoded twice before it came"
            " into the feed (the database or an import takes UTF-8 for windows-1252)"
        )
    if text.isascii():
        return ""
    prolog, header = _PROLOG.search(body[:1024]), _CHARSET.search(content_type)
    said = prolog[1].decode("ascii") if prolog else ""
    if _codec(said or "utf-8") != "utf-8":
        return (
            f"the first line says {said}, but the feed is in UTF-8; it was read as UTF-8"
            ' (write encoding="UTF-8" there)'
        )
    if header and _codec(header[1]) != "utf-8":
        return (
            f"the web server says charset={header[1]}, but the feed is in UTF-8; it was read as"
            " UTF-8 (set charset=UTF-8 in the server's Content-Type)"
        )
    return ""


def _is_doubled(text: str) -> bool:
    return len(_DOUBLED.findall(text)) >= _FEW_DOUBLED


def _declared(body: bytes, content_type: str) -> tuple[str, str]:
    """Read what is no UTF-8 throughout: by its own word, unless nearly all of it is UTF-8."""
    if _is_spoilt_utf8(body):
        text = body.decode("utf-8", errors="replace")
        line = text[: text.index("\N{REPLACEMENT CHARACTER}")].count("\n") + 1
        return text, (
            "some characters are not valid UTF-8, although the rest of the feed is"
            f" (the first in line {line}; the text there was cut or pasted from another system)"
        )
    names = _names(body, content_type)
    codecs_named = [_codec(name) for name in names]
    for codec in codecs_named:
        if codec and codec != "utf-8" and not codec.startswith(_WIDE):
            return _lossy(body, codec)
    text = body.decode("cp1252", errors="replace")
    if "utf-8" in codecs_named:
        return text, (
            "the feed says that it is UTF-8, but it is not; it was read as windows-1252"
            " (save it as UTF-8, or say the encoding that it has)"
        )
    if names:
        return text, (
            f"the feed says that its encoding is {names[0]}, which cannot be;"
            " it was read as windows-1252 (write it in UTF-8)"
        )
    return text, (
        "the feed does not say which character encoding it uses; it was read as windows-1252"
        ' (write it in UTF-8, and encoding="UTF-8" in its first line)'
    )


def _names(body: bytes, content_type: str) -> list[str]:
    in_prolog = _PROLOG.search(body[:1024])
    in_header = _CHARSET.search(content_type)
    return [
        *([in_prolog[1].decode("ascii")] if in_prolog else []),
        *([in_header[1]] if in_header else []),
    ]


def _is_spoilt_utf8(body: bytes) -> bool:
    """Tell whether more characters beyond ASCII are valid UTF-8 than are not.

    Text in a single-byte encoding hardly ever holds a valid sequence: one broken letter in a
    feed of good ones must not spoil them all.
    """
    spoilt = body.decode("utf-8", errors="replace").count("\N{REPLACEMENT CHARACTER}")
    good = sum(map(len, _BEYOND.findall(body.decode("utf-8", errors="ignore"))))
    return good > spoilt


_BEYOND = re.compile(r"[^\x00-\x7f]+")


def _codec(name: str) -> str:
    try:
        codec = codecs.lookup(_OTHER_NAMES.get(name.lower(), name)).name
        "".encode(codec)
    except (LookupError, ValueError, TypeError):
        return ""
    if codec in _LATIN:
        return "cp1252"
    if codec in _NO_CHARSETS:
        return ""
    return codec if codecs.lookup(codec)._is_text_encoding else ""  # noqa: SLF001 -- codecs has no public way to tell text encodings from base64 and rot13


def _lossy(body: bytes, codec: str) -> tuple[str, str]:
    try:
        return body.decode(codec), ""
    except (UnicodeError, ValueError):
        return (
            body.decode(codec, errors="replace"),
            f"some characters are not valid in the feed's encoding ({codec})",
        )
