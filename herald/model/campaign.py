"""A campaign as its editor meant it: items, occasions, series, amplification, newsletters.

Local moments are naive datetimes in the zone that stands beside them; planning turns them into
UTC. Nothing here knows a network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from herald.model.ids import (
    CampaignId,
    ChannelId,
    ItemId,
    Language,
    ListId,
    OccasionId,
    PartnerId,
    ProjectId,
)
from herald.model.mailing import WhenUncertain
from herald.model.problem import Place
from herald.model.recurrence import Recurrence
from herald.model.span import Span
from herald.model.words import Words

DEFAULT_AT = time(10, 0)
"""The time of day of an occasion that names none."""


class Kind(StrEnum):
    """What an item is about; each kind has its required fields and its default sequence (F-1)."""

    GOOD_PRACTICE = "good_practice"
    EVENT = "event"
    TRAINING = "training"
    PUBLICATION = "publication"
    MEETING = "meeting"
    LOCAL_INITIATIVE = "local_initiative"
    NEWS = "news"


class MissingTranslation(StrEnum):
    """What happens to a language that an item lacks."""

    SKIP = "skip"
    LEAD = "lead"
    HOLD = "hold"


class Approve(StrEnum):
    """Whether a person must agree before something goes out."""

    AUTO = "auto"
    FIRST = "first"
    """Only the first of a partner (amplification)."""
    MANUAL = "manual"


class CatchUp(StrEnum):
    """What a delivery does that is late, yet within ``at_most_late``."""

    POST = "post"
    SKIP = "skip"
    ASK = "ask"


class Statement(StrEnum):
    """Whether the funding statement stands in a post."""

    AUTO = "auto"
    NONE = "none"


class Thread(StrEnum):
    """Whether a text that is too long for one post goes out as several that answer each other."""

    NO = "no"
    """It is shortened."""
    PLAIN = "plain"
    NUMBERED = "numbered"
    """Each part says which it is: (1/3)."""


class Multilingual(StrEnum):
    """How the languages of one post stand together on one account."""

    PER_LANGUAGE = "per-language"
    """A post for each, one after the other."""
    THREAD = "thread"
    """The others answer the leading one."""
    COMBINED = "combined"
    """One post holds them all, where they fit."""


class Status(StrEnum):
    """Whether an item still holds."""

    PLANNED = "planned"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"


class Reference(StrEnum):
    """What a relative occasion counts from, apart from another item's id."""

    BEGINS = "begins"
    FINISHES = "finishes"
    REGISTRATION = "registration"


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """One moment on the wall clock."""

    local: datetime


@dataclass(frozen=True, slots=True)
class Now:
    """The moment at which Herald first sees the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A distance before a reference: calendar days back at a time of day, or a length of time."""

    span: Span
    at: time | None = None
    of: str = Reference.BEGINS
    """A Reference, or the id of another item of the campaign (its ``begins``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """A distance after a reference."""

    span: Span
    at: time | None = None
    of: str = Reference.FINISHES


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """A day of the heritage calendar, every year, or so many days before or after it."""

    anchor: str
    before: Span | None = None
    after: Span | None = None
    at: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRange:
    """Days from *first* to *last*, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Days that come back, between two days, without some."""

    recurrence: Recurrence
    at: time | None = None
    first: date | None = None
    last: date | None = None
    skip: tuple[DayRange, ...] = ()


When = At | Now | Before | After | Anchored | Every


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture with the words for who cannot see it."""

    file: str = ""
    """Path relative to DIR once loaded; empty when the picture is a URL."""
    url: str = ""
    alt: Words = field(default_factory=Words)
    decorative: bool = False
    credit: str = ""
    licence: str = ""
    sha256: str = ""
    """Of the file's bytes, by which the store keeps it; empty for a URL or a file not read."""
    media_type: str = ""
    video_bytes: int = 0
    """How large the file is, if it is a video."""
    withheld: str = ""
    """Why nothing may be posted with it: those shown have not consented; empty where all may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOverride:
    """What one channel gets instead of what all get; empty fields change nothing."""

    channel: ChannelId
    text: Words = field(default_factory=Words)
    title: Words = field(default_factory=Words)
    link: Words = field(default_factory=Words)
    image: Image | None = None
    on: datetime | None = None
    """Another local moment."""
    at: time | None = None
    """Another time on the same local day."""
    thread: Thread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One moment, or one rule for moments, at which an item is posted, and what is different then.

    An empty field means: as the item says.
    """

    when: When
    id: OccasionId | None = None
    """The editor's own name for it; without one, its identity follows from ``when``."""
    text: Words = field(default_factory=Words)
    texts: tuple[Words, ...] = ()
    """Used in turn by a recurrence."""
    title: Words = field(default_factory=Words)
    link: Words = field(default_factory=Words)
    image: Image | None = None
    channels: tuple[ChannelId, ...] = ()
    languages: tuple[Language, ...] = ()
    on_channel: tuple[ChannelOverride, ...] = ()
    draft: bool = False
    urgent: bool = False
    """Ignores stagger, window and quiet hours."""
    at_most_late: timedelta | None = None
    catch_up: CatchUp | None = None
    thread: Thread | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where something happens."""

    name: str
    country: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Until when and where one signs up."""

    closes: date | datetime | None = None
    """A bare date closes at the end of that day."""
    link: Words = field(default_factory=Words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a campaign says, in all its languages."""

    id: ItemId
    kind: Kind
    partner: PartnerId | None = None
    title: Words = field(default_factory=Words)
    text: Words = field(default_factory=Words)
    link: Words = field(default_factory=Words)
    image: Image | None = None
    hashtags: Words = field(default_factory=Words)
    """Space-separated tags without ``#`` per language, ``*`` for all."""
    begins: date | datetime | None = None
    """Local in ``zone``; a bare date is an all-day event."""
    finishes: date | datetime | None = None
    zone: str
    """IANA name; the campaign's, unless the item names one."""
    location: Location | None = None
    registration: Registration | None = None
    capacity: int | None = None
    follows: ItemId | None = None
    licence: str = ""
    evidence_of_success: Words = field(default_factory=Words)
    transferability: Words = field(default_factory=Words)
    subtitle: Words = field(default_factory=Words)
    excerpts: tuple[Words, ...] = ()
    """Passages of a publication, one for each of its default excerpt posts."""
    channels: tuple[ChannelId, ...] = ()
    languages: tuple[Language, ...] = ()
    on_channel: tuple[ChannelOverride, ...] = ()
    post: tuple[Occasion, ...] | None = None
    """None where the item names no ``post``: its kind's default sequence; empty for never."""
    status: Status = Status.PLANNED
    notice: Words = field(default_factory=Words)
    """What a cancelled or postponed item says."""
    statement: Statement = Statement.AUTO
    missing_translation: MissingTranslation | None = None
    at_most_late: timedelta | None = None
    catch_up: CatchUp | None = None
    thread: Thread | None = None
    """None: as ``Thread.NO``."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days and hours in which posting is welcome; hours are ``first <= local time < last``."""

    weekdays: frozenset[int] = frozenset(range(7))
    """Monday is 0."""
    opens: time = time(0, 0)
    closes: time | None = None
    """None is midnight, the end of the day. May lie before ``opens``: then it spans midnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Cards that take their turn at a recurrence: items of some kinds, and cards from a table."""

    id: str
    kinds: tuple[Kind, ...]
    every: Every
    cards: tuple[Item, ...] = ()
    """From ``items_from``, in the order of its rows."""
    text: Words = field(default_factory=Words)
    channels: tuple[ChannelId, ...] = ()
    languages: tuple[Language, ...] = ()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Words, categories and languages that an entry must have one of; empty asks for nothing."""

    words: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    languages: tuple[Language, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """At most *count* in any *period*."""

    count: int
    period: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Amplify:
    """Which partner entries are passed on, how many, and in what words."""

    partners: tuple[str, ...]
    """Partner ids, ``tag:NAME`` or ``*``."""
    match: Match = Match()
    exclude: Match = Match()
    fresh: timedelta = timedelta(days=7)
    limit_partner: Quota | None = None
    limit_total: Quota | None = None
    approve: Approve = Approve.FIRST
    channels: tuple[ChannelId, ...] = ()
    text: Words = field(default_factory=Words)
    """A template; ``{title}\\n{link}`` where empty."""
    translate: tuple[tuple[str, tuple[Language, ...]], ...] = ()
    """Field name and the languages into which a person translates it."""
    statement: Statement = Statement.NONE
    post: tuple[Occasion, ...] = ()
    """For entries that are events; others go out as they come."""
    boost: bool = False
    """It boosts what partners' own accounts post, and posts nothing by itself; without it a rule
    never touches such posts."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of an issue: written by hand, chosen from items, or from partners' entries."""

    title: Words = field(default_factory=Words)
    write: str = ""
    """The key of a text in ``newsletters/ID/ISSUE.yaml``."""
    due: Span | None = None
    kinds: tuple[Kind, ...] = ()
    next: Span | None = None
    """Items that begin within this span after the issue."""
    since_last: bool = False
    partners: tuple[str, ...] = ()
    most: int | None = None
    """Of everything together; with ``since_last`` the next issue tells what it cuts off."""
    most_per_partner: int | None = None
    """Of each partner's entries; what it cuts off is not told."""
    campaigns: tuple[CampaignId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """A dated mail to a list, put together from items, entries and hand-written parts."""

    id: str
    list: ListId
    every: Every
    subject: Words
    approve: Approve = Approve.MANUAL
    sections: tuple[Section, ...] = ()
    missing_translation: MissingTranslation = MissingTranslation.LEAD
    when_uncertain: WhenUncertain = WhenUncertain.ASK
    local_time: bool = False
    """Every reader is written to at the issue's time of day on the reader's own clock."""
    written: tuple[tuple[str, tuple[tuple[str, Words], ...]], ...] = ()
    """Hand-written parts: (issue as ``2027-02`` or ``2027-02-02``, ((key, words), ...))."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDay:
    """A date that the editor knows for a day of the heritage calendar; it wins over every rule."""

    anchor: str
    first: date
    last: date | None = None
    """The last day of several; None for a single day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """An editor's file, every default already filled in."""

    id: CampaignId
    title: Words = field(default_factory=Words)
    project: ProjectId | None = None
    zone: str
    languages: tuple[Language, ...]
    """The first leads."""
    channels: tuple[ChannelId, ...]
    hashtags: Words = field(default_factory=Words)
    starts: date | None = None
    ends: date | None = None
    missing_translation: MissingTranslation = MissingTranslation.SKIP
    approve: Approve = Approve.AUTO
    window: Window | None = None
    stagger: timedelta = timedelta(minutes=25)
    multilingual: Multilingual = Multilingual.PER_LANGUAGE
    at_most_late: timedelta = timedelta(hours=6)
    catch_up: CatchUp = CatchUp.POST
    paused: bool = False
    items: tuple[Item, ...] = ()
    series: tuple[Series, ...] = ()
    amplify: tuple[Amplify, ...] = ()
    newsletters: tuple[Newsletter, ...] = ()
    known_days: tuple[KnownDay, ...] = ()
    place: Place

    @property
    def lead(self) -> Language:
        """The language that is written first and stands in for the others."""
        return self.languages[0]
