"""Reads the words of plain elements as feedparser does: attributes, addresses, odd letters."""

from __future__ import annotations

import re
from contextlib import suppress
from html.entities import entitydefs
from urllib.parse import urljoin

from herald.sources.feeds.markup.tree import Element
from herald.sources.feeds.words.plain import is_usual

_XML = "{http://www.w3.org/XML/1998/namespace"
_MEANT = frozenset(
    {"base", "lang", "mode", "src", "type", "rel", "href", "url", "uri", "term", "scheme"}
    | {"domain", "label", "ispermalink", "version", "about", "lastmod"}
)
"""Attributes that mean something to feedparser, which may take another namespace's for them."""
_STROKES = re.compile(r"\A([A-Za-z][A-Za-z0-9+-.]*://)/+")
_REFERENCE = re.compile(r"&#?\w+;")
_NAMED = re.compile(r"&(\w+);")
_C1 = re.compile("[\x80-\x9f]")
_FREE = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})
"""What windows-1252 gives no character to."""
_WINDOWS = {code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in _FREE}


class NotPlainError(Exception):
    """Something in the document is feedparser's to read: give it the document."""


def attributes(element: Element) -> dict[str, str]:
    """Return attributes by their small names; none may move links, or hide another."""
    found = attributes_and_base(element)
    if "base" in found:
        raise NotPlainError
    return found


def attributes_and_base(element: Element) -> dict[str, str]:
    """Return attributes by their small names, ``xml:base`` among them; none may hide another."""
    found: dict[str, str] = {}
    for key, value in element.attrib.items():
        space, _, written = key.rpartition("}")
        name = written.lower()
        if name in found:
            raise NotPlainError
        if not space or space == _XML:
            found[name] = value.lower() if name in {"rel", "type"} else value
        elif name in _MEANT:
            raise NotPlainError
    return found


def based(base: str, url: str) -> str:
    """Return what links count from under an ``xml:base``: only whole addresses are taken."""
    found = in_full(base, url)
    if not base.startswith(("http://", "https://")) or in_full(found, found) != found:
        raise NotPlainError
    return found


def text_of(element: Element) -> str:
    """Return the text of an element that holds nothing else, as written."""
    if len(element):
        raise NotPlainError
    return (element.text or "").strip()


def in_full(address: str, base: str) -> str:
    """Return an address in full; "" where it is none."""
    if is_usual(address):
        return address
    try:
        return urljoin(base, _STROKES.sub(r"\1", address))
    except ValueError:
        return ""


def unreferenced(address: str) -> str:
    """Return an address whose parts are parted by ``&``, also where it says ``&name;``."""
    return _NAMED.sub(r"&\1", address)


def recoded(text: str) -> str:
    """Return *text* with UTF-8 that was read as Latin-1 read again, as feedparser does."""
    if text.isascii():
        return text
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    # Asking whether all can be printed is far quicker, and most often the answer.
    return text if text.isprintable() or not _C1.search(text) else text.translate(_WINDOWS)


def is_html(value: str) -> bool:
    """Tell whether what should be plain is HTML to feedparser: it holds references and no tags.

    With a closing tag in it the answer does not matter: Herald takes it for markup anyhow.
    """
    if not _REFERENCE.search(value) or "</" in value:
        return False
    if "<" in value:
        raise NotPlainError
    return all(name in entitydefs for name in _NAMED.findall(value))
