"""What must be true of every document that was read, whatever it was."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator

from herald.model.feed import EntryEvent, ParsedEntry, ParsedFeed
from herald.model.page import PageFacts
from herald.sources.feeds.advice.describe import describe_feed
from herald.store.feed_values import read_content, write_content

LONGEST_NAME = 2_000
"""Characters of a title, a link, an id, a name."""
LONGEST_TEXT = 64 * 1024
_PLAUSIBLE = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 2, tzinfo=UTC))
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_STATUS = frozenset({"confirmed", "tentative", "cancelled", "postponed"})

_TEXT = {"type": ["string", "null"]}
_LINK = {"type": ["string", "null"], "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
_ADDRESS = {"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
_MOMENT = {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}


def _object(nullable: bool = False, **properties: Any) -> dict[str, Any]:
    return {
        "type": ["object", "null"] if nullable else "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


CONTRACT = _object(
    source={"type": "string"},
    format=_TEXT,
    title=_TEXT,
    language=_TEXT,
    link=_LINK,
    entries=_list(
        _object(
            **dict.fromkeys(("id", "title", "summary", "language", "author"), _TEXT),
            link=_LINK,
            published_at=_MOMENT,
            updated_at=_MOMENT,
            categories=_list({"type": "string", "minLength": 1}),
            image=_object(nullable=True, url=_ADDRESS, alt=_TEXT),
            enclosures=_list(
                _object(
                    url=_ADDRESS, type=_TEXT, length={"type": ["integer", "null"], "minimum": 0}
                )
            ),
            event=_object(
                nullable=True,
                uid=_TEXT,
                begins_at={**_MOMENT, "type": "string"},
                finishes_at=_MOMENT,
                all_day={"type": "boolean"},
                place=_TEXT,
                status={"enum": sorted(_STATUS)},
                sequence={"type": "integer"},
            ),
        )
    ),
    problems=_list(
        _object(severity={"enum": ["error", "warning"]}, message={"type": "string", "minLength": 1})
    ),
)
"""What ``herald feeds check --json`` promises to programs."""
_CONTRACT = Draft202012Validator(CONTRACT)


def faults_of_feed(feed: ParsedFeed) -> Iterator[str]:
    """Say what is wrong with what was read."""
    yield from _unclean("the feed's title", feed.title)
    yield from _no_link("the feed's link", feed.link)
    if feed.hub is not None:
        yield from _no_link("hub", feed.hub.hub)
    for problem in feed.problems:
        yield from _unsendable("a problem", problem.message)
    for entry in feed.entries:
        yield from faults_of_entry(entry)
    described = json.dumps(describe_feed("feed", feed), ensure_ascii=False)
    described.encode()
    yield from (
        f"contract: {fault.json_path}: {fault.message[:120]}"
        for fault in _CONTRACT.iter_errors(json.loads(described))
    )


def faults_of_entry(entry: ParsedEntry) -> Iterator[str]:
    """Say what is wrong with an entry."""
    names = {
        "guid": entry.guid,
        "title": entry.title,
        "author": entry.author,
        "licence": entry.licence,
        "language": entry.language or "",
        "alt": entry.image.alt if entry.image else "",
    }
    for name, text in names.items():
        yield from _unclean(name, text)
    for category in entry.categories:
        yield from _unclean("category", category)
    yield from _unclean("summary", entry.summary, most=LONGEST_TEXT)
    yield from _no_link("link", entry.link)
    yield from _no_link("image", entry.image.url if entry.image else "")
    for file in entry.enclosures:
        yield from _no_link("enclosure", file.url)
        yield from _unclean("type", file.type)
        if file.length is not None and not 0 <= file.length < 2**63:
            yield f"enclosure: a length of {file.length}"
    yield from _implausible("published_at", entry.published_at)
    yield from _implausible("updated_at", entry.updated_at)
    if entry.event is not None:
        yield from faults_of_event(entry.event)
    written = write_content(entry)
    written.encode()
    if read_content(written) != entry:
        yield "store: another entry comes back"


def faults_of_event(event: EntryEvent) -> Iterator[str]:
    """Say what is wrong with an event."""
    yield from _unclean("uid", event.uid)
    yield from _unclean("place", event.place)
    yield from _implausible("begins_at", event.begins_at)
    yield from _implausible("finishes_at", event.finishes_at)
    if event.finishes_at is not None and event.finishes_at < event.begins_at:
        yield "event: it ends before it begins"
    if event.status not in _STATUS:
        yield f"event: status {event.status!r}"
    if not 0 <= event.sequence < 2**31:
        yield f"event: sequence {event.sequence}"
    if event.zone:
        ZoneInfo(event.zone)


def faults_of_page(page: PageFacts) -> Iterator[str]:
    """Say what is wrong with what was read of a page."""
    for name, text in (("title", page.title), ("generator", page.generator)):
        yield from _unclean(f"page {name}", text)
    yield from _no_link("page licence", page.licence)
    for link in page.links:
        yield from _no_link("page link", link.url)
        yield from _unclean("page link's title", link.title)
    for one in page.events:
        yield from _unclean("page event's title", one.title)
        yield from _no_link("page event", one.url)
        yield from faults_of_event(one.event)


def _unclean(name: str, text: str, *, most: int = LONGEST_NAME) -> Iterator[str]:
    if len(text) > most:
        yield f"{name}: {len(text)} characters"
    if text.isascii() and text.isprintable() and "  " not in text:
        return
    yield from _unsendable(name, text)
    if not unicodedata.is_normalized("NFC", text):
        yield f"{name}: not NFC"
    if text != " ".join(text.split()):
        yield f"{name}: white space not folded in {text[:80]!r}"


def _unsendable(name: str, text: str) -> Iterator[str]:
    try:
        text.encode()
    except UnicodeEncodeError:
        yield f"{name}: half a character in {text[:80]!r}"
    if any(unicodedata.category(one) == "Cc" for one in text):
        yield f"{name}: a control character in {text[:80]!r}"
    if not _TURNING.isdisjoint(text):
        yield f"{name}: a direction is turned in {text[:80]!r}"


def _no_link(name: str, link: str) -> Iterator[str]:
    if not link:
        return
    parts = urlsplit(link)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        yield f"{name}: {link[:80]!r} is no address of the web"
    if len(link) > LONGEST_NAME:
        yield f"{name}: an address of {len(link)} characters"
    if any(one.isspace() or unicodedata.category(one) in {"Cc", "Cs"} for one in link):
        yield f"{name}: white space or control characters in {link[:80]!r}"


def _implausible(name: str, moment: datetime | None) -> Iterator[str]:
    if moment is None:
        return
    if moment.utcoffset() != timedelta(0):
        yield f"{name}: {moment!r} is not UTC"
    elif not _PLAUSIBLE[0] <= moment <= _PLAUSIBLE[1]:
        yield f"{name}: {moment} is not plausible"
