"""Lines of a letter: short enough for any mail server, whole where they are addresses.  Pure."""

from __future__ import annotations

import re
import unicodedata

COLUMNS = 72
"""Of the text part: what every mail program shows without breaking it once more."""

LINE_MOST = 900
"""Bytes of a line of HTML: a mail's has 998 (RFC 5322), and a reader's own values come in later."""

_UNSENDABLE = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u206a-\\u206f\\ufeff\\ufff9-\\ufffb"
    "\\ud800-\\udfff]"
)
"""Controls, half characters, and what makes a text read as another."""
_TAG = re.compile(r'<!--.*?-->|<(?:[^<>"]|"[^"]*")*>', re.DOTALL)
_QUOTED = re.compile('"[^"]*"')
_TAG_OR_TEXT = re.compile(r"<!--.*?-->|<[^>]*>|&[^;\s]{1,32};|\s+|[^<&\s]+|[<&]", re.DOTALL)


def sendable(text: str) -> str:
    """Return *text* without what no mail can hold, or what would turn its reading around."""
    return _UNSENDABLE.sub("", text)


def filled(text: str, indent: str = "") -> str:
    """Wrap each line of *text*; an address stays whole, any other endless word does not."""
    return "\n".join(_filled(line, indent) for line in text.splitlines())


def width(text: str) -> int:
    """Return how many columns *text* takes on a terminal."""
    return sum(
        0
        if unicodedata.combining(mark)
        else 2
        if unicodedata.east_asian_width(mark) in {"W", "F"}
        else 1
        for mark in text
    )


def escaped_attributes(html: str) -> str:
    """Escape ``<`` and ``>`` in attributes too, where HTML does not ask for it.

    Whoever looks for tags in a letter by simpler means than a parser then finds tags only.
    *html* comes from a parser: its attributes are in double quotes.
    """
    return _TAG.sub(lambda tag: _QUOTED.sub(_escaped, tag[0]), html)


def shortened_lines(html: str) -> str:
    """Break the lines of a page that are too long for a mail, where nobody sees it.

    At white space, or inside a tag that only allows a break. An attribute without white space is
    left as it is.
    """
    return "\n".join(
        line if len(line.encode()) <= LINE_MOST else _broken(line) for line in html.split("\n")
    )


def _escaped(quoted: re.Match[str]) -> str:
    return quoted[0].replace("<", "&lt;").replace(">", "&gt;")


def _filled(line: str, indent: str) -> str:
    hanging = indent + " " * (len(line) - len(line.lstrip(" ")))
    lines = [hanging]
    for word in line.split():
        for piece in _pieces(word, COLUMNS - len(hanging)):
            joined = f"{lines[-1]} {piece}" if lines[-1].strip() else f"{lines[-1]}{piece}"
            if width(joined) <= COLUMNS or not lines[-1].strip():
                lines[-1] = joined
            else:
                lines.append(f"{hanging}{piece}")
    return "\n".join(lines).rstrip()


def _pieces(word: str, most: int) -> list[str]:
    if width(word) <= most or "://" in word or word.startswith("mailto:"):
        return [word]
    pieces = [""]
    for mark in word:
        if width(pieces[-1] + mark) > most and not unicodedata.combining(mark):
            pieces.append("")
        pieces[-1] += mark
    return pieces


def _broken(line: str) -> str:
    lines, size = [""], 0
    for found in _TAG_OR_TEXT.finditer(line):
        for piece, is_word in _small(found[0]):
            length = len(piece.encode())
            if size + length > LINE_MOST and piece.isspace():
                lines.append("")
                size = 0
                continue
            if size + length > LINE_MOST and is_word:
                lines[-1] += "<wbr"
                lines.append(">")
                size = 1
            lines[-1] += piece
            size += length
    return "\n".join(lines)


def _small(piece: str) -> list[tuple[str, bool]]:
    """Return a piece in parts that fit, each with whether a break may stand before it."""
    if piece.startswith("<") and len(piece) > 1:
        # White space between and inside attributes may be any.
        return [(part, False) for part in re.split(r"(\s+)", piece) if part]
    if piece.isspace() or len(piece.encode()) <= LINE_MOST // 8:
        return [(piece, not piece.isspace())]
    parts: list[str] = [""]
    for mark in piece:
        if len(parts[-1]) >= LINE_MOST // 16 and not unicodedata.combining(mark):
            parts.append("")
        parts[-1] += mark
    return [(part, True) for part in parts]
