"""What feeds are and how they fare, in words for somebody who has never heard of Herald.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta

from herald.composing.dates import spell
from herald.composing.locales import language_name, locale_of
from herald.model.advice import Weight
from herald.model.feed import EntryEvent, ParsedEntry, ParsedFeed
from herald.model.ids import Language
from herald.reporting.posttext import plain

ENGLISH = Language("en")
SHOWN = 10
"""Entries of a feed that are shown unless all are asked for."""
CALENDAR = "ical"

WEIGHTS = {
    Weight.MUST: "Must: without this, news is lost or goes out twice",
    Weight.SHOULD: "Should: readers miss something without it",
    Weight.COULD: "Could: it would be nicer",
}

_FORMATS = {
    "rss090": "RSS 0.90",
    "rss091n": "RSS 0.91",
    "rss091u": "RSS 0.91",
    "rss092": "RSS 0.92",
    "rss093": "RSS 0.93",
    "rss094": "RSS 0.94",
    "rss10": "RSS 1.0",
    "rss20": "RSS 2.0",
    "atom03": "Atom 0.3",
    "atom10": "Atom 1.0",
    "json10": "JSON Feed 1.0",
    "json11": "JSON Feed 1.1",
    CALENDAR: "iCalendar",
}
_MOST_TEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that was understood of an entry."""

    name: str
    value: str
    link: str = ""
    """Where the value leads; empty, or an http(s) address."""
    is_theirs: bool = False
    """The words are the partner's, in the entry's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """An entry as a person reads it."""

    title: str
    """Empty where it has none."""
    language: str
    """A tag; empty where nothing tells."""
    facts: tuple[Fact, ...]
    missing: tuple[str, ...]
    """What it does not say."""


def ago(moment: datetime, now: datetime) -> str:
    """Spell how far *moment* is from *now*: "2 hours ago", "in 3 days"."""
    return str(format_timedelta(moment - now, add_direction=True, locale=locale_of(ENGLISH)))


def format_name(format_: str) -> str:
    """Return the name by which people know a format."""
    return _FORMATS.get(format_) or ("RSS" if format_.startswith("rss") else format_ or "unknown")


def what_it_is(feed: ParsedFeed, *, now: datetime) -> str:
    """Say in one sentence what a feed is: format, kind, language, entries, the newest."""
    if not feed.format:
        return "This could not be read as a feed."
    events = sum(entry.event is not None for entry in feed.entries)
    if feed.format == CALENDAR:
        kind, what = "a calendar", "event"
    elif events and events == len(feed.entries):
        kind, what = "a feed of events", "event"
    else:
        kind, what = "a news feed", "entry"
    tongue = f" in {language_name(feed.language, ENGLISH)}" if feed.language else ""
    many = _count(len(feed.entries), what)
    return f"{format_name(feed.format)}, {kind}{tongue} with {many}{_freshness(feed, now)}."


def shown_entries(feed: ParsedFeed, *, now: datetime, everything: bool) -> tuple[ParsedEntry, ...]:
    """Return the entries to show: the newest first, events from today on first."""
    if any(entry.event for entry in feed.entries):
        ahead = [one for one in feed.entries if one.event is None or one.event.begins_at >= now]
        past = [one for one in feed.entries if one.event and one.event.begins_at < now]
        ordered = (*ahead, *reversed(past))
    else:
        ordered = feed.entries[::-1]
    return ordered if everything else ordered[:SHOWN]


def entry_view(
    entry: ParsedEntry, *, feed_language: Language | None, zone: str, now: datetime
) -> EntryView:
    """Return what was understood of *entry*, and what it does not say."""
    return EntryView(
        title=plain(entry.title),
        language=entry.language or feed_language or "",
        facts=tuple(_facts(entry, zone, now)),
        missing=tuple(_missing(entry)),
    )


def sentence(text: str) -> str:
    """Return *text* with a capital letter at its beginning and a mark at its end."""
    told = plain(text)
    told = told[:1].upper() + told[1:]
    return told if told.endswith((".", "!", "?")) else f"{told}."


def when(moment: datetime, zone: str) -> str:
    """Spell a moment on the clock of *zone*, for people."""
    return spell(moment, ENGLISH, zone)


def _freshness(feed: ParsedFeed, now: datetime) -> str:
    coming = [
        one.event.begins_at for one in feed.entries if one.event and one.event.status != "cancelled"
    ]
    ahead = sorted(moment for moment in coming if moment >= now)
    if ahead:
        return f"; the next one is {ago(ahead[0], now)}"
    dates = [one.published_at or one.updated_at for one in feed.entries]
    told = [moment for moment in dates if moment is not None]
    if coming:
        return "; all of them are over"
    return f"; the newest is from {ago(max(told), now)}" if told else ""


def _facts(entry: ParsedEntry, zone: str, now: datetime) -> Iterator[Fact]:
    if entry.event is not None:
        yield from _event_facts(entry.event, zone)
    if entry.published_at is not None:
        told = f"{when(entry.published_at, zone)} ({ago(entry.published_at, now)})"
        yield Fact(name="Published", value=told)
    if entry.link:
        yield Fact(name="Page", value=plain(entry.link), link=_web(entry.link))
    if entry.language:
        yield Fact(name="Language", value=language_name(entry.language, ENGLISH))
    if entry.author:
        yield Fact(name="Author", value=plain(entry.author), is_theirs=True)
    if entry.summary:
        text = plain(entry.summary)
        cut = text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT].rsplit(' ', 1)[0]} …"
        yield Fact(name="Text", value=cut, is_theirs=True)
    if entry.image is not None:
        told = plain(entry.image.alt) or plain(entry.image.url)
        link = _web(entry.image.url)
        yield Fact(name="Picture", value=told, link=link, is_theirs=bool(entry.image.alt))
    if entry.categories:
        yield Fact(name="Subjects", value=plain(", ".join(entry.categories)), is_theirs=True)
    for file in entry.enclosures:
        yield Fact(name="File", value=plain(file.url), link=_web(file.url))
    if entry.licence:
        yield Fact(name="Licence", value=plain(entry.licence), link=_web(entry.licence))


def _event_facts(event: EntryEvent, zone: str) -> Iterator[Fact]:
    own = event.zone or zone
    local = event.begins_at.astimezone(ZoneInfo(own))
    if event.all_day:
        yield Fact(name="Begins", value=f"{spell(local.date(), ENGLISH)}, all day")
    else:
        yield Fact(name="Begins", value=f"{when(event.begins_at, own)} ({own} time)")
    if event.finishes_at is not None and not event.all_day:
        yield Fact(name="Ends", value=when(event.finishes_at, own))
    if event.place:
        yield Fact(name="Place", value=plain(event.place), is_theirs=True)
    if event.status != "confirmed":
        yield Fact(name="Status", value=plain(event.status))


def _missing(entry: ParsedEntry) -> Iterator[str]:
    if not entry.title:
        yield "no title"
    if not (entry.published_at or entry.updated_at or entry.event):
        yield "no date"
    if not entry.link:
        yield "no link to a page"
    if not entry.guid:
        yield "no id that stays the same"
    if entry.image is not None and not entry.image.alt:
        yield "no description of the picture"


def _web(address: str) -> str:
    """Return *address* if a browser may be sent there, else nothing."""
    return address if address.lower().startswith(("https://", "http://")) else ""


def _count(number: int, what: str) -> str:
    if number == 1:
        return f"1 {what}"
    return f"{number} {'entries' if what == 'entry' else 'events'}"


def those_left(feed: ParsedFeed, shown: Sequence[object]) -> str:
    """Say how many entries are not shown; empty if all are."""
    left = len(feed.entries) - len(shown)
    return f"… and {left} more" if left else ""
