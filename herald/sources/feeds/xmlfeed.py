"""Reads RSS and Atom of every kind with feedparser, its one home.

feedparser opens what it is given, so it only ever gets bytes in a file object; its sanitizer is
quadratic on some input, so it is off and nh3 cleans. Runs in a worker process only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import feedparser

from herald.model.feed import (
    Enclosure,
    EntryEvent,
    EntryImage,
    FeedProblem,
    ParsedEntry,
    ParsedFeed,
)
from herald.model.ids import Language
from herald.sources.feeds.dates import read_date
from herald.sources.feeds.extras import Extras, read_extras
from herald.sources.feeds.limits import MOST_ENTRIES
from herald.sources.feeds.plain import (
    MOST_HTML,
    Plain,
    absolute,
    fold,
    language_tag,
    plain_text,
    short,
)

_DECLARED = re.compile(r"""(<\?xml[^>]{0,200}?encoding\s*=\s*)(["'])[^"']*\2""")
_ENTRY_ENDS = re.compile(r"</(?:[A-Za-z0-9._-]+:)?(?:item|entry)\s*>")
_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_NO_ZONE = "no zone"
_MOST_CATEGORIES = 50
_MOST_ENCLOSURES = 20


def read_xml(document: str, url: str) -> ParsedFeed:
    """Read an RSS or Atom document; whatever is wrong with it is a problem of the result."""
    document = _without_surplus(document)
    as_utf8 = _DECLARED.sub(r"\1\2utf-8\2", document, count=1).encode("utf-8", errors="replace")
    found = feedparser.parse(
        BytesIO(as_utf8),
        response_headers={
            "content-location": url,
            "content-type": "application/xml; charset=utf-8",
        },
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    entries = found.get("entries", [])[: MOST_ENTRIES + 1]
    extras = read_extras(document)
    matched = extras if len(extras) >= len(entries) > 0 else (Extras(),) * len(entries)
    read = [_entry(entry, extra, url) for entry, extra in zip(entries, matched, strict=False)]
    head = found.get("feed", {})
    return ParsedFeed(
        format=str(found.get("version") or ""),
        title=short(_field(head.get("title_detail"), url).text),
        language=language_tag(head.get("language")),
        link=absolute(str(head.get("link") or ""), url),
        entries=tuple(entry for entry, _ in read),
        problems=(*_malformed(found, bool(read)), *_undated(dates for _, dates in read)),
    )


def _without_surplus(document: str) -> str:
    """Leave out of the middle what lies beyond the cap, which costs time and is not kept."""
    ends = [match.end() for match in _ENTRY_ENDS.finditer(document)]
    if len(ends) <= MOST_ENTRIES + 1:
        return document
    return document[: ends[MOST_ENTRIES]] + document[ends[-1] :]


def _entry(entry: Mapping[str, Any], extra: Extras, url: str) -> tuple[ParsedEntry, list[str]]:
    texts = list(_texts(entry, extra, url))
    body = max(texts, key=lambda plain: len(plain.text), default=Plain(text=""))
    published, published_fault = _date(entry, "published", "created")
    updated, updated_fault = _date(entry, "updated", "modified")
    return ParsedEntry(
        guid=short(extra.guid or str(entry.get("id") or "")),
        title=short(_field(entry.get("title_detail"), url).text),
        summary=body.text,
        link=_link(entry, extra, url),
        published_at=published,
        updated_at=updated,
        language=_language(entry, extra),
        author=short(str(entry.get("author") or "")),
        categories=_categories(entry),
        image=_image(entry, extra, texts, url),
        enclosures=_enclosures(entry, url),
        event=_event(entry),
        licence=_licence(entry, url),
    ), [fault for fault in (published_fault or updated_fault,) if fault]


def _field(detail: Mapping[str, Any] | None, url: str) -> Plain:
    """Return a text construct as plain text, its entities decoded once."""
    if not detail:
        return Plain(text="")
    value = str(detail.get("value") or "")
    if detail.get("type") in _MARKUP:
        return plain_text(value, base=str(detail.get("base") or url))
    return Plain(text=fold(value[:MOST_HTML]))


def _texts(entry: Mapping[str, Any], extra: Extras, url: str) -> Iterator[Plain]:
    """Yield the summary and contents, without descriptions of pictures that strayed there."""
    for detail in (*entry.get("content", ())[:5], entry.get("summary_detail")):
        if not detail:
            continue
        value = str(detail.get("value") or "")
        if value.strip() in extra.descriptions:
            continue
        # What claims to be plain and holds tags is markup all the same, in many feeds.
        is_markup = detail.get("type") in _MARKUP or "</" in value
        yield (
            plain_text(value, base=str(detail.get("base") or url))
            if is_markup
            else Plain(text=fold(value[:MOST_HTML]))
        )


def _link(entry: Mapping[str, Any], extra: Extras, url: str) -> str:
    """Return the page of the entry: its alternate link in its own language, else the first."""
    own = _language(entry, extra)
    alternates = [
        (absolute(str(link.get("href") or ""), url), language_tag(link.get("hreflang")))
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
    return absolute(link, url)


def _language(entry: Mapping[str, Any], extra: Extras) -> Language | None:
    details = (*entry.get("content", ())[:1], entry.get("title_detail") or {})
    candidates = [
        extra.language,
        entry.get("language"),
        *(detail.get("language") for detail in details),
    ]
    return next((tag for text in candidates if (tag := language_tag(text)) is not None), None)


def _date(entry: Mapping[str, Any], *names: str) -> tuple[datetime | None, str]:
    """Return the first of *names* that is there, and what is wrong with it."""
    for name in names:
        # Without the question feedparser answers `updated` with `published`, and warns.
        text = str(entry[name] or "") if name in entry else ""
        if not text.strip():
            continue
        read = read_date(text)
        if read is None:
            return None, f"a date cannot be understood: {short(text)[:60]!r}"
        return read.moment, "" if read.has_zone else _NO_ZONE
    return None, ""


def _image(
    entry: Mapping[str, Any], extra: Extras, texts: Sequence[Plain], url: str
) -> EntryImage | None:
    """Choose the picture: Media RSS, an enclosure, one in the text; prefer one with a text."""
    inline = [image for plain in texts for image in plain.images]
    described = {image.url: image.alt for image in inline if image.alt}
    candidates = [
        *((absolute(link, url), alt) for link, alt in extra.pictures.items()),
        *((absolute(str(m.get("url") or ""), url), "") for m in _media(entry)),
        *(
            (enclosure.url, "")
            for enclosure in _enclosures(entry, url)
            if enclosure.type.startswith("image/")
        ),
        *((image.url, image.alt) for image in inline),
    ]
    images = [
        EntryImage(url=link, alt=short(alt) or described.get(link, ""))
        for link, alt in candidates
        if link
    ]
    return next(iter(images), None)


def _media(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for found in entry.get("media_content", ()):
        if str(found.get("medium", "")) == "image" or str(found.get("type", "")).startswith(
            "image/"
        ):
            yield found
    yield from entry.get("media_thumbnail", ())


def _enclosures(entry: Mapping[str, Any], url: str) -> tuple[Enclosure, ...]:
    found = {}
    for link in entry.get("links", ()):
        if link.get("rel") != "enclosure":
            continue
        address = absolute(str(link.get("href") or ""), url)
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


def _categories(entry: Mapping[str, Any]) -> tuple[str, ...]:
    names = (short(str(tag.get("label") or tag.get("term") or "")) for tag in entry.get("tags", ()))
    return tuple(dict.fromkeys(name for name in names if name))[:_MOST_CATEGORIES]


def _licence(entry: Mapping[str, Any], url: str) -> str:
    links = (
        absolute(str(link.get("href") or ""), url)
        for link in entry.get("links", ())
        if link.get("rel") == "license"
    )
    return next(filter(None, links), "") or short(str(entry.get("rights") or ""))


def _event(entry: Mapping[str, Any]) -> EntryEvent | None:
    """Read the RSS event module (``ev:startdate``)."""
    begins = read_date(str(entry.get("ev_startdate") or ""))
    if begins is None:
        return None
    finishes = read_date(str(entry.get("ev_enddate") or ""))
    return EntryEvent(
        begins_at=begins.moment,
        finishes_at=finishes.moment if finishes else None,
        all_day=":" not in str(entry.get("ev_startdate")),
        place=short(str(entry.get("ev_location") or "")),
    )


def _malformed(found: Mapping[str, Any], has_entries: bool) -> Iterator[FeedProblem]:
    if not found.get("version"):
        what = (
            "this is not a feed that Herald knows, but entries could be read"
            if has_entries
            else "this is no feed: Herald reads RSS, Atom, JSON Feed and iCalendar"
        )
        yield FeedProblem(severity="warning" if has_entries else "error", message=what)
        return
    if found.get("bozo"):
        fault = found.get("bozo_exception")
        line = getattr(fault, "getLineNumber", lambda: None)()
        where = f" near line {line}" if line else ""
        yield FeedProblem(
            severity="warning" if has_entries else "error",
            message=f"the XML is not well-formed{where}; what could be read was read",
        )


def _undated(faults: Iterator[list[str]]) -> Iterator[FeedProblem]:
    told = [fault for each in faults for fault in each]
    zoneless = told.count(_NO_ZONE)
    if zoneless:
        yield FeedProblem(
            severity="warning",
            message=f"{zoneless} dates do not say their time zone (write 2027-05-10T10:00:00+02:00"
            " or Mon, 10 May 2027 10:00:00 +0200); they were read as UTC",
        )
    unread = [fault for fault in told if fault != _NO_ZONE]
    if unread:
        yield FeedProblem(severity="warning", message=f"{unread[0]} ({len(unread)} such dates)")
