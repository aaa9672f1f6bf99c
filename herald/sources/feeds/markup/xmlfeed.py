"""Reads RSS and Atom of every kind with feedparser, its one home.

feedparser opens what it is given, so it only ever gets bytes in a file object; its sanitizer is
quadratic on some input, so it is off and nh3 cleans. Runs in a worker process only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import feedparser

from herald.model.feed import Enclosure, EntryImage, FeedProblem, ParsedEntry, ParsedFeed
from herald.model.ids import Language
from herald.sources.feeds.markup.eventfacts import read_event
from herald.sources.feeds.markup.extras import Extras, is_entry, read_extras
from herald.sources.feeds.markup.head import Head, read_head
from herald.sources.feeds.markup.plainfeed import read_plainly
from herald.sources.feeds.markup.prune import prune
from herald.sources.feeds.markup.spaces import with_right_spaces
from herald.sources.feeds.markup.tree import Element, Grown, as_utf8, grow, written
from herald.sources.feeds.words.authors import author_name, joined
from herald.sources.feeds.words.dates import Read
from herald.sources.feeds.words.limits import MOST_ENTRIES
from herald.sources.feeds.words.plain import (
    MOST_HTML,
    Plain,
    absolute,
    fold,
    language_tag,
    plain_text,
    short,
)
from herald.sources.feeds.words.reading import Reading, announced, read_said, told_of_dates

_ENTRY_ENDS = re.compile(r"</(?:[A-Za-z0-9._-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_ENTRY_BEGINS = re.compile(r"<(?:item|entry)[\s>]", re.IGNORECASE)
_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_INLINE = re.compile(
    r"<(?:br|b|i|u|em|strong|p|span|div|a|img|font|sup|sub|small|h[1-6])\b[^<>]*>"
    r"|</(?:script|style|iframe|svg|object|form)\s*>",
    re.IGNORECASE,
)
"""Tags in what RSS calls plain text; its titles hold them all the same. What is never meant to be
read counts only where it is closed: a title may speak of the <video> element."""
_BLOGGER_KIND = "http://schemas.google.com/g/2005#kind"
_MOST_CATEGORIES = 50
_MOST_ENCLOSURES = 20

Shortcut = Callable[[Element, str, str], Mapping[str, Any] | None]
"""Reads a tree, grown from a document found at a URL, as feedparser would; None if it may not."""


def read_xml(
    document: str, reading: Reading, *, shortcut: Shortcut = read_plainly
) -> tuple[ParsedFeed, Head]:
    """Read an RSS or Atom document; whatever is wrong with it is a problem of the result.

    *shortcut* reads plain documents off their tree; feedparser reads what it declines.
    """
    grown = grow(with_right_spaces(_without_surplus(document)))
    was_cut = grown.root is not None and prune(grown.root)
    found = None
    if grown.root is not None and grown.is_whole and not was_cut:
        found = shortcut(grown.root, grown.document, reading.url)
    if found is None:
        found = _by_feedparser(_for_feedparser(grown, was_cut=was_cut), reading.url)
    entries = found.get("entries", [])[: MOST_ENTRIES + 1]
    head = read_head(grown.root, reading.url)
    matched = _matched(entries, read_extras(grown.root))
    reader = _Reader(reading=reading, head=head, is_atom="atom" in str(found.get("version")))
    read = [reader.entry(entry, extra) for entry, extra in zip(entries, matched, strict=True)]
    of_feed = found.get("feed", {})
    feed = ParsedFeed(
        format=str(found.get("version") or ""),
        title=short(reader.field(of_feed.get("title_detail")).text),
        language=language_tag(of_feed.get("language")),
        link=absolute(str(of_feed.get("link") or ""), reading.url),
        entries=tuple(entry for entry, _ in read),
        cadence=head.cadence,
        hub=head.hub,
        breaks_off=grown.breaks_off,
        problems=(
            *_malformed(found, grown, bool(read)),
            *told_of_dates((fault for _, faults in read for fault in faults), reading),
        ),
    )
    return feed, head


def _by_feedparser(document: bytes, url: str) -> Mapping[str, Any]:
    """Return what feedparser finds; nothing where it breaks over what stands in the wrong place."""
    try:
        found: Mapping[str, Any] = feedparser.parse(
            BytesIO(document),
            response_headers={
                "content-location": url,
                "content-type": "application/xml; charset=utf-8",
            },
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (LookupError, TypeError, ValueError):
        return {}
    return found


def _for_feedparser(grown: Grown, *, was_cut: bool) -> bytes:
    """Return what feedparser shall read: the pieces that lxml put together, if none is missing."""
    if grown.root is None or (grown.is_whole and not was_cut):
        return as_utf8(grown.document)
    saved = sum(is_entry(element) for element in grown.root.iter())
    if saved >= len(_ENTRY_BEGINS.findall(grown.document)):
        return written(grown.root).encode("utf-8", errors="replace")
    return as_utf8(grown.document)


def _matched(entries: Sequence[Mapping[str, Any]], extras: Sequence[Extras]) -> list[Extras]:
    """Give every entry its extras: by their order, or by id and link where some are missing."""
    if len(entries) <= len(extras) and len(extras) <= MOST_ENTRIES:
        if len(entries) == len(extras):
            return list(extras)
    elif len(extras) > MOST_ENTRIES:
        return list(extras[: len(entries)])
    named = {name: extra for extra in extras for name in (extra.link, extra.guid) if name}
    return [
        named.get(str(entry.get("id") or "")) or named.get(str(entry.get("link") or "")) or Extras()
        for entry in entries
    ]


def _without_surplus(document: str) -> str:
    """Leave out of the middle what lies beyond the cap, which costs time and is not kept."""
    ends = [match.end() for match in _ENTRY_ENDS.finditer(document)]
    if len(ends) <= MOST_ENTRIES + 1:
        return document
    return document[: ends[MOST_ENTRIES]] + document[ends[-1] :]


class _Reader:
    """Reads the entries of one document: what they all share stands here."""

    def __init__(self, *, reading: Reading, head: Head, is_atom: bool) -> None:
        self._reading = reading
        self._url = reading.url
        self._head = head
        self._is_atom = is_atom

    def entry(self, entry: Mapping[str, Any], extra: Extras) -> tuple[ParsedEntry, list[str]]:
        """Return an entry, and what is wrong with its dates."""
        texts = list(self._texts(entry, extra))
        enclosures = self._enclosures(entry)
        body = max(texts, key=lambda plain: len(plain.text), default=Plain(text=""))
        published, faults = self._date(entry, extra.date, "published", "created")
        updated, later = self._date(entry, "", "updated", "modified")
        event = read_event(extra.event, zone=self._reading.zone, zone_name=self._reading.known_zone)
        event_faults = read_said(extra.event.begins, self._reading)[1]
        read = ParsedEntry(
            guid=short(extra.guid or str(entry.get("id") or "")),
            title=short(self.field(entry.get("title_detail")).text),
            summary=body.text,
            link=self._link(entry, extra),
            published_at=published.moment if published else None,
            updated_at=updated.moment if updated else None,
            language=_language(entry, extra),
            author=_author(entry) or self._of_feed(extra),
            categories=_categories(entry),
            image=_image(extra, texts, enclosures, self._url),
            enclosures=enclosures,
            event=event,
            licence=self._licence(extra),
        )
        told = [faults or later, event_faults]
        return announced(read, published or updated, self._reading), [each for each in told if each]

    def field(self, detail: Mapping[str, Any] | None) -> Plain:
        """Return a text construct as plain text, its entities decoded once."""
        if not detail:
            return Plain(text="")
        value = str(detail.get("value") or "")
        is_markup = detail.get("type") in _MARKUP or (
            not self._is_atom and _INLINE.search(value[:MOST_HTML]) is not None
        )
        return self._plain(detail, value, is_markup=is_markup)

    def _texts(self, entry: Mapping[str, Any], extra: Extras) -> Iterator[Plain]:
        """Yield the summary and contents, without descriptions of pictures that strayed there."""
        details = [*entry.get("content", ())[:5], entry.get("summary_detail")]
        values = {
            str(detail.get("value") or ""): detail
            for detail in reversed(details)
            if detail and str(detail.get("value") or "").strip() not in extra.descriptions
        }
        for value, detail in reversed(values.items()):
            # What claims to be plain and holds tags is markup all the same, in many feeds.
            is_markup = (
                detail.get("type") in _MARKUP
                or "</" in value
                or (not self._is_atom and _INLINE.search(value[:MOST_HTML]) is not None)
            )
            yield self._plain(detail, value, is_markup=is_markup)
        if not values and extra.of_video:
            yield Plain(text=fold(extra.of_video[:MOST_HTML]))

    def _plain(self, detail: Mapping[str, Any], value: str, *, is_markup: bool) -> Plain:
        if is_markup:
            return plain_text(value, base=str(detail.get("base") or self._url))
        return Plain(text=fold(value[:MOST_HTML]))

    def _date(
        self, entry: Mapping[str, Any], otherwise: str, *names: str
    ) -> tuple[Read | None, str]:
        """Return the first date of *names* that is there, and what is wrong with it."""
        # Without the question feedparser answers `updated` with `published`, and warns.
        said = (str(entry[name] or "") for name in names if name in entry)
        return read_said(next((text for text in said if text.strip()), otherwise), self._reading)

    def _link(self, entry: Mapping[str, Any], extra: Extras) -> str:
        """Return the page of the entry: its alternate link in its own language, else the first."""
        own = _language(entry, extra)
        # Feedburner puts a counting address of its own in the place of the page's.
        if page := absolute(str(entry.get("feedburner_origlink") or ""), self._url):
            return page
        if extra.link.lower().startswith("www."):  # feedparser makes a folder of that name of it
            return absolute(extra.link, self._url)
        alternates = [
            (absolute(str(link.get("href") or ""), self._url), language_tag(link.get("hreflang")))
            for link in entry.get("links", ())
            if link.get("rel", "alternate") == "alternate"
        ]
        pages = [(page, language) for page, language in alternates if page]
        spoken = [page for page, language in pages if own and language == own]
        if spoken or pages:
            return (spoken or [pages[0][0]])[0]
        link = str(entry.get("link") or "")
        if entry.get("guidislink") and not extra.guid.lower().startswith(("http://", "https://")):
            return ""
        return absolute(link, self._url)

    def _enclosures(self, entry: Mapping[str, Any]) -> tuple[Enclosure, ...]:
        found: dict[str, Enclosure] = {}
        for link in entry.get("links", ()):
            if link.get("rel") != "enclosure":
                continue
            address = absolute(str(link.get("href") or ""), self._url)
            length = str(link.get("length") or "")
            if address and address not in found:
                found[address] = Enclosure(
                    url=address,
                    type=short(str(link.get("type") or "")),
                    length=int(length)
                    if length.isascii() and length.isdigit() and len(length) < 16
                    else None,
                )
        return tuple(found.values())[:_MOST_ENCLOSURES]

    def _of_feed(self, extra: Extras) -> str:
        """Return the feed's authors where they wrote the entry: RFC 4287, section 4.2.1."""
        return self._head.authors if self._is_atom and not extra.is_from_elsewhere else ""

    def _licence(self, extra: Extras) -> str:
        """Return the entry's own licence, else its feed's: an address whole, words folded."""
        said = extra.licence or self._head.licence
        return absolute(said, self._url) if "/" in said and " " not in said else short(said)


def _language(entry: Mapping[str, Any], extra: Extras) -> Language | None:
    """Return the language that the entry names itself: the feed's comes after the officer's."""
    said = (*extra.languages, entry.get("language"))
    return next((tag for text in said if (tag := language_tag(text)) is not None), None)


def _author(entry: Mapping[str, Any]) -> str:
    """Return who wrote it: names, never an e-mail address."""
    named = joined(
        f"{author.get('email')} ({author.get('name')})"
        if author.get("email") and author.get("name")
        else str(author.get("name") or "")
        for author in entry.get("authors", ())[:20]
    )
    return named or author_name(str(entry.get("author") or ""))


def _image(
    extra: Extras, texts: Sequence[Plain], enclosures: Sequence[Enclosure], url: str
) -> EntryImage | None:
    """Choose the picture: Media RSS, an enclosure, one in the text; a tiny one only at need."""
    inline = [image for plain in texts for image in plain.images]
    described = {image.url: image.alt for image in inline if image.alt}
    named = [(absolute(each.url, url), each.alt, each.is_small) for each in extra.pictures]
    told = {link: alt for link, alt, _ in named if alt}
    candidates = [
        *(link for link, _, is_small in named if not is_small),
        *(one.url for one in enclosures if one.type.lower().startswith("image/")),
        *(image.url for image in inline),
        *(link for link, _, is_small in named if is_small),
    ]
    link = next(filter(None, candidates), "")
    alt = plain_text(told[link]).text if link in told else described.get(link, "")
    return EntryImage(url=link, alt=short(alt)) if link else None


def _categories(entry: Mapping[str, Any]) -> tuple[str, ...]:
    names = (
        short(str(tag.get("label") or tag.get("term") or ""))
        for tag in entry.get("tags", ())
        if tag.get("scheme") != _BLOGGER_KIND
    )
    unlike = {name.casefold(): name for name in reversed([each for each in names if each])}
    return tuple(reversed(unlike.values()))[:_MOST_CATEGORIES]


def _malformed(found: Mapping[str, Any], grown: Grown, has_entries: bool) -> Iterator[FeedProblem]:
    severity = "warning" if has_entries else "error"
    if not found.get("version"):
        what = (
            "this is not a feed that Herald knows, but entries could be read"
            if has_entries
            else "this is no feed: Herald reads RSS, Atom, JSON Feed and iCalendar"
        )
        yield FeedProblem(severity=severity, message=what)
        return
    if grown.fault:
        yield FeedProblem(
            severity=severity,
            message=f"the XML is not well-formed ({grown.fault}); what could be read was read",
        )
    elif found.get("bozo"):
        yield FeedProblem(
            severity=severity, message="the XML is not well-formed; what could be read was read"
        )
