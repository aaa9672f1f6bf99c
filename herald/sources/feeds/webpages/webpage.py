"""Reads a web page as far as feeds and events go: title, language, licence, links, JSON-LD.

Pure but its input is hostile: run it in a worker (``workers``). lxml reads the page: the standard
library's parser is quadratic on unclosed comments and tags, html5lib is slow.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml import etree

from herald.model.ids import Language
from herald.model.page import FeedLink, PageFacts
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.webpages.jsonld import is_zone, read_events
from herald.sources.feeds.words.charset import decode
from herald.sources.feeds.words.plain import absolute, language_tag, short

MOST_LINKS = 200
"""Links of one page that may lead to feeds."""
_MOST_BLOCKS = 50
_MOST_CHARACTERS = 1024 * 1024
"""Of JSON-LD in all."""
_SNIFFED = 4096
"""Bytes in which a page names its encoding: four times what HTML asks for."""
_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._-]{1,40})""", re.IGNORECASE
)
_FEED_TYPES = frozenset(
    {
        "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml",
        "application/feed+json", "text/xml", "text/calendar", "text/rss", "application/ics",
    }
)  # fmt: skip
_SHARED = frozenset(
    {
        "og:title", "og:description", "og:image", "og:image:url", "og:image:secure_url",
        "og:image:alt", "twitter:title", "twitter:description", "twitter:image",
        "twitter:image:alt", "description",
    }
)  # fmt: skip
_FEED_ENDS = (".ics", ".ical", ".icalendar", ".rss", ".atom", ".rdf", ".xml")
_FEED_STEPS = frozenset({"feed", "feeds", "rss", "atom", "rss.php", "ical", "ics", "feed.json"})
_FEED_QUERY = re.compile(
    r"(?:^|&)(?:ical=1|outlook-ical=1|feed=|format=(?:feed|ical|ics|rss|atom)|tribe[\w-]*=|"
    r"tribe_display=|mec-ical-feed=|type=(?:rss|atom)(?:&|$))"
)
_NO_FEED = re.compile(r"sitemap|/xmlrpc|/opensearch|/wlwmanifest|/osd\.xml|/browserconfig")


def read_page(document: Document) -> PageFacts:
    """Read a page; what it does not say is empty. Never raises for what the page contains."""
    text, _ = decode(document.body, _content_type(document))
    reader = _Reader(document.url)
    parser = etree.HTMLParser(target=reader, encoding="utf-8", huge_tree=True)
    try:
        parser.feed(text.replace("\0", "").encode("utf-8", errors="replace"))
        parser.close()
    except etree.LxmlError:
        pass  # what was read until then stands
    zone = document.zone
    return PageFacts(
        url=document.url,
        title=short("".join(reader.title)),
        language=reader.language,
        licence=reader.licence,
        generator=reader.generator,
        shown_title=reader.shared("og:title", "twitter:title"),
        description=reader.shared("og:description", "twitter:description", "description"),
        image=absolute(
            reader.shared("og:image:secure_url", "og:image", "og:image:url", "twitter:image"),
            reader.base,
        ),
        image_alt=reader.shared("og:image:alt", "twitter:image:alt"),
        links=tuple(reader.links.values())[:MOST_LINKS],
        events=read_events(
            ("".join(block) for block in reader.blocks),
            base=reader.base,
            zone=zone if is_zone(zone) else "",
        ),
    )


def _content_type(document: Document) -> str:
    """Return the encoding that the server named, else the one that the page names."""
    if "charset" in document.content_type.lower():
        return document.content_type
    named = _META_CHARSET.search(document.body[:_SNIFFED])
    return f"text/html; charset={named[1].decode('ascii')}" if named else document.content_type


class _Reader:
    """Gathers what matters while lxml reads: no tree of the page is ever built."""

    def __init__(self, url: str) -> None:
        self.base = url
        self.title: list[str] = []
        self.language: Language | None = None
        self.licence = ""
        self.generator = ""
        self.links: dict[str, FeedLink] = {}
        self.blocks: list[list[str]] = []
        self._told: dict[str, str] = {}
        self._into: list[str] | None = None
        self._text = 0
        self._has_title = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Look at the beginning of an element."""
        match tag:
            case "html":
                told = attributes.get("lang") or attributes.get("xml:lang")
                self.language = self.language or language_tag(told)
            case "base":
                self.base = absolute(attributes.get("href", ""), self.base) or self.base
            case "meta":
                self._meta(attributes)
            case "title" if not self._has_title:
                self._has_title = True
                self._into = self.title
            case "link" | "a" | "area":
                self._link(tag, attributes)
            case "script" if _is_json_ld(attributes) and len(self.blocks) < _MOST_BLOCKS:
                self._into = []
                self.blocks.append(self._into)

    def end(self, tag: str) -> None:
        """Look at the end of an element."""
        if tag in {"title", "script"}:
            self._into = None

    def data(self, text: str) -> None:
        """Take words only where they are asked for, and only so many."""
        if self._into is not None and self._text <= _MOST_CHARACTERS:
            self._text += len(text)
            self._into.append(text)

    def close(self) -> None:
        """Do nothing: what was gathered is read off the reader."""

    def shared(self, *names: str) -> str:
        """Return what the page says under the first of *names* that it has something under.

        Pages tell so how they look where they are shared (ogp.me; X's cards).
        """
        return next((told for name in names if (told := self._told.get(name, ""))), "")

    def _meta(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "").strip().lower()
        for told in (attributes.get("property", "").strip().lower(), name):
            if told in _SHARED:
                self._told.setdefault(told, short(attributes.get("content", "")))
        if name == "generator" and not self.generator:
            self.generator = short(attributes.get("content", ""))

    def _link(self, tag: str, attributes: dict[str, str]) -> None:
        rel = attributes.get("rel", "").lower().split()
        written = attributes.get("href", "").strip()
        if "license" in rel and not self.licence:
            self.licence = absolute(written, self.base)
        url = absolute(_without_webcal(written, self.base), self.base)
        kind = short(attributes.get("type", "")).partition(";")[0].strip().lower()
        is_declared = tag == "link" and _declares(rel, kind, url)
        if not url or not (is_declared or _looks_like_feed(url, written)):
            return
        known = self.links.get(url)
        if (known is None and len(self.links) < MOST_LINKS) or (
            known is not None and is_declared and not known.is_declared
        ):
            title = short(attributes.get("title", ""))
            self.links[url] = FeedLink(url=url, type=kind, title=title, is_declared=is_declared)


def _is_json_ld(attributes: dict[str, str]) -> bool:
    kind = attributes.get("type", "").partition(";")[0]
    return kind.strip().lower() == "application/ld+json"


def _declares(rel: list[str], kind: str, url: str) -> bool:
    if kind == "application/json":  # WordPress declares its whole API so
        return "alternate" in rel and "feed" in url.lower()
    return ("alternate" in rel and kind in _FEED_TYPES) or (
        "feed" in rel and "alternate" not in rel
    )


def _without_webcal(link: str, base: str) -> str:
    """Return a calendar's address as one of the web: encrypted, unless its own page is not."""
    scheme, colon, rest = link.partition(":")
    if not colon or scheme.strip().lower() not in {"webcal", "webcals"}:
        return link
    plain = urlsplit(base)
    same_host = rest.lower().startswith(f"//{plain.netloc.lower()}/")
    return f"{plain.scheme if same_host else 'https'}:{rest}"


def _looks_like_feed(url: str, written: str) -> bool:
    if written.lower().startswith("webcal"):
        return True
    parts = urlsplit(url)
    path = parts.path.lower()
    if _NO_FEED.search(path):
        return False
    return (
        path.endswith(_FEED_ENDS)
        or not _FEED_STEPS.isdisjoint(path.split("/"))
        or _FEED_QUERY.search(parts.query.lower()) is not None
    )
