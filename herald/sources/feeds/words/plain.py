"""Turns what feeds write into plain text: markup out, entities decoded once, control marks out."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin, urlsplit

import nh3

from herald.model.feed import EntryImage
from herald.model.ids import Language

MOST_HTML = 64 * 1024
"""Bytes of markup that are read per field: nh3 is quadratic on deep nesting."""
MOST_CHARACTERS = 2_000
"""Of a title, a link, an id, a name."""

_BREAKING = (
    "address article aside blockquote br caption dd div dl dt figcaption figure footer h1 h2 h3 h4"
    " h5 h6 header hr li main nav ol p pre section table td th tr ul"
)
"""Elements that begin a new line: words on both sides stay apart."""
_KEPT = {*_BREAKING.split(), "img"}
_DROPPED_WHOLE = {"script", "style", "title", "noscript", "template", "iframe"}
_SELF_CLOSED = re.compile(
    r"<(?:iframe|object|script|style|textarea|title|noscript|video|audio|embed)\b[^<>]*/>",
    re.IGNORECASE,
)
"""XML may close these so; to HTML they are open, and swallow all the text behind them."""
_LINE_BREAKS = re.compile(r"[\t\r\n]")
_USUAL = re.compile(r"https?://[A-Za-z0-9.-]+/[A-Za-z0-9/._~%+-]*(?:\?[A-Za-z0-9/._~%+=&:,-]+)?")
_IMAGE_ATTRIBUTES = {"src", "alt", "width", "height"}
_CLEANER = nh3.Cleaner(
    tags=_KEPT,
    clean_content_tags=_DROPPED_WHOLE,
    attributes={"*": set(), "img": _IMAGE_ATTRIBUTES},
    url_schemes={"http", "https"},
    link_rel=None,
)
_CLEAN_PICTURE = re.compile(r"""<img(?:\s+[a-z]+="[^"]*")*\s*/?>""")
_CLEAN_TAG = re.compile(r"</?[a-z][a-z0-9]*\s*/?>")
"""What tags look like once nh3 has put markup in order: only pictures have attributes, these stand
in double quotes, every other "<" and "&" is an entity, and comments are gone. Expressions read that
exactly, at a fraction of what a parser of any HTML costs."""
_CLEAN_ATTRIBUTE = re.compile(r"""([a-z]+)="([^"]*)\"""")
_CONTROLS = frozenset({"Cc", "Cs", "Cn", "Co"})
_INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad")
"""Zero-width space, word joiner, byte-order mark, soft hyphen: they hide things in words."""
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Overrides of direction can make a link read as another one; marks and joiners stay."""
_SHORT_TITLE = 80
"""Characters of the first words."""
_SMALLEST_PICTURE = 2
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A field of markup, read."""

    text: str
    images: tuple[EntryImage, ...] = ()


def plain_text(markup: str, *, base: str = "") -> Plain:
    """Return the words of *markup*, white space folded, and its pictures with absolute URLs."""
    markup = _cut_bytes(markup, MOST_HTML)
    if not any(mark in markup for mark in "<&\0"):
        return Plain(text=fold(markup))
    cleaned = _CLEANER.clean(_SELF_CLOSED.sub("", markup) if "/>" in markup else markup)
    found = (_image(tag, base) for tag in _CLEAN_PICTURE.findall(cleaned))
    words = _CLEAN_TAG.sub(" ", _CLEAN_PICTURE.sub("", cleaned))
    return Plain(text=fold(unescape(words)), images=tuple(each for each in found if each))


def fold(text: str) -> str:
    """Return *text* in NFC without control characters, every run of white space one space."""
    normal = unicodedata.normalize("NFC", text)
    if normal.isprintable():  # its only white space is the space itself
        while "  " in normal:
            normal = normal.replace("  ", " ")
        return normal.strip(" ")
    folded = " ".join(normal.split())
    if folded.isprintable():
        return folded
    hidden = {ord(character): None for character in set(folded) if _is_hidden(character)}
    # What stood between two spaces, or between a letter and its accent, may be gone now.
    return " ".join(unicodedata.normalize("NFC", folded.translate(hidden)).split())


def short(text: str) -> str:
    """Return *text* folded, and cut where it is longer than any title, id or name should be."""
    return fold(text[: 4 * MOST_CHARACTERS])[:MOST_CHARACTERS].rstrip()


def first_words(text: str) -> str:
    """Return the beginning of *text*, whole words of it: what serves where a title is missing."""
    if len(text) <= _SHORT_TITLE:
        return text
    start = text[: _SHORT_TITLE - 1]
    whole = start if text[_SHORT_TITLE - 1].isspace() else start.rpartition(" ")[0] or start
    return whole.rstrip(" ,;:–-") + "…"


def is_usual(address: str) -> bool:
    """Tell whether *address* is absolute and of the usual letters: no rule would change it."""
    return _USUAL.fullmatch(address) is not None


def absolute(link: str, base: str) -> str:
    """Return *link* as an absolute http(s) URL, or "" where it is none."""
    candidate = _LINE_BREAKS.sub("", link.strip())
    if not candidate or len(candidate) > MOST_CHARACTERS:
        return ""
    if is_usual(candidate):
        return candidate
    if candidate.lower().startswith("www."):
        candidate = f"http://{candidate}"  # nobody means a folder of that name
    try:
        if candidate.lower() in {"http://", "https://", "http:", "https:"}:
            return ""
        candidate.encode()  # half a character is no part of an address
        found = urljoin(base, candidate)
        parts = urlsplit(found)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            return ""
    except ValueError:
        return ""
    if not found.isprintable() or any(character in found for character in ' <>"'):
        found = "".join(_quoted(character) for character in found)
    return found if len(found) <= MOST_CHARACTERS else ""


def language_tag(text: str | None) -> Language | None:
    """Return a BCP 47 tag in its usual spelling (``en_us`` is ``en-US``), or None."""
    if not text:
        return None
    found = text.strip()
    if not _TAG.fullmatch(found):
        return None
    first, *rest = found.replace("_", "-").split("-")
    return Language("-".join([first.lower(), *(_subtag(part) for part in rest)]))


def _subtag(part: str) -> str:
    match len(part):
        case 2:
            return part.upper()
        case 4 if part.isalpha():
            return part.title()
        case _:
            return part.lower()


def _quoted(character: str) -> str:
    acts = unicodedata.category(character) == "Cc" or character in _BIDI
    if acts or character.isspace() or character in '<>"':
        return "".join(f"%{byte:02X}" for byte in character.encode())
    return character


def _cut_bytes(text: str, most: int) -> str:
    if len(text) * 4 <= most:
        return text
    return text.encode("utf-8", errors="replace")[:most].decode("utf-8", errors="ignore")


def _image(tag: str, base: str) -> EntryImage | None:
    values = {name: unescape(value) for name, value in _CLEAN_ATTRIBUTE.findall(tag)}
    url = absolute(values.get("src", ""), base)
    if not url or _is_tracker(values):
        return None
    return EntryImage(url=url, alt=short(values.get("alt", "")))


def _is_hidden(character: str) -> bool:
    """Tell whether *character* shows nothing and may mislead; joiners and marks stay."""
    return (
        unicodedata.category(character) in _CONTROLS
        or character in _INVISIBLE
        or character in _BIDI
    )


def _is_tracker(values: dict[str, str]) -> bool:
    """Tell whether an image is a counting pixel."""
    return any(
        values.get(side, "").isdigit() and int(values[side][:6]) <= _SMALLEST_PICTURE
        for side in ("width", "height")
    )
