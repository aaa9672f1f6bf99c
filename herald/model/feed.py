"""What partners publish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from herald.model.ids import EntryId, FeedId, Language, PartnerId

_OWN = FeedId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryImage:
    """A picture of an entry."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that goes with an entry."""

    url: str
    type: str = ""
    length: int | None = None


class EventSource(StrEnum):
    """Where the facts of an event were found."""

    FEED = "feed"
    """In the document itself."""
    PAGE = "page"
    """As schema.org Event on the entry's page."""
    PUBDATE = "pubdate"
    """The feed's dates mean the event (``pubdate: event_start``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEvent:
    """The event that an entry announces."""

    uid: str = ""
    begins_at: datetime
    finishes_at: datetime | None = None
    all_day: bool = False
    zone: str = ""
    """The zone in which it was written, IANA name; empty if it came as UTC or an offset."""
    place: str = ""
    status: str = "confirmed"
    """confirmed, tentative, cancelled or postponed."""
    sequence: int = 0
    source: EventSource = EventSource.FEED
    by: FeedId = _OWN
    """The feed that told it; empty for the feed whose entry it is."""
    called_off_by: tuple[FeedId, ...] = ()
    """The feeds that call it off; empty where none does, or only the one that told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """An entry as its feed has it: plain text, entities decoded, links absolute, moments UTC."""

    guid: str = ""
    title: str = ""
    summary: str = ""
    link: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None
    language: Language | None = None
    author: str = ""
    categories: tuple[str, ...] = ()
    image: EntryImage | None = None
    enclosures: tuple[Enclosure, ...] = ()
    event: EntryEvent | None = None
    licence: str = ""
    post_of: str = ""
    """The network on which it is a post of its partner's own account, at ``link``; empty for what
    stands on a website."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedProblem:
    """What is wrong with a feed, in words that its web master can act on."""

    severity: str
    """error or warning."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often a feed asks to be asked (RSS ``ttl``, ``sy:``, ``skipHours``, ``skipDays``)."""

    pause: timedelta = timedelta(0)
    """The longest of what it names; it lengthens Herald's own pause and never shortens it."""
    closed_hours: frozenset[int] = frozenset()
    """Hours of the day, 0 to 23, in UTC, in which it wants no requests."""
    closed_days: frozenset[int] = frozenset()
    """Days of the week, Monday is 0, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLink:
    """Where a feed's changes can be subscribed to (WebSub)."""

    hub: str
    topic: str
    """The feed's own word for its address (``rel="self"``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A feed's document, understood."""

    format: str
    """rss20, atom10, json11, ical, ..."""
    title: str = ""
    language: Language | None = None
    link: str = ""
    entries: tuple[ParsedEntry, ...] = ()
    """Oldest first."""
    cadence: Cadence = Cadence()
    hub: HubLink | None = None
    breaks_off: bool = False
    """Its end is missing: it shall be asked for as a whole again."""
    problems: tuple[FeedProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as Herald knows it: one piece of news, of one partner or of several."""

    id: EntryId
    feed: FeedId
    partners: tuple[PartnerId, ...]
    """Who published it, the first first."""
    language: Language
    content: ParsedEntry
    fingerprint: str
    first_seen_at: datetime
    seeded: bool = False
    """It was there on the feed's first poll: remembered, never posted."""
    review: str = ""
    """Why a person should look before it is passed on; empty for ordinary news."""
    withdrawn: bool = False
    """Its event was cancelled."""
