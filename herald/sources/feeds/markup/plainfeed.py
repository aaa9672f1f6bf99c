"""Reads plain RSS and Atom off the tree: alike with feedparser, in a tenth of its time.

What it returns is what feedparser would have found, as far as Herald looks at it. Most feeds are
plain: well-formed, of elements whose meaning is settled. Whatever feedparser decides by more than
an element's name, place and text is left to feedparser, and so is whatever is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from herald.sources.feeds.markup.plaincontext import Context
from herald.sources.feeds.markup.plainnames import ATOM, RESERVED, VERSIONS
from herald.sources.feeds.markup.plainwords import (
    NotPlainError,
    attributes,
    attributes_and_base,
    based,
    in_full,
)
from herald.sources.feeds.markup.tree import Element

_DECLARED = re.compile(r"""xmlns:([\w.-]+)\s*=\s*["']([^"']*)["']""")
_FIRST_TAG = re.compile(r"<\w")
_OF_OTHERS = frozenset({"lastmod", "href", "about"})
"""Attributes of an entry in which other formats keep its date, link and id."""


def read_plainly(root: Element, document: str, url: str) -> Mapping[str, Any] | None:
    """Return what feedparser would find in a well-formed document; None if it is not plain."""
    try:
        _check_prolog(root, document)
        if url and in_full(url, url) != url:
            return None
        return _document(root, url)
    except NotPlainError:
        return None


def _check_prolog(root: Element, document: str) -> None:
    """Refuse a DOCTYPE, and a prefix that means something else than it means to feedparser."""
    about = root.getroottree().docinfo
    first = _FIRST_TAG.search(document)
    if about.xml_version != "1.0" or about.internalDTD is not None or first is None:
        raise NotPlainError
    head = document[: first.start()].upper()
    if "DOCTYPE" in head or "ENTITY" in head:
        raise NotPlainError
    said: dict[str, str] = {}
    for prefix, uri in _DECLARED.findall(document):
        meant = RESERVED.get(prefix.lower())
        if said.setdefault(prefix, uri) != uri or (meant is not None and uri.lower() not in meant):
            raise NotPlainError


def _document(root: Element, url: str) -> Mapping[str, Any]:
    said = attributes_and_base(root)
    if "base" in said:
        url = based(said["base"], url)
    version, channel, entry_tag = _rss(root, said) if root.tag == "rss" else _atom(root)
    feed = Context(url, is_atom=version == "atom10", is_entry=False)
    if said.get("lang"):
        feed.found["language"] = said["lang"].replace("_", "-")
    entries = []
    for child in channel:
        if child.tag == entry_tag:
            entries.append(_entry(child, feed))
        else:
            feed.take(child)
    return {"version": version, "feed": feed.found, "entries": entries, "bozo": False}


def _rss(root: Element, said: Mapping[str, str]) -> tuple[str, Element, str]:
    number = said.get("version", "")
    version = "rss20" if number.startswith("2.") else VERSIONS.get(number)
    if version is None or len(root) != 1 or root[0].tag != "channel" or root[0].attrib:
        raise NotPlainError
    return version, root[0], "item"


def _atom(root: Element) -> tuple[str, Element, str]:
    if root.tag != f"{{{ATOM}}}feed":
        raise NotPlainError
    return "atom10", root, f"{{{ATOM}}}entry"


def _entry(element: Element, feed: Context) -> Mapping[str, Any]:
    if element.attrib and not _OF_OTHERS.isdisjoint(attributes(element)):
        raise NotPlainError
    entry = Context(feed.url, is_atom=feed.is_atom, is_entry=True)
    for child in element:
        entry.take(child)
    return entry.found
